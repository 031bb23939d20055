#!/usr/bin/env python3
"""Reads a video from S3 as moto imitates it, with moto's check of signatures and permissions.

usage: ci/s3.py [PACKETS]    PACKETS: the built example `packets` of the streamer; built if not given.
Loopback only.
"""

import json
import os
import pathlib
import subprocess
import sys
import tempfile

from rehearsal.checks import Checks
from rehearsal.cloud import Moto, in_its_environment
from rehearsal.matinee import ROOT

FIXTURE = ROOT / "streamer/tests/fixtures/b-frames.mp4"
SET_UP_CALLS = 5


def main():
    in_its_environment()
    packets = pathlib.Path(sys.argv[1]) if sys.argv[1:] else build()
    checks = Checks("reading from S3 with signatures and permissions checked")
    with tempfile.TemporaryDirectory() as directory, checks.section("moto"), \
            Moto(directory, open_calls=SET_UP_CALLS) as moto:
        access_key, secret_key = set_up(moto)
        environment = dict(
            os.environ,
            AWS_ENDPOINT_URL=moto.url,
            AWS_REGION="us-east-1",
            AWS_ACCESS_KEY_ID=access_key,
            AWS_SECRET_ACCESS_KEY=secret_key,
        )

        def reads(name, source, exit_code, words, **more):
            ran = subprocess.run([packets, source, "--quiet"], env=dict(environment, **more),
                                 capture_output=True, text=True, timeout=60)
            said = ran.stderr.strip()
            last = said.rpartition("\n")[2]
            checks.equal(f"{name}: exit code", ran.returncode, exit_code)
            checks.check(f"{name}: says {words!r}", words in said, last)
            checks.check(f"{name}: no secret is told", more.get("AWS_SECRET_ACCESS_KEY", secret_key) not in said)

        reads("an object", "s3://talks/2026/talk.mp4", 0, "249 packets")
        reads("no object", "s3://talks/2026/none.mp4", 66, "nothing at this address")
        reads("a bucket of others", "s3://others/talk.mp4", 74, "AccessDenied")
        reads("a wrong secret", "s3://talks/2026/talk.mp4", 74, "SignatureDoesNotMatch",
              AWS_SECRET_ACCESS_KEY="wrong-secret")
        reads("an endpoint for S3 alone", "s3://talks/2026/talk.mp4", 0, "249 packets",
              AWS_ENDPOINT_URL="http://127.0.0.1:1", AWS_ENDPOINT_URL_S3=moto.url)
    checks.finish()


def build():
    """The path of the example, built as everything else is in ci/: for release."""
    subprocess.run(["cargo", "build", "--release", "--locked", "-p", "streamer", "--example", "packets"],
                   check=True, cwd=ROOT)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "release/examples/packets"


def set_up(moto):
    iam, s3 = moto.client("iam"), moto.client("s3")
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::talks/*"}
    policy = {"Version": "2012-10-17", "Statement": [read]}
    iam.create_user(UserName="streamer")
    key = iam.create_access_key(UserName="streamer")["AccessKey"]
    iam.put_user_policy(UserName="streamer", PolicyName="read", PolicyDocument=json.dumps(policy))
    s3.create_bucket(Bucket="talks")
    s3.upload_file(str(FIXTURE), "talks", "2026/talk.mp4")
    return key["AccessKeyId"], key["SecretAccessKey"]


if __name__ == "__main__":
    main()
