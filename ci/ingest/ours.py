"""The ingest of our own, as a process."""

import json
import os
import pathlib
import re
import signal
import subprocess

from rehearsal.checks import eventually
from rehearsal.matinee import ROOT


def programs():
    """The measuring ingest and the bare publisher, built if they are not given (MEASURE, PUBLISH)."""
    found = []
    for variable, package, example in (("MEASURE", "ingest", "measure"), ("PUBLISH", "streamer", "publish")):
        if variable not in os.environ:
            subprocess.run(["cargo", "build", "--quiet", "--release", "--locked", "-p", package,
                            "--example", example], cwd=ROOT, check=True)
        target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
        found.append(os.environ.get(variable, target / "release/examples" / example))
    return found


class Ours:
    """Listens on a free port until it is asked for its report."""

    def __init__(self, program, directory, faults, certificate, record):
        self.directory = directory
        self.tls = certificate is not None
        self.records = directory / "recordings"
        self.report_file = directory / "report.json"
        self.command = [program, "--listen", "127.0.0.1:0", "--report", self.report_file]
        if record:
            self.command += ["--record", self.records]
        if certificate:
            self.command += ["--tls", *certificate]
        for fault in faults:
            self.command += ["--fault", fault]
        self.process = None

    def __enter__(self):
        log = self.directory / "ingest.log"
        with open(log, "wb") as output:
            self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=output, stderr=output)
        listening = eventually(lambda: re.search(r"listening on \S+:(\d+)", log.read_text()), 20)
        if not listening:
            raise RuntimeError(f"the ingest does not start: {log.read_text()}")
        scheme, host = ("rtmps", "localhost") if self.tls else ("rtmp", "127.0.0.1")
        self.url = f"{scheme}://{host}:{listening[1]}/live"
        return self

    def __exit__(self, *_):
        self._stop()

    def report(self):
        """Ends it and reads what it says of each publish."""
        self._stop()
        return json.loads(self.report_file.read_text())

    def recordings(self):
        """In the order of their publishes."""
        def part(path):
            return int(re.search(r"part-(\d+)", path.name)[1])
        return sorted(self.records.glob("*.flv"), key=part)

    def _stop(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(20)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
