"""Files of one directory by https, with ranges, from nginx."""

import pathlib
import shutil
import subprocess

from rehearsal.checks import eventually
from rehearsal.net import can_connect, free_port

CONFIGURATION = """
daemon off;
master_process off;
pid {directory}/nginx.pid;
error_log {directory}/error.log info;
events {{ worker_connections 512; }}
http {{
    access_log off;
    client_body_temp_path {directory}; proxy_temp_path {directory}; fastcgi_temp_path {directory};
    uwsgi_temp_path {directory}; scgi_temp_path {directory};
    server {{
        listen 127.0.0.1:{port} ssl;
        ssl_certificate {certificate};
        ssl_certificate_key {key};
        root {root};
    }}
}}
"""


class WebServer:
    def __init__(self, directory, root, certificate):
        self.directory = pathlib.Path(directory)
        self.directory.mkdir(parents=True)
        self.port = free_port()
        self.process = None
        chain, key = certificate
        (self.directory / "nginx.conf").write_text(CONFIGURATION.format(
            directory=self.directory, port=self.port, certificate=chain, key=key, root=root))

    def __enter__(self):
        binary = shutil.which("nginx") or "/usr/sbin/nginx"
        command = [binary, "-p", self.directory, "-e", self.directory / "error.log", "-c", self.directory / "nginx.conf"]
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL)
        if not eventually(lambda: can_connect(self.port), 10):
            raise RuntimeError(f"nginx does not listen: {(self.directory / 'error.log').read_text()}")
        return self

    def __exit__(self, *_):
        self.process.kill()
        self.process.wait()

    @property
    def url(self):
        return f"https://localhost:{self.port}"
