"""The ingest that measures, as a process of its own."""

import json
import os
import pathlib
import signal
import subprocess

from rehearsal.checks import eventually
from rehearsal.matinee import ROOT

BINARY = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release/examples/measure"


class Ingest:
    """Listens on a free port until it is stopped, and then tells what arrived."""

    def __init__(self, directory, tls=None):
        self.report = pathlib.Path(directory) / "report.json"
        self.log = pathlib.Path(directory) / "ingest.log"
        self.scheme = "rtmps" if tls else "rtmp"
        command = [BINARY, "--listen", "127.0.0.1:0", "--report", self.report]
        if tls:
            command += ["--tls", *tls]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)

    def __enter__(self):
        self.address = eventually(self._address, 10)
        if not self.address:
            raise RuntimeError(f"the measuring ingest does not listen: {self.log.read_text()}")
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    @property
    def url(self):
        return f"{self.scheme}://{self.address.replace('127.0.0.1', 'localhost')}/live"

    def stop(self):
        """One entry for each publish that sent media."""
        self.process.send_signal(signal.SIGTERM)
        self.process.wait(30)
        return [flat(one) for one in json.loads(self.report.read_text()) if one["packets"]]

    def _address(self):
        words = self.log.read_text().split("listening on ")
        return words[1].split()[0] if len(words) > 1 else None


def flat(publish):
    """Lateness counts from the first packet, in milliseconds; below zero is early."""
    late = publish["lateness_ms"]
    return {"first_media": publish["first_media_unix_ms"] / 1000, "packets": publish["packets"],
            **{f"late_{key}": late[key] for key in ("min", "p50", "p99", "max", "sd")}}
