"""`matinee up`, the broadcasts in it, and what the AWS CLI sees of them."""

import datetime
import json
import os
import pathlib
import signal
import subprocess

from .checks import eventually
from .matinee import BINARY, ROOT

TOOLS = pathlib.Path(os.environ.get("CI_TOOLS", ROOT / "target/ci-tools"))
SETTLED = ("aired", "failed", "cancelled", "missed")


class Region:
    """One data directory and the `matinee up` that serves it."""

    def __init__(self, directory, environment=None):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.data = self.directory / "data"
        self.log = self.directory / "up.log"
        self.environment = {**os.environ, **(environment or {})}
        self.process = None

    def __enter__(self):
        try:
            self.start()
        except Exception:
            self.close()
            raise
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.kill()
        # Streamers outlive `matinee up` on purpose; none outlives this script.
        for pid in self.streamers():
            os.kill(pid, signal.SIGKILL)

    def start(self):
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(
                [BINARY, "--data-dir", self.data, "up", "--port", "0"],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
            )
        eventually(self.answers, 30)
        self.run("list", "--json")

    def kill(self):
        """`kill -9` of `matinee up` alone."""
        self.process.kill()
        self.process.wait()
        self.process = None

    def answers(self):
        if self.process.poll() is not None:
            raise RuntimeError(f"`matinee up` ended: {self.log.read_text()[-2000:]}")
        return self.run("list", "--json", check=False).returncode == 0

    def run(self, *arguments, check=True, text=None):
        done = subprocess.run(
            [BINARY, "--data-dir", self.data, *map(str, arguments)], capture_output=True, text=True,
            input=text or "", env=self.environment, timeout=60,
        )
        if check and done.returncode:
            raise RuntimeError(f"matinee {arguments[0]}: exit {done.returncode}: {done.stderr.strip()}")
        return done

    def schedule(self, file, url, key, seconds, *more):
        """Schedules for so many seconds from now, to the second; returns id and air time."""
        at = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(seconds=seconds)
        at = at.replace(microsecond=0)
        done = self.run("schedule", file, "--to", f"main={url}", "--at", at.strftime("%Y-%m-%dT%H:%M:%SZ"),
                        "--json", *more, text=key + "\n")
        return json.loads(done.stdout)["id"], at

    def show(self, broadcast):
        return json.loads(self.run("show", broadcast, "--json").stdout)

    def status(self, broadcast):
        return self.show(broadcast)["status"]

    def reaches(self, broadcast, statuses, seconds):
        """Waits for one of the statuses; returns the one it is in at last."""
        eventually(lambda: self.status(broadcast) in statuses, seconds, pause=0.2)
        return self.status(broadcast)

    def settles(self, broadcast, seconds):
        return self.reaches(broadcast, SETTLED, seconds)

    def aws(self, *arguments):
        """Asks the AWS CLI, which knows nothing of Matinee."""
        environment = {
            **os.environ,
            "AWS_CONFIG_FILE": str(self.data / "aws/config"),
            "AWS_SHARED_CREDENTIALS_FILE": str(self.data / "aws/credentials"),
            "AWS_PAGER": "",
        }
        for name in ("AWS_PROFILE", "AWS_ENDPOINT_URL", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            environment.pop(name, None)
        done = subprocess.run([TOOLS / "venv/bin/aws", "--output", "json", *arguments],
                              capture_output=True, text=True, env=environment, timeout=60)
        if done.returncode:
            raise RuntimeError(f"aws {' '.join(arguments[:2])}: {done.stderr.strip()}")
        return json.loads(done.stdout) if done.stdout.strip() else {}

    def execution(self, broadcast):
        """The broadcast's execution as `describe-execution` tells it."""
        machines = self.aws("stepfunctions", "list-state-machines")["stateMachines"]
        for machine in machines:
            listed = self.aws("stepfunctions", "list-executions", "--state-machine-arn", machine["stateMachineArn"])
            for execution in listed["executions"]:
                if execution["name"] == broadcast:
                    return self.aws("stepfunctions", "describe-execution",
                                    "--execution-arn", execution["executionArn"])
        return None

    def history(self, broadcast):
        arn = self.execution(broadcast)["executionArn"]
        return self.aws("stepfunctions", "get-execution-history", "--execution-arn", arn)["events"]

    def streamers(self, broadcast=None):
        """Processes that stream for this region, of one broadcast or of all: those that run the
        binary under test and were given a broadcast of this data directory."""
        found = []
        for process in pathlib.Path("/proc").glob("[0-9]*"):
            try:
                environment = (process / "environ").read_bytes().split(b"\0")
                command = (process / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            settings = dict(entry.split(b"=", 1) for entry in environment if b"=" in entry)
            ours = str(self.data).encode() in settings.get(b"AWS_CONFIG_FILE", b"")
            wanted = broadcast is None or settings.get(b"BROADCAST_ID") == broadcast.encode()
            if ours and wanted and b"BROADCAST_ID" in settings and b"streamer" in command:
                found.append(int(process.name))
        return found


def entered(history):
    """The names of the states that were entered, in order."""
    return [event["stateEnteredEventDetails"]["name"] for event in history if "stateEnteredEventDetails" in event]


def moment(event):
    """When, in seconds; version 1 of the AWS CLI prints a number, version 2 a date."""
    timestamp = event["timestamp"]
    if isinstance(timestamp, str):
        return datetime.datetime.fromisoformat(timestamp).timestamp()
    return timestamp
