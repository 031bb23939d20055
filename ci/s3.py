#!/usr/bin/env python3
"""Reads from S3 as moto imitates it, with moto's check of signatures and permissions switched on.

usage: ci/s3.py PACKETS    PACKETS: the built example `packets` of the streamer.
Needs `pip install 'moto[server]' boto3`. Loopback only.
"""

import json
import os
import socket
import subprocess
import sys
import tempfile
import time

import boto3

PACKETS = sys.argv[1]
FIXTURES = os.path.join(os.path.dirname(__file__), "../streamer/tests/fixtures")
SET_UP_CALLS = 5


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def set_up(url):
    at = dict(endpoint_url=url, region_name="us-east-1", aws_access_key_id="a", aws_secret_access_key="b")
    iam, s3 = boto3.client("iam", **at), boto3.client("s3", **at)
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:aws:s3:::talks/*"}
    policy = {"Version": "2012-10-17", "Statement": [read]}
    iam.create_user(UserName="streamer")
    key = iam.create_access_key(UserName="streamer")["AccessKey"]
    iam.put_user_policy(UserName="streamer", PolicyName="read", PolicyDocument=json.dumps(policy))
    s3.create_bucket(Bucket="talks")
    s3.upload_file(os.path.join(FIXTURES, "b-frames.mp4"), "talks", "2026/talk.mp4")
    return key["AccessKeyId"], key["SecretAccessKey"]


def check(environment, source, exit_code, words):
    ran = subprocess.run([PACKETS, source, "--quiet"], env=environment, capture_output=True, text=True)
    assert ran.returncode == exit_code and words in ran.stderr, (source, ran.returncode, ran.stderr)
    assert environment["AWS_SECRET_ACCESS_KEY"] not in ran.stderr
    print(f"ok: {source}: {exit_code}, {words}")


def main():
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    log = tempfile.TemporaryFile()
    server = subprocess.Popen(
        [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(port)],
        env=dict(os.environ, INITIAL_NO_AUTH_ACTION_COUNT=str(SET_UP_CALLS)),
        stdout=log,
        stderr=subprocess.STDOUT,
    )
    try:
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", port)) == 0:
                    break
            time.sleep(0.1)
        access_key, secret_key = set_up(url)
        environment = dict(
            os.environ,
            AWS_ENDPOINT_URL=url,
            AWS_REGION="us-east-1",
            AWS_ACCESS_KEY_ID=access_key,
            AWS_SECRET_ACCESS_KEY=secret_key,
        )
        check(environment, "s3://talks/2026/talk.mp4", 0, "249 packets")
        check(environment, "s3://talks/2026/none.mp4", 66, "nothing at this address")
        check(environment, "s3://others/talk.mp4", 74, "AccessDenied")
        wrong = dict(environment, AWS_SECRET_ACCESS_KEY="wrong-secret")
        check(wrong, "s3://talks/2026/talk.mp4", 74, "SignatureDoesNotMatch")
        elsewhere = dict(environment, AWS_ENDPOINT_URL="http://127.0.0.1:1", AWS_ENDPOINT_URL_S3=url)
        check(elsewhere, "s3://talks/2026/talk.mp4", 0, "249 packets")
    finally:
        server.terminate()
        server.wait()


main()
