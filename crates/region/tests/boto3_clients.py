"""The region as boto3 and aws-cli see it, configured by nothing but its two files.

    python3 boto3_clients.py PATH/TO/bare-region

Wants boto3; uses `aws` as well where it is installed.
"""

import datetime
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:"
PASSED = 0


def check(what, condition):
    global PASSED
    if not condition:
        sys.exit(f"FAILED: {what}")
    PASSED += 1


def refused(code, call, **arguments):
    try:
        call(**arguments)
    except ClientError as error:
        check(f"{error} is {code}", error.response["Error"]["Code"] == code)
        return error.response
    sys.exit(f"FAILED: {code} was not raised")


def eventually(what, ask):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.05)
    sys.exit(f"FAILED: no {what}")


def identity():
    answer = boto3.client("sts").get_caller_identity()
    check("account", answer["Account"] == "000000000000")


def parameters():
    ssm = boto3.client("ssm")
    put = lambda name, **more: ssm.put_parameter(Name=name, Value="välue " + name, Type="SecureString", **more)
    check("version", put("/p/a")["Version"] == 1)
    refused("ParameterAlreadyExists", put, name="/p/a")
    check("version", put("/p/a", Overwrite=True)["Version"] == 2)
    put("/p/b")
    get = lambda decrypt: ssm.get_parameter(Name="/p/a", WithDecryption=decrypt)["Parameter"]
    check("plain text", get(True)["Value"] == "välue /p/a")
    check("ciphertext", "lue" not in get(False)["Value"])
    check("a time", abs(get(True)["LastModifiedDate"].timestamp() - time.time()) < 10)
    pages = ssm.get_paginator("get_parameters_by_path").paginate(Path="/p", PaginationConfig={"PageSize": 1})
    check("by path", [p["Name"] for page in pages for p in page["Parameters"]] == ["/p/a", "/p/b"])
    refused("ParameterNotFound", ssm.get_parameter, Name="/none")
    refused("UnknownOperationException", ssm.list_associations)


def tables():
    dynamodb = boto3.client("dynamodb")
    dynamodb.create_table(
        TableName="things",
        KeySchema=[{"AttributeName": "PK", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "PK", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    dynamodb.get_waiter("table_exists").wait(TableName="things")
    table = boto3.resource("dynamodb").Table("things")
    # boto3 verifies the answer's CRC-32.
    table.put_item(Item={"PK": "a", "text": "ü" * 100_000, "list": [1, None, True], "set": {"x", "y"}})
    check("item", table.get_item(Key={"PK": "a"})["Item"]["set"] == {"x", "y"})
    table.update_item(
        Key={"PK": "a"},
        UpdateExpression="SET #n = if_not_exists(#n, :zero) + :one",
        ExpressionAttributeNames={"#n": "count"},
        ExpressionAttributeValues={":zero": 0, ":one": 1},
    )
    check("scan", table.scan()["Items"][0]["count"] == 1)
    refused(
        "ConditionalCheckFailedException",
        table.put_item,
        Item={"PK": "a"},
        ConditionExpression="attribute_not_exists(PK)",
    )
    refused("ResourceNotFoundException", dynamodb.scan, TableName="none")
    refused("ValidationException", table.put_item, Item={"no": "key"})
    dynamodb.update_time_to_live(
        TableName="things", TimeToLiveSpecification={"Enabled": True, "AttributeName": "expires"}
    )
    described = dynamodb.describe_time_to_live(TableName="things")
    check("ttl", described["TimeToLiveDescription"]["AttributeName"] == "expires")


def functions():
    lambda_ = boto3.client("lambda")
    invoke = lambda name, payload, **more: lambda_.invoke(FunctionName=name, Payload=json.dumps(payload), **more)
    answer = invoke("echo", {"ü": [1, 2]})
    check("echo", json.load(answer["Payload"]) == {"ü": [1, 2]} and "FunctionError" not in answer)
    check("by ARN", json.load(invoke("arn:aws:lambda:us-east-1:000000000000:function:echo", 1)["Payload"]) == 1)
    check("qualified", json.load(invoke("echo:$LATEST", 1)["Payload"]) == 1)
    failed = invoke("fail", {})
    check("unhandled", failed["FunctionError"] == "Unhandled")
    check("error type", json.load(failed["Payload"])["errorType"] == "OnPurpose")
    check("event", invoke("echo", {}, InvocationType="Event")["StatusCode"] == 202)
    check("dry run", invoke("echo", {}, InvocationType="DryRun")["StatusCode"] == 204)
    refused("ResourceNotFoundException", lambda_.invoke, FunctionName="nobody")
    listed = lambda_.get_paginator("list_functions").paginate()
    check("list", [f["FunctionName"] for page in listed for f in page["Functions"]] == ["echo", "fail", "record"])
    check("get", lambda_.get_function(FunctionName="echo")["Configuration"]["State"] == "Active")


def tasks():
    ecs = boto3.client("ecs")
    run = lambda script: ecs.run_task(
        cluster=ecs.list_clusters()["clusterArns"][0],
        taskDefinition="shell",
        launchType="FARGATE",
        overrides={"containerOverrides": [{"name": "shell", "command": ["-c", script]}]},
    )["tasks"][0]["taskArn"]
    describe = lambda arn: ecs.describe_tasks(tasks=[arn])["tasks"][0]
    arn = run("exit 66")
    ecs.get_waiter("tasks_stopped").wait(tasks=[arn], WaiterConfig={"Delay": 1})
    check("exit code", describe(arn)["containers"][0]["exitCode"] == 66)
    arn = run("exec sleep 1000")
    ecs.get_waiter("tasks_running").wait(tasks=[arn], WaiterConfig={"Delay": 1})
    check("listed", ecs.list_tasks()["taskArns"] == [arn])
    ecs.stop_task(task=arn, reason="enough")
    ecs.get_waiter("tasks_stopped").wait(tasks=[arn], WaiterConfig={"Delay": 1})
    stopped = describe(arn)
    check("reason", (stopped["stopCode"], stopped["stoppedReason"]) == ("UserInitiated", "enough"))
    check("times", stopped["createdAt"] <= stopped["startedAt"] <= stopped["stoppingAt"] <= stopped["stoppedAt"])
    refused("ClusterNotFoundException", ecs.list_tasks, cluster="other")
    refused("ClientException", ecs.run_task, taskDefinition="none")


def schedules():
    scheduler, states = boto3.client("scheduler"), boto3.client("stepfunctions")
    due = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
    target = {
        "Arn": "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
        "RoleArn": "arn:aws:iam::000000000000:role/scheduler",
        "Input": json.dumps({"StateMachineArn": MACHINE + "pass", "Name": "by-schedule", "Input": "{}"}),
        "RetryPolicy": {"MaximumEventAgeInSeconds": 60, "MaximumRetryAttempts": 3},
    }
    create = lambda name, **more: scheduler.create_schedule(
        Name=name,
        **{
            "ScheduleExpression": due.strftime("at(%Y-%m-%dT%H:%M:%S)"),
            "FlexibleTimeWindow": {"Mode": "OFF"},
            "Target": target,
            "StartDate": due,
            **more,
        },
    )
    create("soon", ActionAfterCompletion="DELETE")
    refused("ConflictException", create, name="soon")
    shown = scheduler.get_schedule(Name="soon")
    check("target", shown["Target"] == target)
    check("start date", abs((shown["StartDate"] - due).total_seconds()) < 1)
    refused("ValidationException", create, name="rate", ScheduleExpression="rate(1 hour)")
    refused("ResourceNotFoundException", scheduler.get_schedule, Name="none")
    refused("ResourceNotFoundException", create, name="x", GroupName="none")
    arn = "arn:aws:states:us-east-1:000000000000:execution:pass:by-schedule"

    def execution():
        try:
            return states.describe_execution(executionArn=arn)
        except states.exceptions.ExecutionDoesNotExist:
            return None

    started = eventually("execution", execution)["startDate"].timestamp()
    late = started - int(due.timestamp())
    check(f"late by {late}", 0 <= late < 0.5)
    print(f"fired {late * 1000:.0f} ms late")
    eventually("deletion", lambda: not scheduler.list_schedules()["Schedules"])


def executions():
    states = boto3.client("stepfunctions")
    start = lambda name: states.start_execution(stateMachineArn=MACHINE + "pass", name=name, input='{"a": 1}')
    arn = start("by-hand")["executionArn"]
    eventually("end", lambda: states.describe_execution(executionArn=arn)["status"] == "SUCCEEDED")
    history = states.get_paginator("get_execution_history").paginate(executionArn=arn)
    types = [event["type"] for page in history for event in page["events"]]
    check("history", types[0] == "ExecutionStarted" and types[-1] == "ExecutionSucceeded")
    refused("ExecutionAlreadyExists", states.start_execution, stateMachineArn=MACHINE + "pass", name="by-hand", input="{}")
    refused("StateMachineDoesNotExist", states.start_execution, stateMachineArn=MACHINE + "none")


def strangers(endpoint):
    wrong = dict(endpoint_url=endpoint, region_name="us-east-1", config=Config(retries={"max_attempts": 1}))
    stranger = boto3.client("ssm", aws_access_key_id="AKIDEXAMPLE", aws_secret_access_key="x", **wrong)
    refused("UnrecognizedClientException", stranger.describe_parameters)
    key = boto3.Session().get_credentials().access_key
    forger = boto3.client("ssm", aws_access_key_id=key, aws_secret_access_key="x", **wrong)
    refused("InvalidSignatureException", forger.describe_parameters)
    presigned = boto3.client("sts").generate_presigned_url("get_caller_identity")
    try:
        urllib.request.urlopen(presigned)
        sys.exit("FAILED: a presigned request was let in")
    except urllib.error.HTTPError as error:
        check("presigned is refused", b"presigned requests are not accepted" in error.read())


def topics():
    sns = boto3.client("sns")
    topic = sns.create_topic(Name="news")["TopicArn"]
    check("a topic is made once", sns.create_topic(Name="news")["TopicArn"] == topic)
    listed = [one["TopicArn"] for one in sns.list_topics()["Topics"]]
    told = topic.replace(":news", ":told")
    check("topics are listed", listed == [topic, told])
    status = {"DataType": "String", "StringValue": "aired"}
    published = sns.publish(
        TopicArn=told, Subject="Aired", Message="a <b> & ä\nc", MessageAttributes={"status": status}
    )
    check("a message has an id", len(published["MessageId"]) == 36)
    refused("NotFound", sns.publish, TopicArn=topic + "x", Message="m")
    refused("InvalidParameter", sns.publish, TopicArn=told, Message="m", Subject="x" * 101)
    refused("InvalidParameter", sns.create_topic, Name="a b")


def command_line():
    if not shutil.which("aws"):
        return
    aws = lambda *arguments: subprocess.run(["aws", *arguments], capture_output=True, text=True)
    listed = aws("stepfunctions", "list-executions", "--state-machine-arn", MACHINE + "pass")
    check(listed.stderr, len(json.loads(listed.stdout)["executions"]) == 2)
    scanned = aws("dynamodb", "scan", "--table-name", "things")
    check(scanned.stderr, json.loads(scanned.stdout)["Count"] == 1)
    missing = aws("ssm", "get-parameter", "--name", "/none")
    check(missing.stderr, "ParameterNotFound" in missing.stderr)


def main(program):
    with tempfile.TemporaryDirectory() as directory:
        for name in [name for name in os.environ if name.startswith("AWS_")]:
            del os.environ[name]
        os.environ["AWS_CONFIG_FILE"] = f"{directory}/aws/config"
        os.environ["AWS_SHARED_CREDENTIALS_FILE"] = f"{directory}/aws/credentials"
        region = subprocess.Popen([program, "serve", directory], stdout=subprocess.PIPE, text=True)
        try:
            endpoint = region.stdout.readline().strip()
            for part in (identity, parameters, tables, functions, tasks, topics, schedules, executions):
                part()
                print(f"{part.__name__}: ok")
            strangers(endpoint)
            command_line()
        finally:
            region.send_signal(signal.SIGTERM)
            region.wait()
    print(f"{PASSED} passed, 0 failed")


main(sys.argv[1])
