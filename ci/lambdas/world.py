"""What the functions find around them: a region on loopback with a table in it."""

import configparser
import json
import pathlib
import signal
import subprocess

import boto3

from rehearsal.matinee import ROOT

from .build import TARGET

TABLE = "matinee"
# As crates/broadcast makes it on one machine and infrastructure/ on AWS.
SCHEMA = {
    "TableName": TABLE,
    "BillingMode": "PAY_PER_REQUEST",
    "AttributeDefinitions": [{"AttributeName": name, "AttributeType": "S"} for name in ("PK", "SK", "GSI1PK", "GSI1SK")],
    "KeySchema": [{"AttributeName": "PK", "KeyType": "HASH"}, {"AttributeName": "SK", "KeyType": "RANGE"}],
    "GlobalSecondaryIndexes": [{
        "IndexName": "ByMonth", "Projection": {"ProjectionType": "ALL"},
        "KeySchema": [{"AttributeName": "GSI1PK", "KeyType": "HASH"}, {"AttributeName": "GSI1SK", "KeyType": "RANGE"}],
    }],
}


class BareRegion:
    """The region of `crates/region` without Matinee in it: nobody but the functions under test
    writes to its table."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.process = None

    def __enter__(self):
        program = TARGET / "debug/bare-region"
        if not program.exists():  # `cargo test` leaves it there
            subprocess.run(["cargo", "build", "--locked", "--quiet", "-p", "region", "--bin", "bare-region"], cwd=ROOT, check=True)
        self.process = subprocess.Popen([program, "serve", self.directory],
                                        stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
        endpoint = self.process.stdout.readline().strip()
        if not endpoint:
            raise RuntimeError("bare-region does not start")
        settings = configparser.ConfigParser()
        settings.read(self.directory / "aws/credentials")
        self.environment = environment(endpoint, settings["default"]["aws_access_key_id"],
                                       settings["default"]["aws_secret_access_key"])
        self.client("dynamodb").create_table(**SCHEMA)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(20)

    def client(self, service):
        return client(self.environment, service)

    def state_machine(self, name):
        machines = self.client("stepfunctions").list_state_machines()["stateMachines"]
        return next(machine["stateMachineArn"] for machine in machines if machine["name"] == name)


def environment(endpoint, access_key_id, secret_access_key):
    """What Lambda gives each function, and where this AWS is."""
    return {"AWS_ENDPOINT_URL": endpoint, "AWS_REGION": "us-east-1", "AWS_DEFAULT_REGION": "us-east-1",
            "AWS_ACCESS_KEY_ID": access_key_id, "AWS_SECRET_ACCESS_KEY": secret_access_key}


def client(environment, service):
    return boto3.client(service, region_name=environment["AWS_REGION"], endpoint_url=environment["AWS_ENDPOINT_URL"],
                        aws_access_key_id=environment["AWS_ACCESS_KEY_ID"],
                        aws_secret_access_key=environment["AWS_SECRET_ACCESS_KEY"])


def http_event(method, path, body=None):
    """What a function URL makes of a request (payload format 2.0).
    https://docs.aws.amazon.com/lambda/latest/dg/urls-invocation.html"""
    path, _, query = path.partition("?")
    domain = "abcdefghijklmnopqrstuvwxyz012345.lambda-url.us-east-1.on.aws"
    event = {
        "version": "2.0", "routeKey": "$default", "rawPath": path, "rawQueryString": query,
        "headers": {"host": domain, "content-type": "application/json", "x-forwarded-proto": "https",
                    "x-forwarded-port": "443", "x-forwarded-for": "192.0.2.1", "user-agent": "ci"},
        "requestContext": {
            "accountId": "123456789012", "apiId": domain.partition(".")[0], "domainName": domain,
            "domainPrefix": domain.partition(".")[0], "requestId": "e1506fd5-9e7b-434f-bd42-4f8fa224b599",
            "routeKey": "$default", "stage": "$default", "time": "23/Nov/2026:19:26:00 +0000", "timeEpoch": 1795461960000,
            "http": {"method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "ci"},
            "authorizer": {"iam": {"accessKey": "AKIDEXAMPLE", "accountId": "123456789012", "callerId": "AIDEXAMPLE",
                                   "cognitoIdentity": None, "principalOrgId": None,
                                   "userArn": "arn:aws:iam::123456789012:user/owner", "userId": "AIDEXAMPLE"}},
        },
        "isBase64Encoded": False,
    }
    if query:
        event["queryStringParameters"] = dict(pair.split("=", 1) for pair in query.split("&"))
    if body is not None:
        event["body"] = body if isinstance(body, str) else json.dumps(body)
    return event


def in_environments(text):
    """Processes of this machine that have a text in their environment or command line."""
    found = []
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        for name in ("environ", "cmdline"):
            try:
                if text.encode() in (process / name).read_bytes():
                    found.append(f"{process.name}/{name}")
            except OSError:
                continue
    return found


