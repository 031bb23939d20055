"""The functions in ministack, an emulator of AWS that is none of ours: its Lambda runs the zip
files, its Step Functions the definition, its Scheduler starts an execution."""

import datetime
import json
import os
import pathlib
import secrets
import subprocess
import time

import botocore.exceptions

from rehearsal.checks import eventually
from rehearsal.matinee import ROOT
from rehearsal.net import can_connect, free_port
from rehearsal.region import TOOLS, entered

from .world import SCHEMA, TABLE, client, environment, http_event

ACCOUNT = "000000000000"
NAME = "matinee"
VIDEOS = f"{NAME}-videos-{ACCOUNT}-us-east-1"
VIDEO = "videos/0123456789abcdef/talk.mp4"
# The API looks into a video before it takes the broadcast.
FIXTURE = ROOT / "streamer/tests/fixtures/moov-first.mp4"


class Ministack:
    """The emulator on a free port of loopback; everything it holds is in memory."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir()
        port = free_port()
        self.environment = environment(f"http://127.0.0.1:{port}", "test", "test")
        self.port = port

    def __enter__(self):
        settings = {
            "PATH": os.environ["PATH"], "HOME": str(self.directory), "TMPDIR": str(self.directory),
            "BIND_HOST": "127.0.0.1", "GATEWAY_PORT": str(self.port), "LAMBDA_EXECUTOR": "local",
            # Tasks are noted and not run, whether there is a Docker or not.
            "DOCKER_HOST": f"unix://{self.directory}/none",
            # Where the functions find it.
            "AWS_ENDPOINT_URL": self.environment["AWS_ENDPOINT_URL"],
        }
        self.log = self.directory / "ministack.log"
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen([TOOLS / "cloud/bin/ministack"], cwd=self.directory, env=settings,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        if not eventually(lambda: can_connect(self.port), 60):
            raise RuntimeError(f"ministack does not listen: {self.log.read_text()[-2000:]}")
        return self

    def __exit__(self, *_):
        # The functions are its children, and in its session.
        os.killpg(self.process.pid, 15)
        try:
            self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, 9)
            self.process.wait()

    def client(self, service):
        return client(self.environment, service)


def drive(checks, packages, directory, nginx):
    with checks.section("ministack: set up"):
        with Ministack(directory) as aws:
            bench = Bench(checks, aws, nginx, packages)
            with checks.section("ministack: a key that is rejected"):
                bench.rejected()
            with checks.section("ministack: a broadcast that airs"):
                bench.airs()
            with checks.section("ministack: an entry of the scheduler"):
                bench.scheduled()
            with checks.section("ministack: what it was told"):
                bench.nothing_secret()
    for what, why in (
        ("an entry's universal target (aws-sdk:sfn:startExecution)", "its Scheduler knows the ARNs of targets only"),
        ("the streamer and its exit codes", "its ECS needs Docker to run a task"),
        ("a redrive", "it has none"),
    ):
        print(f"skip {what}: {why}", flush=True)


class Bench:
    def __init__(self, checks, aws, nginx, packages):
        self.checks, self.aws, self.nginx = checks, aws, nginx
        self.lambdas, self.executions, self.ecs = aws.client("lambda"), aws.client("stepfunctions"), aws.client("ecs")
        self.keys = []
        aws.client("dynamodb").create_table(**SCHEMA)
        self.cluster = self.ecs.create_cluster(clusterName=NAME)["cluster"]["clusterArn"]
        task = self.ecs.register_task_definition(
            family=f"{NAME}-streamer", networkMode="awsvpc", requiresCompatibilities=["FARGATE"], cpu="256", memory="512",
            containerDefinitions=[{"name": "streamer", "image": "streamer:1", "essential": True}])
        self.s3 = aws.client("s3")
        self.s3.create_bucket(Bucket=VIDEOS)
        self.s3.put_object(Bucket=VIDEOS, Key=VIDEO, Body=FIXTURE.read_bytes(), Tagging="owner=me")
        self.topic = aws.client("sns").create_topic(Name=f"{NAME}-outcomes")["TopicArn"]
        self.queue = aws.client("sqs").create_queue(QueueName="heard")["QueueUrl"]
        aws.client("sns").subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:us-east-1:{ACCOUNT}:heard")
        self.machine = f"arn:aws:states:us-east-1:{ACCOUNT}:stateMachine:{NAME}-broadcast"
        functions = {name: self.function(package) for name, package in packages.items()}
        definition = render({
            "validate_token_function_arn": functions["validate-token"],
            "persist_function_arn": functions["persist"],
            "record_outcome_function_arn": functions["record-outcome"],
            "cluster_arn": self.cluster,
            "task_definition_arn": task["taskDefinition"]["taskDefinitionArn"],
            "container_name": "streamer",
            "subnet_ids": "subnet-1,subnet-2",
            "security_group_ids": "sg-1",
        })
        made = self.executions.create_state_machine(name=f"{NAME}-broadcast", definition=definition,
                                                    roleArn=f"arn:aws:iam::{ACCOUNT}:role/{NAME}-broadcast")
        checks.equal("the definition is taken", made["stateMachineArn"], self.machine)
        events = aws.client("events")
        events.put_rule(Name=f"{NAME}-execution-ended", EventPattern=json.dumps({
            "source": ["aws.states"], "detail-type": ["Step Functions Execution Status Change"],
            "detail": {"stateMachineArn": [self.machine], "status": ["ABORTED", "FAILED", "SUCCEEDED", "TIMED_OUT"]}}))
        events.put_targets(Rule=f"{NAME}-execution-ended", Targets=[{"Id": "1", "Arn": functions["record-outcome"]}])

    def function(self, package):
        variables = {"TABLE": TABLE, **{
            "api": {"STATE_MACHINE_ARN": self.machine, "SCHEDULE_GROUP": "default",
                    "SCHEDULER_ROLE_ARN": f"arn:aws:iam::{ACCOUNT}:role/scheduler",
                    "DEAD_LETTER_QUEUE_ARN": f"arn:aws:sqs:us-east-1:{ACCOUNT}:missed"},
            "validate-token": {"ALLOW_PRIVATE_ADDRESSES": "true"},
            "record-outcome": {"CLUSTER": self.cluster, "TOPIC_ARN": self.topic, "DEPLOYMENT": NAME,
                               "VIDEOS_BUCKET": VIDEOS},
        }.get(package.name, {})}
        made = self.lambdas.create_function(
            FunctionName=f"{NAME}-{package.name}", Runtime="provided.al2023", Handler="bootstrap",
            Role=f"arn:aws:iam::{ACCOUNT}:role/{NAME}-{package.name}", Code={"ZipFile": package.file.read_bytes()},
            MemorySize=256, Timeout=45, Environment={"Variables": variables})
        return made["FunctionArn"]

    def ask(self, method, path, body=None):
        answer = self.lambdas.invoke(FunctionName=f"{NAME}-api", Payload=json.dumps(http_event(method, path, body)))
        answer = json.loads(answer["Payload"].read())
        return answer["statusCode"], json.loads(answer["body"])

    def schedule(self, prefix="", **more):
        """Schedules a broadcast; without an air time the API starts its execution at once."""
        key = f"{prefix}{secrets.token_hex(12)}"
        self.keys.append(key)
        status, broadcast = self.ask("POST", "/broadcasts", {
            "source": f"s3://{VIDEOS}/{VIDEO}", "destinations": [{"name": "main", "ingest": self.nginx.url, "key": key}], **more})
        if status != 201:
            raise RuntimeError(f"{status}: {broadcast}")
        return broadcast["id"]

    def show(self, broadcast):
        return self.ask("GET", f"/broadcasts/{broadcast}")[1]

    def execution(self, broadcast):
        arn = self.machine.replace(":stateMachine:", ":execution:") + f":{broadcast}"
        return self.executions.describe_execution(executionArn=arn)

    def ends(self, broadcast, seconds=60):
        eventually(lambda: self.execution(broadcast)["status"] != "RUNNING", seconds, pause=0.3)
        return self.execution(broadcast)

    def states(self, execution):
        history = self.executions.get_execution_history(executionArn=execution["executionArn"])
        return entered(history["events"])

    def rejected(self):
        checks = self.checks
        broadcast = self.schedule("wrong")
        execution = self.ends(broadcast)
        checks.equal("its execution", (execution["status"], execution.get("error")), ("FAILED", "BroadcastFailed"),
                     execution.get("cause", "")[:200])
        checks.equal("its states", self.states(execution), ["ValidateToken", "RecordFailure"])
        shown = self.show(broadcast)
        checks.equal("the broadcast", (shown["status"], shown["outcome"]["failure"]["kind"]), ("failed", "TokenRejected"))
        checks.equal("the ingest was asked", self.nginx.publishes(self.keys[-1]), 1)

    def airs(self):
        checks = self.checks
        broadcast = self.schedule()
        tasks = eventually(lambda: self.ecs.list_tasks(cluster=self.cluster)["taskArns"], 40)
        checks.equal("it comes to its task", len(tasks), 1)
        execution = self.execution(broadcast)
        checks.equal("by these states", self.states(execution), ["ValidateToken", "Persist", "Stream"])
        task, = self.ecs.describe_tasks(cluster=self.cluster, tasks=tasks)["tasks"]
        override, = task["overrides"]["containerOverrides"]
        checks.equal("which gets the broadcast and the attempt", override["environment"],
                     [{"name": "BROADCAST_ID", "value": broadcast}, {"name": "ATTEMPT", "value": "1"}])
        # There it never ends by itself, and one that was stopped went well.
        self.ecs.stop_task(cluster=self.cluster, task=tasks[0])
        execution = self.ends(broadcast)
        checks.equal("its execution", execution["status"], "SUCCEEDED")
        checks.equal("its states", self.states(execution), ["ValidateToken", "Persist", "Stream", "RecordOutcome", "Aired"])
        checks.equal("the broadcast", self.show(broadcast)["status"], "aired")
        tags = self.s3.get_object_tagging(Bucket=VIDEOS, Key=VIDEO)["TagSet"]
        checks.equal("the video is marked, beside its other tags", {tag["Key"]: tag["Value"] for tag in tags},
                     {"owner": "me", "matinee": "aired"})

    def scheduled(self):
        checks = self.checks
        air_time = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
        broadcast = self.schedule("wrong", air_time=air_time.strftime("%Y-%m-%dT%H:%M:%SZ"))
        scheduler = self.aws.client("scheduler")
        entry = scheduler.get_schedule(Name=broadcast)
        checks.equal("the API's entry", entry["Target"]["Arn"], "arn:aws:scheduler:::aws-sdk:sfn:startExecution",
                     entry["ScheduleExpression"])
        soon = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=2)
        scheduler.create_schedule(
            Name="soon", ScheduleExpression=f"at({soon:%Y-%m-%dT%H:%M:%S})", FlexibleTimeWindow={"Mode": "OFF"},
            ActionAfterCompletion="DELETE",
            Target={"Arn": self.machine, "RoleArn": f"arn:aws:iam::{ACCOUNT}:role/scheduler",
                    "Input": json.dumps({"broadcastId": broadcast})})
        begun = time.monotonic()
        fired = eventually(lambda: self.of(broadcast), 40, pause=0.5)
        checks.check("an entry at a time starts an execution", bool(fired), f"after {time.monotonic() - begun:.0f} s")
        waits = eventually(lambda: self.states(fired)[-1:] == ["Backoff"], 30, pause=0.5)
        checks.check("which waits for a better key before the air time", waits, self.states(fired))
        self.executions.stop_execution(executionArn=fired["executionArn"], cause="by its owner")
        status = eventually(lambda: (shown := self.show(broadcast)["status"]) in ("cancelled", "failed") and shown, 20, pause=0.3)
        checks.check("stopped, the event of its end settles the broadcast", status, status)
        self.stopped = status

    def of(self, broadcast):
        for one in self.executions.list_executions(stateMachineArn=self.machine)["executions"]:
            execution = self.executions.describe_execution(executionArn=one["executionArn"])
            if broadcast in execution["input"]:
                return execution
        return None

    def nothing_secret(self):
        checks = self.checks
        texts = []
        for one in self.executions.list_executions(stateMachineArn=self.machine)["executions"]:
            texts.append(self.executions.describe_execution(executionArn=one["executionArn"]))
            texts.append(self.executions.get_execution_history(executionArn=one["executionArn"])["events"])
        texts.append(self.messages())
        logs = self.aws.client("logs")
        for group in logs.describe_log_groups()["logGroups"]:
            try:
                texts.append(logs.filter_log_events(logGroupName=group["logGroupName"])["events"])
            except botocore.exceptions.ClientError:
                continue
        text = json.dumps(texts, default=str) + self.aws.log.read_text(errors="replace")
        checks.equal("no key in executions, histories, messages and logs", [key for key in self.keys if key in text], [],
                     f"{len(text)} characters")

    def messages(self):
        sqs = self.aws.client("sqs")
        found = []
        while got := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            for message in got:
                found.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=self.queue, ReceiptHandle=message["ReceiptHandle"])
        statuses = sorted(message.get("MessageAttributes", {}).get("status", {}).get("Value", "?") for message in found)
        self.checks.equal("outcomes are told to the topic", statuses, sorted(["aired", "failed", self.stopped]),
                          "; ".join(message.get("Subject") or "?" for message in found))
        return found


def render(values):
    text = (ROOT / "state-machines/broadcast.asl.json").read_text()
    for name, value in values.items():
        text = text.replace(f"${{{name}}}", value)
    if "${" in text:
        raise RuntimeError("the definition has a placeholder that nothing fills")
    return text
