"""Counting what holds and what does not."""

import contextlib
import signal
import sys
import time
import traceback


class Checks:
    """Prints each check as it is made and, at the end, `N passed, N failed`."""

    def __init__(self, title):
        print(f"== {title}", flush=True)
        self.passed = 0
        self.failed = 0
        # A terminated script cleans up like one that ends.
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))

    def check(self, name, holds, detail=""):
        """Counts one check; returns whether it holds."""
        detail = f" ({detail})" if detail != "" else ""
        print(f"{'ok  ' if holds else 'FAIL'} {name}{detail}", flush=True)
        if holds:
            self.passed += 1
        else:
            self.failed += 1
        return holds

    def equal(self, name, actual, expected, detail=""):
        """Counts the check that two values are equal, and shows them if not."""
        if actual != expected:
            detail = f"expected {expected!r}, got {actual!r}{'; ' if detail else ''}{detail}"
        return self.check(name, actual == expected, detail)

    @contextlib.contextmanager
    def section(self, name):
        """Groups checks; what goes wrong inside counts as one failed check."""
        print(f"-- {name}", flush=True)
        started = time.monotonic()
        try:
            yield
        except Exception as error:  # the other sections still say what they have to say
            traceback.print_exc()
            self.check(f"{name}: ran to its end", False, str(error).partition("\n")[0])
        print(f"   {time.monotonic() - started:.1f} s", flush=True)

    def finish(self):
        """Prints the sum and ends the script: exit code 1 if anything failed."""
        print(f"{self.passed} passed, {self.failed} failed", flush=True)
        sys.exit(1 if self.failed or not self.passed else 0)


def eventually(condition, seconds, pause=0.05):
    """Waits until the condition is truthy and returns that value; the last one when time is up."""
    deadline = time.monotonic() + seconds
    while True:
        value = condition()
        if value or time.monotonic() > deadline:
            return value
        time.sleep(pause)
