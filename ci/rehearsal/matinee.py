"""The `matinee` under test."""

import os
import pathlib
import subprocess
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BINARY = pathlib.Path(os.environ.get("MATINEE", ROOT / "target/release/matinee"))


class Play:
    """`matinee play` in the background."""

    def __init__(self, directory, file, url, key, *more, environment=None):
        directory = pathlib.Path(directory)
        directory.mkdir(parents=True, exist_ok=True)
        key_file = directory / "key"
        key_file.touch(mode=0o600)
        key_file.write_text(key + "\n")
        self.log = directory / "output.log"
        command = [BINARY, "play", file, "--to", url, "--key-file", key_file, *more]
        with open(self.log, "wb") as log:
            self.started = time.monotonic()
            self.process = subprocess.Popen(
                command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**os.environ, **(environment or {})},
            )

    def __enter__(self):
        return self

    def __exit__(self, *_):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()

    def wait(self, seconds):
        """The exit code; the name of what went wrong instead if it runs for too long."""
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            return f"still runs after {seconds} s"

    def elapsed(self):
        return time.monotonic() - self.started

    def output(self):
        return self.log.read_text(errors="replace")

    def last_words(self):
        lines = [line.strip() for line in self.output().replace("\r", "\n").splitlines()]
        return next((line for line in reversed(lines) if line), "")
