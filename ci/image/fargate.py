#!/usr/bin/env python3
"""The image's program with the network that a task on Fargate has, in a network namespace: a name
server, the credentials' address 169.254.170.2, and AWS under its own name, with a certificate by a
CA that the image trusts. It shows that the program finds all three with nothing but AWS_REGION,
AWS_CONTAINER_CREDENTIALS_RELATIVE_URI, BROADCAST_ID and ATTEMPT in its environment; no setting says
where anything is.

Run by ci/image.sh, which says in the environment where the image's root is."""

import datetime
import fcntl
import http.server
import json
import os
import pathlib
import socket
import ssl
import struct
import subprocess
import sys
import tempfile
import threading

HERE = pathlib.Path(__file__).resolve().parent
sys.path.insert(0, str(HERE.parent))
from rehearsal.checks import Checks  # noqa: E402

CREDENTIALS = "169.254.170.2"
TABLE = "dynamodb.eu-central-1.amazonaws.com"


def main():
    if "IMAGE_NAMESPACE" not in os.environ:
        os.environ["IMAGE_NAMESPACE"] = "1"
        mapped = ["--map-root-user"] if os.environ["IMAGE_ENTER"] == "user" else []
        os.execvp("unshare", ["unshare", *mapped, "--net", sys.executable, __file__])
    checks = Checks("as on Fargate")
    with tempfile.TemporaryDirectory(dir=os.environ["IMAGE_SCRATCH"]) as directory:
        with checks.section("nothing but ids in the environment"):
            run(checks, pathlib.Path(directory))
    checks.finish()


def run(checks, directory):
    bring_up("lo", "127.0.0.1")
    bring_up("lo:0", CREDENTIALS)
    names = NameServer({TABLE: "127.0.0.1"})
    certificate(directory, TABLE)
    sessions = Server((CREDENTIALS, 80), credentials)
    table = Server(("127.0.0.1", 443), no_table, directory / "server.pem")
    streamer = subprocess.run(
        [HERE / "run"], capture_output=True, text=True, timeout=60,
        env={
            **{name: os.environ[name] for name in ("IMAGE_ROOT", "IMAGE_SCRATCH", "IMAGE_ENTER")},
            "SSL_CERT_FILE": str(directory / "ca.pem"),
            "AWS_REGION": "eu-central-1",
            "AWS_CONTAINER_CREDENTIALS_RELATIVE_URI": "/v2/credentials/a-task",
            "BROADCAST_ID": "20261201-1930-abcd",
            "ATTEMPT": "1",
        },
    )
    said = streamer.stdout + streamer.stderr
    checks.equal("the name server is asked for the table and nothing else", names.asked, {TABLE})
    checks.equal("credentials are asked for at", {request.path for request in sessions.requests}, {"/v2/credentials/a-task"})
    asked = table.requests != []
    checks.check("the table is asked, over TLS", asked, "" if asked else said[-500:])
    for request in table.requests[:1]:
        headers = request.headers
        checks.equal("by its own name", headers["Host"], TABLE)
        checks.check("with the task's credentials, for its region",
                     "Credential=ASIAEXAMPLE/" in headers["Authorization"]
                     and "/eu-central-1/dynamodb/" in headers["Authorization"])
        checks.equal("and their session", headers["X-Amz-Security-Token"], "a-session")
    answered = "ResourceNotFoundException" in said
    checks.check("its answer is heard", answered, "" if answered else said[-500:])
    checks.equal("the exit code is that of Internal", streamer.returncode, 70)
    checks.check("no secret is said", "a-session" not in said and "a-secret" not in said)


def bring_up(interface, address):
    """What `ip address add` does, which not every machine has."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as any_socket:
        name = interface.encode().ljust(16, b"\0")
        SIOCSIFADDR, SIOCSIFFLAGS, IFF_UP, IFF_RUNNING = 0x8916, 0x8914, 0x1, 0x40
        to = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(address))
        fcntl.ioctl(any_socket, SIOCSIFADDR, name + to)
        fcntl.ioctl(any_socket, SIOCSIFFLAGS, name + struct.pack("H14x", IFF_UP | IFF_RUNNING))


def certificate(directory, name):
    """A CA, and a certificate by it for a name with its key."""
    def openssl(*arguments):
        subprocess.run(["openssl", *arguments], check=True, cwd=directory, capture_output=True)
    key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2"]
    openssl("req", "-x509", *key, "-subj", "/CN=a CA", "-keyout", "ca.key", "-out", "ca.pem")
    openssl("req", "-x509", *key, "-subj", f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}",
            "-addext", "basicConstraints=critical,CA:FALSE", "-CA", "ca.pem", "-CAkey", "ca.key",
            "-keyout", "server.key", "-out", "server.crt")
    parts = [(directory / part).read_text() for part in ("server.crt", "server.key")]
    (directory / "server.pem").write_text("".join(parts))


class NameServer:
    """Knows some names, by IPv4 only."""

    def __init__(self, addresses):
        self.addresses = addresses
        self.asked = set()
        self.socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.socket.bind(("127.0.0.1", 53))
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            query, peer = self.socket.recvfrom(512)
            self.socket.sendto(self.answer(query), peer)

    def answer(self, query):
        labels, at = [], 12
        while query[at]:
            labels.append(query[at + 1 : at + 1 + query[at]].decode())
            at += 1 + query[at]
        name = ".".join(labels).lower()
        self.asked.add(name)
        question = query[12 : at + 5]
        (kind,) = struct.unpack("!H", query[at + 1 : at + 3])
        address = self.addresses.get(name)
        found = address is not None and kind == 1
        flags = 0x8180 if address else 0x8183
        header = query[:2] + struct.pack("!5H", flags, 1, int(found), 0, 0)
        record = b"\xc0\x0c" + struct.pack("!HHIH", 1, 1, 60, 4) + socket.inet_aton(address) if found else b""
        return header + question + record


class Server:
    """Keeps requests and answers them all in one way."""

    def __init__(self, address, answer, certificate=None):
        self.requests = requests = []

        class Handler(http.server.BaseHTTPRequestHandler):
            def respond(self):
                self.rfile.read(int(self.headers.get("Content-Length", 0)))
                requests.append(self)
                status, body = answer()
                body = json.dumps(body).encode()
                self.send_response(status)
                self.send_header("Content-Type", "application/x-amz-json-1.0")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            do_GET = do_POST = respond

            def log_message(self, *_):
                pass

        server = http.server.ThreadingHTTPServer(address, Handler)
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()


def credentials():
    expires = datetime.datetime.now(datetime.timezone.utc) + datetime.timedelta(hours=1)
    return 200, {
        "RoleArn": "arn:aws:iam::123456789012:role/streamer",
        "AccessKeyId": "ASIAEXAMPLE",
        "SecretAccessKey": "a-secret",
        "Token": "a-session",
        "Expiration": expires.strftime("%Y-%m-%dT%H:%M:%SZ"),
    }


def no_table():
    return 400, {
        "__type": "com.amazonaws.dynamodb.v20120810#ResourceNotFoundException",
        "message": "Requested resource not found",
    }


if __name__ == "__main__":
    main()
