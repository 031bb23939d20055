#!/usr/bin/env python3
"""The built `matinee --aws` against what stands in for AWS on loopback: the API and SSM of a
`matinee up`, S3 and IAM of moto. Uploads that are killed, cut, spoiled and repeated; refusals in
words; memory and speed.

usage: ci/aws-client.py    MATINEE, CI_TOOLS: as the other scripts here.
"""

import hashlib
import json
import os
import pathlib
import shutil
import signal
import subprocess
import tempfile
import time

from rehearsal.checks import Checks, eventually
from rehearsal.cloud import TOOLS, Moto, Sink, in_its_environment
from rehearsal.matinee import BINARY, ROOT
from rehearsal.proxy import Proxy
from rehearsal.region import Region

FIXTURE = ROOT / "streamer/tests/fixtures/moov-first.mp4"
BUCKET = "matinee-videos-000000000000-us-east-1"
MACHINE = "arn:aws:states:us-east-1:000000000000:stateMachine:matinee-broadcast"
KEY = "FB-123-0-never-shown"
PART = 16 << 20
# 20 parts and a bit.
LARGE = 20 * PART + 12_345
HUGE = 2 << 30
MOST_MEMORY = 150 << 20


def main():
    in_its_environment()
    checks = Checks("matinee --aws")
    with tempfile.TemporaryDirectory() as directory:
        directory = pathlib.Path(directory)
        with Region(directory / "up") as region, Moto(directory) as moto:
            moto.client("s3").create_bucket(Bucket=BUCKET)
            client = Client(region, moto.url)
            client.deploy(region)
            with checks.section("a broadcast from its upload to its end"):
                broadcast(checks, client, moto, directory)
            with checks.section("an upload that is killed goes on"):
                killed(checks, client, moto, directory)
            with checks.section("connections that are cut"):
                cut(checks, region, moto, directory)
            with checks.section("Ctrl-C, and a file that changes"):
                stopped_and_changed(checks, client, moto, directory)
            with checks.section("speed"):
                speed(checks, client, moto, directory)
            with checks.section("refusals"):
                refusals(checks, client, region)
        with Region(directory / "second") as region, checks.section("memory"):
            memory(checks, region, directory)
        with checks.section("permissions"):
            permissions(checks, directory)
    checks.finish()


class Client:
    """`matinee --aws` with the credentials of a region, and S3 somewhere else."""

    def __init__(self, region, s3, **more):
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
        self.environment.update(
            AWS_CONFIG_FILE=str(region.data / "aws/config"),
            AWS_SHARED_CREDENTIALS_FILE=str(region.data / "aws/credentials"),
            AWS_ENDPOINT_URL_S3=s3,
            AWS_EC2_METADATA_DISABLED="true",
            # Whoever asks AWS needs none.
            MATINEE_DATA_DIR="/nonexistent",
            MATINEE_AWS="1",
            **more,
        )

    def deploy(self, region, name="matinee", bucket=BUCKET, **more):
        """Puts what `./deploy` puts."""
        config = (region.data / "aws/config").read_text()
        url = next(line.split("=", 1)[1].strip() for line in config.splitlines() if "endpoint_url" in line)
        value = {"version": 1, "api_url": url + "/", "videos_bucket": bucket, "state_machine_arn": MACHINE,
                 "dashboard_url": "https://console", **more}
        region.aws("ssm", "put-parameter", "--name", f"/matinee-deployment/{name}", "--type", "String",
                   "--value", json.dumps(value), "--overwrite")

    def start(self, *arguments, text="", **more):
        process = subprocess.Popen([BINARY, *map(str, arguments)], stdin=subprocess.PIPE,
                                   stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
                                   env={**self.environment, **more})
        process.stdin.write(text)
        process.stdin.close()
        process.stdin = None
        return process

    def run(self, *arguments, text="", **more):
        process = self.start(*arguments, text=text, **more)
        out, err = process.communicate(timeout=300)
        return Ran(process.returncode, out, err)


class Ran:
    def __init__(self, code, out, err):
        self.code, self.out, self.err = code, out, err

    @property
    def said(self):
        return self.err.strip().splitlines()[-1] if self.err.strip() else self.out.strip()


def film(path, size, seed):
    """The fixture, with a box of noise behind it: a video of any size, no two alike."""
    shutil.copy(FIXTURE, path)
    with open(path, "ab") as file:
        left = size - file.tell()
        file.write(left.to_bytes(4, "big") + b"free")
        left -= 8
        block = hashlib.shake_256(str(seed).encode()).digest(1 << 20)
        count = 0
        while left:
            # Each block differs, and so does each part.
            piece = (count.to_bytes(8, "big") + block[8:])[:left]
            file.write(piece)
            left -= len(piece)
            count += 1
    return path


def stored(moto, address):
    """What is in the bucket at an s3:// address."""
    bucket, key = address.removeprefix("s3://").split("/", 1)
    return moto.client("s3").get_object(Bucket=bucket, Key=key)


def same(moto, address, path):
    digest = hashlib.sha256()
    for chunk in stored(moto, address)["Body"].iter_chunks(1 << 20):
        digest.update(chunk)
    return digest.hexdigest() == hashlib.sha256(path.read_bytes()).hexdigest()


def broadcast(checks, client, moto, directory):
    path = directory / "A talk, 2026 (ü).mp4"
    shutil.copy(FIXTURE, path)
    to = ["--to", "main=rtmp://127.0.0.1:1/live"]
    ran = client.run("schedule", path, *to, "--at", "+2h", "--spot", text=KEY + "\n")
    checks.equal("schedule: exit code", ran.code, 0, ran.err.strip())
    broadcast = ran.out.split(":")[0].removeprefix("Scheduled ")
    link = f"https://us-east-1.console.aws.amazon.com/states/home?region=us-east-1#/v2/executions/details/" \
           f"{MACHINE.replace('stateMachine', 'execution')}:{broadcast}"
    checks.check("schedule: tells where the workflow will be", link in ran.out, ran.out)
    checks.check("schedule: tells how to follow it, on AWS too", f"matinee --aws show {broadcast} --watch" in ran.out)
    view = json.loads(client.run("show", broadcast, "--json").out)
    address = view["source"]
    checks.check("the source is in the deployment's bucket, under identity and name",
                 address.startswith(f"s3://{BUCKET}/videos/") and address.endswith("/A talk, 2026 (ü).mp4")
                 and len(address.split("/")[4]) == 16, address)
    checks.equal("spot is asked for", view["spot"], True)
    checks.check("the object is the file", same(moto, address, path))
    checks.equal("the object's type", stored(moto, address)["ContentType"], "video/mp4")
    before = len(moto.requests())
    again = client.run("schedule", path, *to, "--at", "+3h", "--json", text=KEY + "\n")
    checks.equal("again: exit code", again.code, 0, again.err.strip())
    checks.equal("again: the same object", json.loads(again.out)["source"], address)
    sent = [request for request in moto.requests()[before:] if request[0] in ("PUT", "POST")]
    checks.equal("again: nothing is sent", sent, [])
    listed = client.run("list")
    checks.check("list has it", broadcast in listed.out, listed.err.strip())
    checks.equal("key set", client.run("key", "set", broadcast, "main", text="another\n").code, 0)
    cancelled = client.run("cancel", broadcast)
    checks.check("cancel", cancelled.code == 0 and "is cancelled" in cancelled.out, cancelled.said)
    retried = client.run("retry", broadcast)
    checks.check("retry of it is refused in the API's words", retried.code == 64 and "cancelled" in retried.err,
                 retried.said)
    checks.check("no key is told", not any(KEY in text for ran in (ran, again, listed) for text in (ran.out, ran.err)))


def killed(checks, client, moto, directory):
    path = film(directory / "killed.mp4", LARGE, "killed")
    parts = -(-LARGE // PART)
    before = len(moto.requests())
    process = client.start("upload", path)
    eventually(lambda: len(moto.parts_sent(before)) >= 6, 60, pause=0.01)
    process.kill()
    process.communicate()
    # What it had sent may still be on its way through moto.
    time.sleep(1)
    first = sorted(set(moto.parts_sent(before)))
    checks.check("killed with parts sent and parts to send", 6 <= len(first) < parts, f"{len(first)} of {parts}")

    s3 = moto.client("s3")
    upload, = s3.list_multipart_uploads(Bucket=BUCKET)["Uploads"]
    there = s3.list_parts(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"])["Parts"]
    spoiled = there[1]["PartNumber"]
    s3.upload_part(Bucket=BUCKET, Key=upload["Key"], UploadId=upload["UploadId"], PartNumber=spoiled,
                   Body=b"\1" * PART)
    before = len(moto.requests())
    ran = client.run("upload", path, "--json")
    checks.equal("again: exit code", ran.code, 0, ran.err.strip())
    missing = sorted(set(range(1, parts + 1)) - {part["PartNumber"] for part in there} | {spoiled})
    checks.equal("again: only what was missing or spoiled is sent", sorted(moto.parts_sent(before)), missing,
                 ran.said)
    result = json.loads(ran.out)
    checks.check("again: it says how much that was", 0 < result["sent"] < result["bytes"] == LARGE, ran.out)
    checks.check("the object is the file", same(moto, result["source"], path))
    checks.equal("no upload is left over", s3.list_multipart_uploads(Bucket=BUCKET).get("Uploads"), None)
    before = len(moto.requests())
    ran = client.run("upload", path)
    checks.equal("a third time: the address", ran.out.strip(), result["source"], ran.said)
    checks.equal("a third time: one question and nothing sent", [r[0] for r in moto.requests()[before:]], ["HEAD"])
    path.unlink()


def cut(checks, region, moto, directory):
    path = film(directory / "cut.mp4", LARGE, "cut")
    with Proxy(moto.port) as proxy:
        client = Client(region, f"http://127.0.0.1:{proxy.port}")
        before = len(moto.requests())
        process = client.start("upload", path)
        for parts in (3, 9):
            eventually(lambda: len(moto.parts_sent(before)) >= parts, 60, pause=0.01)
            proxy.cut()
        out, err = process.communicate(timeout=300)
        checks.equal("cut twice: exit code", process.returncode, 0, err.strip())
        checks.check("the object is the file", same(moto, out.strip(), path))
        checks.check("more connections than at once", proxy.accepted > 4, proxy.accepted)
    path.unlink()


def stopped_and_changed(checks, client, moto, directory):
    path = film(directory / "stopped.mp4", LARGE, "stopped")
    before = len(moto.requests())
    process = client.start("upload", path)
    eventually(lambda: len(moto.parts_sent(before)) >= 4, 60, pause=0.01)
    process.send_signal(signal.SIGINT)
    _, err = process.communicate(timeout=30)
    checks.equal("Ctrl-C: exit code", process.returncode, 75, err.strip())
    checks.check("Ctrl-C: says that it goes on", "the same command goes on from there" in err, err.strip())
    process = client.start("upload", path)
    eventually(lambda: len(moto.parts_sent(before)) >= 8, 60, pause=0.01)
    os.utime(path)
    _, err = process.communicate(timeout=60)
    checks.equal("changed: exit code", process.returncode, 74, err.strip())
    checks.check("changed: says so", "changed while it was being uploaded" in err, err.strip())
    checks.equal("changed: no upload is left over",
                 moto.client("s3").list_multipart_uploads(Bucket=BUCKET).get("Uploads"), None)
    path.unlink()


def speed(checks, client, moto, directory):
    path = film(directory / "speed.mp4", LARGE, "speed")
    copy = dict(client.environment, AWS_PAGER="")
    took = {}
    for name, command in {
        "matinee": [BINARY, "upload", path],
        "aws s3 cp": [TOOLS / "venv/bin/aws", "s3", "cp", path, f"s3://{BUCKET}/copy.mp4", "--quiet"],
    }.items():
        started = time.monotonic()
        done = subprocess.run(command, env=copy, capture_output=True, text=True, timeout=300)
        took[name] = time.monotonic() - started
        checks.equal(f"{name}: exit code", done.returncode, 0, done.stderr.strip().splitlines()[-1:])
    for name, seconds in took.items():
        print(f"     {name}: {LARGE / 1e6:.0f} MB in {seconds:.2f} s, {LARGE / 1e6 / seconds:.0f} MB/s")
    print(f"     aws s3 cp takes {took['aws s3 cp'] / took['matinee']:.2f} times as long")
    path.unlink()


def memory(checks, region, directory):
    path = directory / "huge.mp4"
    shutil.copy(FIXTURE, path)
    with open(path, "ab") as file:
        # A box with a length of eight bytes, and nothing in it but a hole.
        left = HUGE - file.tell()
        file.write((1).to_bytes(4, "big") + b"free" + left.to_bytes(8, "big"))
        file.truncate(HUGE)
    with Sink() as sink:
        client = Client(region, sink.url)
        client.deploy(region)
        started = time.monotonic()
        process = client.start("upload", path)
        most = 0
        while process.poll() is None:
            try:
                status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
                most = max([most, *(int(line.split()[1]) * 1024 for line in status.splitlines()
                                    if line.startswith("VmHWM"))])
            except OSError:
                pass
            time.sleep(0.02)
        _, err = process.communicate()
        seconds = time.monotonic() - started
        checks.equal("2 GiB: exit code", process.returncode, 0, err.strip())
        checks.equal("2 GiB: bytes sent", sink.bytes, HUGE)
        checks.equal("2 GiB: parts, put together", (len(sink.parts), sink.completed), (HUGE // PART, 1))
        checks.check(f"2 GiB: at most {MOST_MEMORY >> 20} MiB of memory", 0 < most < MOST_MEMORY,
                     f"{most / (1 << 20):.0f} MiB, {HUGE / 1e6 / seconds:.0f} MB/s")
    path.unlink()


def refusals(checks, client, region):
    def refused(name, code, *words, arguments=("list",), **more):
        ran = client.run(*arguments, **more)
        checks.check(f"{name}: exit {code}, in words", ran.code == code and all(word in ran.err for word in words),
                     f"exit {ran.code}: {ran.err.strip()}")

    refused("no such deployment", 69, 'no deployment "sunday" in us-east-1', "./deploy", "--region",
            arguments=("--deployment", "sunday", "list"))
    refused("and by the environment", 69, '"sunday"', MATINEE_DEPLOYMENT="sunday")
    refused("another region", 64, "AWS does not know your credentials", arguments=("--region", "eu-west-1", "list"))
    refused("no such profile", 64, "credentials", arguments=("--profile", "nobody", "--region", "us-east-1", "list"))
    wrong = dict(AWS_ACCESS_KEY_ID="AKIDNOBODY", AWS_SECRET_ACCESS_KEY="hidden-secret")
    refused("unknown credentials", 64, "aws sts get-caller-identity", **wrong)
    nobody = dict(AWS_CONFIG_FILE="/nonexistent", AWS_SHARED_CREDENTIALS_FILE="/nonexistent")
    refused("no region", 64, "no AWS region is set", **nobody)
    refused("no credentials", 64, "there are no AWS credentials", "aws configure", AWS_REGION="us-east-1", **nobody)
    refused("nobody there", 69, "cannot reach SSM", AWS_ENDPOINT_URL="http://127.0.0.1:1")
    refused("a file that cannot be sent", 65, arguments=("upload", ROOT / "streamer/tests/fixtures/pcm.mov"))
    for here in ("up", "demo"):
        refused(f"{here}", 64, "runs on this machine", arguments=(here,))
    client.deploy(region, "nowhere", bucket="matinee-gone")
    refused("no bucket", 69, "does not exist", arguments=("--deployment", "nowhere", "upload", FIXTURE))
    client.deploy(region, "later", version=2)
    refused("a newer deployment", 70, "take a newer one", arguments=("--deployment", "later", "list"))
    client.deploy(region, "clear", api_url="http://192.0.2.1/")
    refused("an API in the clear", 70, "not https", arguments=("--deployment", "clear", "list"))


def permissions(checks, directory):
    """moto as all of AWS, with its check of permissions: nobody may do more than is written."""
    statements = [("ssm:GetParameter", "*")]
    with Moto(directory, open_calls=9) as moto:
        iam = moto.client("iam")
        users = {}
        for user, allowed in (("reader", statements), ("stranger", [])):
            iam.create_user(UserName=user)
            users[user] = iam.create_access_key(UserName=user)["AccessKey"]
            policy = [{"Effect": "Allow", "Action": action, "Resource": resource} for action, resource in allowed] \
                or [{"Effect": "Allow", "Action": "iam:GetUser", "Resource": "*"}]
            iam.put_user_policy(UserName=user, PolicyName="p",
                                PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": policy}))
        moto.client("s3").create_bucket(Bucket=BUCKET)
        value = {"version": 1, "api_url": "http://127.0.0.1:1/", "videos_bucket": BUCKET,
                 "state_machine_arn": MACHINE, "dashboard_url": ""}
        moto.client("ssm").put_parameter(Name="/matinee-deployment/matinee", Type="String", Value=json.dumps(value))
        region = type("Nowhere", (), {"data": pathlib.Path("/nonexistent")})
        for user in ("stranger", "reader"):
            client = Client(region, moto.url, AWS_ENDPOINT_URL=moto.url, AWS_REGION="us-east-1",
                            AWS_ACCESS_KEY_ID=users[user]["AccessKeyId"],
                            AWS_SECRET_ACCESS_KEY=users[user]["SecretAccessKey"])
            ran = client.run("upload", FIXTURE)
            checks.check(f"a {user} is told which policy is needed",
                         ran.code == 64 and "matinee-operator-us-east-1" in ran.err, f"exit {ran.code}: {ran.said}")
            checks.check(f"a {user}'s secret is not told", users[user]["SecretAccessKey"] not in ran.err)
        ran = client.run("list")
        checks.check("an API that is not there", ran.code == 69 and "cannot reach the API" in ran.err, ran.said)


if __name__ == "__main__":
    main()
