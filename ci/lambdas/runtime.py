"""The Lambda Runtime API, and a function that is run by it.
https://docs.aws.amazon.com/lambda/latest/dg/runtimes-api.html"""

import contextlib
import http.server
import json
import os
import queue
import subprocess
import threading
import time
import uuid

VERSION = "/2018-06-01/runtime"


class Failed(Exception):
    """What a function answered to `…/error`, or that it ended."""

    def __init__(self, body):
        super().__init__(json.dumps(body))
        self.type = body.get("errorType")
        self.message = body.get("errorMessage")


class Function:
    """The program of a function, and the one environment that Lambda would run it in."""

    def __init__(self, package, directory, environment):
        self.name = package.name
        self.package = package
        self.log = directory / f"{package.name}.log"
        self.environment = environment
        self.process = None

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()

    def start(self):
        """A cold start: seconds from the process's beginning to its first call for an event; None
        if it ends before."""
        # Anew each time: what a process that is gone was waiting for is not for the next one.
        self.events, self.answers, self.asked = queue.Queue(), queue.Queue(), queue.Queue()
        self.server = Server(("127.0.0.1", 0), handler(self.events, self.answers, self.asked, self.name))
        threading.Thread(target=self.server.serve_forever, args=(0.01,), daemon=True).start()
        host, port = self.server.server_address
        # As Lambda sets it, and nothing else that is set here.
        # https://docs.aws.amazon.com/lambda/latest/dg/configuration-envvars.html
        environment = {
            "PATH": "/usr/local/bin:/usr/bin:/bin", "LANG": "en_US.UTF-8", "TZ": ":UTC",
            "LAMBDA_TASK_ROOT": str(self.package.directory), "_HANDLER": "bootstrap",
            "AWS_LAMBDA_RUNTIME_API": f"{host}:{port}", "AWS_LAMBDA_INITIALIZATION_TYPE": "on-demand",
            "AWS_LAMBDA_FUNCTION_NAME": f"matinee-{self.name}", "AWS_LAMBDA_FUNCTION_VERSION": "$LATEST",
            "AWS_LAMBDA_FUNCTION_MEMORY_SIZE": "256", "AWS_EXECUTION_ENV": "AWS_Lambda_provided.al2023",
            "AWS_LAMBDA_LOG_GROUP_NAME": f"/aws/lambda/matinee-{self.name}", "AWS_LAMBDA_LOG_STREAM_NAME": "1",
            "AWS_LAMBDA_LOG_FORMAT": "JSON", "AWS_LAMBDA_LOG_LEVEL": "INFO", **self.environment,
        }
        with open(self.log, "ab") as log:
            started = time.monotonic()
            self.process = subprocess.Popen([self.package.program], cwd=self.package.directory, env=environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        while self.process.poll() is None:
            with contextlib.suppress(queue.Empty):
                return self.asked.get(timeout=0.2) - started
        return None

    def stop(self):
        """As an environment that is thrown away."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None
            self.server.shutdown()
            self.server.server_close()

    def invoke(self, event, seconds=30):
        """What the function answers; raises what it fails with."""
        self.events.put((str(uuid.uuid4()), json.dumps(event).encode(), time.time() + seconds))
        deadline = time.monotonic() + seconds
        while True:
            try:
                good, body = self.answers.get(timeout=0.2)
                break
            except queue.Empty:
                if self.process.poll() is not None:
                    raise Failed({"errorType": "Runtime.ExitError", "errorMessage": f"exit {self.process.returncode}"}) from None
                if time.monotonic() > deadline:
                    raise Failed({"errorType": "Sandbox.Timedout", "errorMessage": f"no answer in {seconds} s"}) from None
        body = json.loads(body)
        if good:
            return body
        raise Failed(body)

    def fails(self, event):
        """What the function fails with; None if it does not."""
        try:
            self.invoke(event)
        except Failed as failed:
            return failed
        return None


class Server(http.server.ThreadingHTTPServer):
    def handle_error(self, *_):
        """A function that is killed leaves its connections open."""


def handler(events, answers, asked, name):
    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self):
            asked.put(time.monotonic())
            if self.path != f"{VERSION}/invocation/next":
                return self.answer(404)
            request, event, deadline = events.get()
            self.answer(200, event, {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": request,
                "Lambda-Runtime-Deadline-Ms": int(deadline * 1000),
                "Lambda-Runtime-Invoked-Function-Arn":
                    f"arn:aws:lambda:us-east-1:123456789012:function:matinee-{name}",
                "Lambda-Runtime-Trace-Id": "Root=1-5bef4de7-ad49b0e87f6ef6c87fc2e700;Sampled=0",
            })

        def do_POST(self):
            body = self.body()
            if self.path == f"{VERSION}/init/error":
                answers.put((False, body))
                asked.put(time.monotonic())
            elif self.path.endswith("/response"):
                answers.put((True, body))
            elif self.path.endswith("/error"):
                answers.put((False, body))
            else:
                return self.answer(404)
            self.answer(202, b'{"status":"OK"}')

        def body(self):
            if self.headers.get("Transfer-Encoding") != "chunked":
                return self.rfile.read(int(self.headers.get("Content-Length", 0)))
            body = b""
            while size := int(self.rfile.readline(), 16):
                body += self.rfile.read(size)
                self.rfile.readline()
            while self.rfile.readline().strip():
                pass
            return body

        def answer(self, status, body=b"", headers=None):
            self.send_response(status)
            for header, value in {**(headers or {}), "Content-Length": len(body)}.items():
                self.send_header(header, str(value))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    return Handler
