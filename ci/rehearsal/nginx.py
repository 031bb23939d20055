"""nginx-rtmp, the foreign ingest: records all, asks a hook whether a key may publish."""

import pathlib
import shutil
import subprocess
import urllib.parse

from .checks import eventually
from .net import Web, can_connect, free_port

MODULES = [
    "/usr/lib/nginx/modules/ngx_rtmp_module.so",
    "/usr/lib64/nginx/modules/ngx_rtmp_module.so",
    "/usr/share/nginx/modules/ngx_rtmp_module.so",
]

CONFIGURATION = """
load_module {module};
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/error.log info;
events {{ worker_connections 256; }}
rtmp {{
    server {{
        listen 127.0.0.1:{port};
        access_log {directory}/access.log;
        application live {{
            live on;
            record all;
            record_path {directory}/recordings;
            record_suffix -%s.flv;
            record_unique on;
            on_publish http://127.0.0.1:{hook}/;
        }}
    }}
}}
"""


class Nginx:
    """An ingest on a free port. Keys that begin with `wrong` are turned away."""

    def __init__(self, directory):
        self.directory = pathlib.Path(directory)
        (self.directory / "recordings").mkdir(parents=True)
        self.hook = Hook()
        self.port = free_port()
        self.process = None
        configuration = CONFIGURATION.format(
            module=next(module for module in MODULES if pathlib.Path(module).exists()),
            directory=self.directory, port=self.port, hook=self.hook.port,
        )
        (self.directory / "nginx.conf").write_text(configuration)

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.stop()
        self.hook.close()

    @property
    def url(self):
        return f"rtmp://127.0.0.1:{self.port}/live"

    def start(self):
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        command = [binary, "-p", self.directory, "-c", self.directory / "nginx.conf"]
        log = open(self.directory / "output.log", "ab")
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        log.close()
        if not eventually(lambda: can_connect(self.port), 10):
            raise RuntimeError(f"nginx does not listen: {(self.directory / 'output.log').read_text()}")

    def stop(self):
        """As an ingest that crashes: every connection is gone at once."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None

    def recordings(self, key):
        """The recordings of a key that hold more than headers, in order: a publish without media,
        as a probe of the key is, leaves an empty one."""
        def number(path):
            # Files are named by second; those of one second by when they were written last.
            return path.stat().st_mtime_ns
        found = (self.directory / "recordings").glob(f"{key}-*.flv")
        return sorted((path for path in found if path.stat().st_size > 10_000), key=number)

    def publishes(self, key):
        """How often the key asked to publish."""
        return self.hook.asked.count(key)


class Hook:
    """Answers nginx's question whether a stream may be published."""

    def __init__(self):
        self.asked = asked = []

        class Handler:
            def do_POST(self):
                body = self.rfile.read(int(self.headers["Content-Length"])).decode()
                name = urllib.parse.parse_qs(body).get("name", [""])[0]
                asked.append(name)
                self.send_response(403 if name.startswith("wrong") else 200)
                self.send_header("Content-Length", "0")
                self.end_headers()

        self.web = Web(Handler)
        self.port = self.web.port

    def close(self):
        self.web.close()
