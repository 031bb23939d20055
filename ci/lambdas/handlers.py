"""Every function on every occasion, by the Runtime API, at a region on loopback."""

import datetime
import json
import secrets
import statistics

from rehearsal.checks import eventually

from .runtime import Function
from .world import BareRegion, TABLE, http_event, in_environments

# For one that is created anew: the time that a show waits for the first call of a function.
AIM_MS = 60
STARTS = 10


def drive(checks, packages, directory, nginx):
    with BareRegion(directory / "region") as region:
        common = {**region.environment, "TABLE": TABLE}
        pass_machine = region.state_machine("pass")
        account = pass_machine.split(":")[4]
        environments = {
            "api": {**common, "STATE_MACHINE_ARN": pass_machine, "SCHEDULE_GROUP": "default",
                    "SCHEDULER_ROLE_ARN": f"arn:aws:iam::{account}:role/scheduler",
                    "DEAD_LETTER_QUEUE_ARN": f"arn:aws:sqs:us-east-1:{account}:missed"},
            "validate-token": {**common, "ALLOW_PRIVATE_ADDRESSES": "true"},
            "persist": common,
            "record-outcome": {**common, "CLUSTER": f"arn:aws:ecs:us-east-1:{account}:cluster/default"},
        }
        functions = {name: Function(package, directory, environments[name]) for name, package in packages.items()}
        bench = Bench(checks, region, nginx, functions)
        try:
            with checks.section("cold starts"):
                cold_starts(checks, functions)
            for function in functions.values():
                function.start()
            with checks.section("api: requests of a function URL"):
                bench.api_answers()
            with checks.section("validate-token: a real ingest"):
                bench.keys_are_tried()
            with checks.section("persist"):
                bench.attempts_are_opened()
            with checks.section("record-outcome: aired, failed, again, aborted, missed"):
                bench.outcomes_are_recorded()
            with checks.section("what no function understands"):
                bench.bad_events()
            with checks.section("a function that is set up wrongly"):
                broken_set_up(checks, packages, directory, environments)
            with checks.section("a private ingest where none is allowed"):
                bench.private_addresses(packages, directory, common)
            with checks.section("logs"):
                bench.logs(directory)
        finally:
            for function in functions.values():
                function.stop()


def cold_starts(checks, functions):
    for name, function in functions.items():
        # The first reads the program from disk, as Lambda does from its own caches.
        times = []
        for _ in range(STARTS + 1):
            times.append(function.start() * 1000)
            function.stop()
        first, times = times[0], times[1:]
        words = f"{min(times):.0f}/{statistics.median(times):.0f}/{max(times):.0f} ms (first {first:.0f} ms)"
        if name == "validate-token":
            checks.check(f"{name}: starts within {AIM_MS} ms", statistics.median(times) < AIM_MS,
                         f"min/median/max of {STARTS}: {words}")
        else:
            print(f"     {name}: {words}")


class Bench:
    def __init__(self, checks, region, nginx, functions):
        self.checks = checks
        self.region = region
        self.nginx = nginx
        self.functions = functions
        self.keys = []
        self.executions = region.client("stepfunctions")

    # --- the API ---

    def ask(self, method, path, body=None):
        answer = self.functions["api"].invoke(http_event(method, path, body))
        return answer["statusCode"], answer.get("headers", {}), json.loads(answer["body"] or "null")

    def key(self, prefix=""):
        """A key as those of Facebook's API: what follows `?` and `&` is part of it."""
        secret = secrets.token_hex(12)
        self.keys.append(secret)
        return f"{prefix}{secret}?s_bl=1&a={secret}"

    def schedule(self, key, minutes=60, **more):
        air_time = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(minutes=minutes)
        body = {"source": "s3://videos/talk.mp4", "air_time": air_time.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "destinations": [{"name": "main", "ingest": self.nginx.url, "key": key}], **more}
        status, _, broadcast = self.ask("POST", "/broadcasts", body)
        if status != 201:
            raise RuntimeError(f"{status}: {broadcast}")
        return broadcast["id"]

    def show(self, broadcast):
        return self.ask("GET", f"/broadcasts/{broadcast}")[2]

    def api_answers(self):
        checks = self.checks
        key = self.key()
        broadcast = self.schedule(key, title="Talk")
        checks.equal("POST /broadcasts: its entry in the scheduler",
                     self.region.client("scheduler").get_schedule(Name=broadcast)["ActionAfterCompletion"], "DELETE")
        stored = self.region.client("ssm").get_parameter(Name=f"/matinee/{broadcast}/main", WithDecryption=True)["Parameter"]
        checks.equal("POST /broadcasts: its key in the key store", (stored["Type"], stored["Value"] == key), ("SecureString", True))
        status, headers, listed = self.ask("GET", "/broadcasts?from=2026-01-01T00:00:00Z")
        checks.equal("GET /broadcasts", (status, [one["title"] for one in listed["broadcasts"]]), (200, ["Talk"]))
        checks.equal("GET /broadcasts: is", headers["content-type"], "application/json")
        status, headers, problem = self.ask("GET", "/broadcasts/20261201-1930-abcd")
        checks.equal("GET of none", (status, headers["content-type"]), (404, "application/problem+json"), problem["detail"])
        for body in ("{", "[]", {"source": "s3://b/a.mp4", "destinations": []}):
            status, headers, problem = self.ask("POST", "/broadcasts", body)
            checks.equal("POST of what is no broadcast", (status, headers["content-type"]),
                         (400, "application/problem+json"), problem["detail"])
        # The first version's request: Facebook, as soon as possible, so it is started at once.
        status, _, first = self.ask("POST", "/broadcasts", {"bucket": "videos", "path": "talk.mp4", "token": self.key("FB-")})
        checks.equal("POST of the first version's request", (status, first["destinations"][0]["platform"]), (201, "facebook"))
        started = eventually(lambda: [one["name"] for one in self.executions.list_executions(
            stateMachineArn=self.region.state_machine("pass"))["executions"]], 10)
        checks.equal("which is started at once", started, [first["id"]])
        status, _, _ = self.ask("POST", f"/broadcasts/{broadcast}/cancel")
        checks.equal("cancel", (status, self.show(broadcast)["status"]), (200, "cancelled"))

    # --- the states ---

    def keys_are_tried(self):
        checks = self.checks
        function = self.functions["validate-token"]
        good, wrong = self.schedule(self.key()), self.schedule(self.key("wrong"))
        answer = function.invoke({"broadcastId": good})
        checks.equal("a good key", answer["destinations"], [{"name": "main"}])
        asked = [name for name in self.nginx.hook.asked if name.startswith(self.keys[-2])]
        checks.equal("which the ingest was asked for", len(asked), 1)
        failed = function.fails({"broadcastId": wrong})
        checks.equal("a wrong key: errorType", failed and failed.type, "TokenRejected", failed and failed.message)
        checks.check("a wrong key: the message does not tell it", self.keys[-1] not in str(failed))
        failed = function.fails({"broadcastId": "20261201-1930-abcd"})
        checks.equal("no such broadcast: errorType", failed and failed.type, "BadRequest", failed and failed.message)

    def attempts_are_opened(self):
        for spot, providers in ((False, ["FARGATE", "FARGATE"]), (True, ["FARGATE_SPOT", "FARGATE"])):
            broadcast = self.schedule(self.key(), spot=spot)
            opened = [self.persist(broadcast) for _ in providers]
            self.checks.equal(f"attempts are counted, and run where they should ({spot=})",
                              [(one["attempt"], one["capacityProvider"]) for one in opened], list(enumerate(providers, 1)))

    def persist(self, broadcast, execution="arn:aws:states:us-east-1:123456789012:execution:matinee-broadcast:x"):
        return self.functions["persist"].invoke({"broadcastId": broadcast, "executionArn": execution})

    def outcomes_are_recorded(self):
        checks, function = self.checks, self.functions["record-outcome"]
        execution = "arn:aws:states:us-east-1:123456789012:execution:matinee-broadcast:x"

        aired = self.schedule(self.key())
        attempt = self.persist(aired)["attempt"]
        answer = function.invoke({"state": "RecordOutcome", "broadcastId": aired, "attempt": attempt})
        checks.equal("RecordOutcome", (answer["status"], self.show(aired)["status"]), ("aired", "aired"))
        stored = self.region.client("ssm").get_parameters_by_path(Path="/matinee", Recursive=True)["Parameters"]
        names = [one["Name"] for one in stored]
        checks.check("RecordOutcome: the key is forgotten", names and f"/matinee/{aired}/main" not in names)
        failed = function.fails({"state": "RecordOutcome", "broadcastId": aired, "attempt": attempt + 1})
        checks.equal("RecordOutcome of another attempt: errorType", failed and failed.type, "Superseded")

        failure = {"state": "RecordFailure", "attempt": 0, "stage": "ValidateToken", "redriveCount": 0,
                   "executionArn": execution, "enteredTime": datetime.datetime.now(datetime.timezone.utc).isoformat()}
        rejected = self.schedule(self.key("wrong"))
        cause = json.dumps({"errorType": "TokenRejected", "errorMessage": "main: the key was rejected"})
        answer = function.invoke({**failure, "broadcastId": rejected, "error": "TokenRejected", "cause": cause})
        checks.equal("RecordFailure before the air time: again", answer["retry"], True, f"in {answer['waitSeconds']} s")
        unfit = self.schedule(self.key())
        cause = json.dumps({"errorType": "UnsupportedMedia", "errorMessage": "no audio"})
        failed = function.fails({**failure, "broadcastId": unfit, "error": "UnsupportedMedia", "cause": cause})
        checks.equal("RecordFailure of what cannot be: errorType", failed and failed.type, "BroadcastFailed", failed and failed.message)
        shown = self.show(unfit)
        checks.equal("which settles it", (shown["status"], shown["outcome"]["failure"]["kind"]), ("failed", "UnsupportedMedia"))

        aborted = self.schedule(self.key())
        event = self.aborted(aborted)
        self.persist(aborted, event["detail"]["executionArn"])
        function.invoke(event)
        status = self.show(aborted)["status"]
        checks.check("an execution that was stopped settles its broadcast", status in ("cancelled", "failed"), status)
        event["detail"]["status"] = "SUCCEEDED"
        checks.check("an event that needs nothing", "ignored" in function.invoke(event))

        missed = self.schedule(self.key())
        answer = function.invoke({"Records": [dead_letter(missed)]})
        checks.equal("a dead letter", (answer, self.show(missed)["status"]), ({"batchItemFailures": []}, "missed"))

    def aborted(self, broadcast):
        """The event that EventBridge would send of an execution of this broadcast that was stopped."""
        wait = {"QueryLanguage": "JSONata", "StartAt": "W", "States": {"W": {"Type": "Wait", "Seconds": 600, "End": True}}}
        machine = self.executions.create_state_machine(
            name="wait", definition=json.dumps(wait), roleArn="arn:aws:iam::123456789012:role/wait")["stateMachineArn"]
        text = json.dumps({"broadcastId": broadcast})
        arn = self.executions.start_execution(stateMachineArn=machine, name=broadcast, input=text)["executionArn"]
        self.executions.stop_execution(executionArn=arn, error="Stopped", cause="by its owner")
        return {"version": "0", "id": "1", "detail-type": "Step Functions Execution Status Change", "source": "aws.states",
                "account": "123456789012", "time": "2026-12-01T19:42:21Z", "region": "us-east-1", "resources": [arn],
                "detail": {"executionArn": arn, "stateMachineArn": machine, "name": broadcast, "status": "ABORTED",
                           "input": text, "error": "Stopped", "cause": "by its owner"}}

    # --- what goes wrong ---

    def bad_events(self):
        for name in ("validate-token", "persist", "record-outcome"):
            for event in ({}, [], "text", {"broadcastId": 1}, {"broadcastId": "x", "more": True}):
                failed = self.functions[name].fails(event)
                self.checks.equal(f"{name} of {json.dumps(event)}: errorType", failed and failed.type, "BadRequest",
                                  failed and failed.message)
        # What is no request is the run time's to refuse, by a name that nobody has to know: only the
        # function URL calls this function, and it sends nothing else.
        failed = self.functions["api"].fails({"no": "request"})
        self.checks.check("api of what is no request: is refused", failed is not None, failed and failed.type)
        self.checks.equal("api: answers the next", self.ask("GET", "/broadcasts")[0], 200)

    def private_addresses(self, packages, directory, common):
        broadcast = self.schedule(self.key())
        with Function(packages["validate-token"], directory, common) as function:
            failed = function.fails({"broadcastId": broadcast})
        self.checks.check("it is refused", failed is not None and failed.type in ("BadRequest", "IngestUnreachable"),
                          failed and f"{failed.type}: {failed.message}")

    def logs(self, directory):
        checks = self.checks
        logs = {name: (directory / f"{name}.log").read_text() for name in self.functions}
        for name, log in logs.items():
            lines = log.splitlines()
            odd = [line for line in lines if not is_line(line)]
            checks.check(f"{name}: every line is JSON with a level and a time", not odd, odd[:1] or f"{len(lines)} lines")
        told = [name for name, log in logs.items() if any(key in log for key in self.keys)]
        checks.equal("no key in any log", told, [], f"{len(self.keys)} keys")
        found = [place for key in self.keys for place in in_environments(key)]
        checks.equal("no key in any environment or command line", found, [])


def dead_letter(broadcast):
    body = {"StateMachineArn": "arn:aws:states:us-east-1:123456789012:stateMachine:matinee-broadcast", "Name": broadcast,
            "Input": json.dumps({"broadcastId": broadcast})}
    return {"messageId": "059f36b4-87a3-44ab-83d2-661975830a7d", "receiptHandle": "x", "body": json.dumps(body),
            "attributes": {"ApproximateReceiveCount": "1"}, "eventSource": "aws:sqs", "awsRegion": "us-east-1",
            "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:matinee-missed", "md5OfBody": "x",
            "messageAttributes": {"ERROR_CODE": {"stringValue": "StateMachineDoesNotExist", "stringListValues": [],
                                                 "binaryListValues": [], "dataType": "String"}}}


def broken_set_up(checks, packages, directory, environments):
    """A variable that is missing has to be seen in the log of the first start."""
    for name, package in packages.items():
        missing = "STATE_MACHINE_ARN" if name == "api" else "TABLE"
        broken = {key: value for key, value in environments[name].items() if key != missing}
        function = Function(package, directory, broken)
        function.log = directory / f"{name}-broken.log"
        with function:
            ended = function.process.poll() is not None
            log = function.log.read_text()
        checks.check(f"{name} without {missing}: says so and ends", ended and missing in log, log.strip().partition("\n")[0])


def is_line(line):
    try:
        line = json.loads(line)
        return "level" in line and datetime.datetime.fromisoformat(line["timestamp"]).utcoffset() is not None
    except KeyError:
        return False
    except ValueError:
        return False
