"""S3 and IAM as moto imitates them, and a sink that takes uploads and keeps nothing."""

import hashlib
import os
import pathlib
import re
import subprocess
import sys
import urllib.parse

from .checks import eventually
from .matinee import ROOT
from .net import Web, can_connect, free_port

TOOLS = pathlib.Path(os.environ.get("CI_TOOLS", ROOT / "target/ci-tools"))


def in_its_environment():
    """Goes on in the environment that has moto and boto3, if this one has not."""
    try:
        import boto3  # noqa: F401
        import moto  # noqa: F401
    except ImportError:
        python = TOOLS / "cloud/bin/python"
        if pathlib.Path(sys.executable) == python or not python.exists():
            raise
        os.execv(python, [python, *sys.argv])


class Moto:
    """A moto server; with `open_calls` it checks signatures and permissions after so many calls."""

    def __init__(self, directory, open_calls=None):
        self.log = pathlib.Path(directory) / f"moto-{id(self)}.log"
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        # Large objects are kept in files, and those beside everything else.
        self.environment = dict(os.environ, TMPDIR=str(directory), MOTO_S3_DEFAULT_KEY_BUFFER_SIZE="1048576")
        if open_calls is not None:
            self.environment["INITIAL_NO_AUTH_ACTION_COUNT"] = str(open_calls)

    def __enter__(self):
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "moto.server", "-H", "127.0.0.1", "-p", str(self.port)],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log, env=self.environment,
            )
        if not eventually(lambda: can_connect(self.port), 30):
            self.__exit__()
            raise RuntimeError(f"moto does not start: {self.log.read_text()[-2000:]}")
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.process.wait()

    def client(self, service):
        import boto3
        return boto3.client(service, endpoint_url=self.url, region_name="us-east-1",
                            aws_access_key_id="a", aws_secret_access_key="b")

    def requests(self):
        """What was asked, as (method, path with query, status)."""
        line = re.compile(r'"(\w+) (\S+) HTTP/1.1[^"]*" (\d+)')
        return [(m[1], m[2], int(m[3])) for m in line.finditer(self.log.read_text(errors="replace"))]

    def parts_sent(self, since=0):
        """The numbers of the parts that arrived, in order."""
        return [int(m[1]) for method, path, status in self.requests()[since:]
                if method == "PUT" and status == 200 and (m := re.search(r"partNumber=(\d+)", path))]


class Sink:
    """Takes uploads as S3 does and forgets them: for what would not fit into moto."""

    def __enter__(self):
        sink = self
        self.bytes = 0
        self.parts = set()
        self.completed = 0

        class Handler:
            def answer(self, status, body="", **headers):
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body.encode())

            def do_HEAD(self):
                self.answer(404)

            def do_GET(self):
                self.answer(200, "<ListMultipartUploadsResult/>")

            def do_POST(self):
                self.rfile.read(int(self.headers["Content-Length"]))
                if "uploads" in self.path:
                    self.answer(200, "<InitiateMultipartUploadResult><UploadId>u</UploadId>"
                                     "</InitiateMultipartUploadResult>")
                else:
                    sink.completed += 1
                    self.answer(200, "<CompleteMultipartUploadResult/>")

            def do_PUT(self):
                left = int(self.headers["Content-Length"])
                digest = hashlib.sha256()
                while left:
                    data = self.rfile.read(min(left, 1 << 20))
                    digest.update(data)
                    left -= len(data)
                    sink.bytes += len(data)
                query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
                # Signed with its hash, as S3 checks it.
                if digest.hexdigest() != self.headers["x-amz-content-sha256"]:
                    self.answer(400, "<Error><Code>XAmzContentSHA256Mismatch</Code></Error>")
                    return
                sink.parts.add(int(query["partNumber"][0]))
                self.answer(200, ETag='"0"')

        self.web = Web(Handler)
        self.url = self.web.url
        return self

    def __exit__(self, *_):
        self.web.close()
