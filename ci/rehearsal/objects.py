"""One object as S3 serves it: ranges of it, after some time, counted. Signatures are not looked at."""

import re
import threading
import time

from .net import Web


class Objects:
    """Serves the file under any bucket and key."""

    def __init__(self, path, latency=0.0):
        self.path = path
        self.latency = latency
        self.bytes_sent = 0
        self.requests = 0
        self.lock = threading.Lock()

    def __enter__(self):
        outer = self

        class Handler:
            def do_GET(self):
                outer.answer(self)

        self.web = Web(Handler)
        self.url = self.web.url
        return self

    def __exit__(self, *_):
        self.web.close()

    def answer(self, request):
        time.sleep(self.latency)
        size = self.path.stat().st_size
        first, last = re.fullmatch(r"bytes=(\d+)-(\d+)", request.headers["range"]).groups()
        first, last = int(first), min(int(last), size - 1)
        with open(self.path, "rb") as file:
            file.seek(first)
            body = file.read(last - first + 1)
        request.send_response(206)
        request.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        request.send_header("Content-Length", str(len(body)))
        request.send_header("ETag", '"one"')
        request.end_headers()
        request.wfile.write(body)
        with self.lock:
            self.bytes_sent += len(body)
            self.requests += 1
