#!/usr/bin/env python3
"""The Lambda functions as they are deployed: built by cargo lambda, then driven by the Lambda
Runtime API at a region on loopback, and by an emulator that is none of ours (ministack) from its
Step Functions and Scheduler."""

import os
import pathlib
import sys
import tempfile

from rehearsal.checks import Checks
from rehearsal.nginx import Nginx
from rehearsal.region import TOOLS


def main():
    checks = Checks("lambdas")
    with tempfile.TemporaryDirectory(prefix="matinee-") as directory:
        directory = pathlib.Path(directory)
        with checks.section("build"):
            packages = build.build(checks)
        if packages:
            with Nginx(directory / "nginx") as nginx:
                (directory / "runtime").mkdir()
                handlers.drive(checks, packages, directory / "runtime", nginx)
                emulator.drive(checks, packages, directory / "ministack", nginx)
    checks.finish()


# boto3 lives in an environment of its own, and this script with it.
PYTHON = TOOLS / "cloud/bin/python"
if pathlib.Path(sys.prefix).resolve() != (TOOLS / "cloud").resolve():
    os.execv(PYTHON, [str(PYTHON), *sys.argv])

from lambdas import build, emulator, handlers  # noqa: E402

if __name__ == "__main__":
    main()
