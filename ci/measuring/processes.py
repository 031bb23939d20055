"""What a process used, as the kernel tells it."""

import os
import pathlib
import subprocess
import time


class Watched:
    """A child whose memory is looked at while it runs, and whose processor time is taken when it
    has ended. The peak of `getrusage` will not do: it counts what the child was before exec, this
    script."""

    def __init__(self, process, started):
        self.process = process
        self.started = started
        self.peak = 0
        self.own = 0
        self.cpu = None

    def look(self):
        """Whether it still runs."""
        if self.cpu is not None:
            return False
        try:
            status = pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines()
        except OSError:
            status = []
        kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in status if line.endswith(" kB")}
        self.peak = max(self.peak, kilobytes.get("VmHWM", 0))
        self.own = max(self.own, kilobytes.get("RssAnon", 0))
        pid, code, usage = os.wait4(self.process.pid, os.WNOHANG)
        if pid == 0:
            return True
        self.cpu = usage.ru_utime + usage.ru_stime
        self.process.returncode = os.waitstatus_to_exitcode(code)
        return False


def follow(watched, seconds):
    """Until all have ended."""
    deadline = time.monotonic() + seconds
    while any([one.look() for one in watched]):
        if time.monotonic() > deadline:
            for one in watched:
                if one.cpu is None:
                    one.process.kill()
            raise RuntimeError("a show does not end")
        time.sleep(0.2)


def start(directory, command, environment=None):
    """Runs a command with its output in a file."""
    with open(directory / "output.log", "ab") as log:
        started = time.time()
        process = subprocess.Popen([str(word) for word in command], stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                   env={**os.environ, **(environment or {})})
    return Watched(process, started)


def alone(watched):
    """Waits for its end; what it used."""
    follow([watched], 3600)
    if watched.process.returncode:
        raise RuntimeError(f"{watched.process.args[0]} ends with {watched.process.returncode}")
    return {"started": watched.started, "cpu": watched.cpu, "peak_mb": watched.peak / 1024, "own_mb": watched.own / 1024}
