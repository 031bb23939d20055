"""The functions as they are deployed: zip files that `cargo lambda build` made."""

import os
import pathlib
import platform
import subprocess
import time
import zipfile

from rehearsal.matinee import ROOT
from rehearsal.region import TOOLS

FUNCTIONS = ("api", "validate-token", "persist", "record-outcome")
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
# Of a zip file; what is larger starts later.
LIMIT = 5_000_000
MACHINES = {"x86_64": ("--x86-64", "haswell", 62), "aarch64": ("--arm64", "neoverse-n1", 183)}


def build(checks):
    """The functions in LAMBDA_DIR, or all built for this machine's processor, as ./deploy does for AWS's, except that
    this machine's linker links them: the zig that would otherwise do it is another C compiler, for
    which all C code would be built again."""
    option, processor, machine = MACHINES[platform.machine()]
    if built := os.environ.get("LAMBDA_DIR"):
        return packages(checks, pathlib.Path(built), machine)
    directory = TARGET / "lambda-ci"
    environment = {**os.environ, "PATH": f"{TOOLS / 'cargo-lambda/bin'}:{os.environ['PATH']}",
                   "RUSTFLAGS": f"-Ctarget-cpu={processor} -Cstrip=symbols"}
    command = ["cargo", "lambda", "build", "--release", "--locked", option, "--compiler", "cargo",
               "--output-format", "zip", "--lambda-dir", directory, "--bins",
               *(word for name in FUNCTIONS for word in ("-p", name))]
    started = time.monotonic()
    done = subprocess.run(command, cwd=ROOT, env=environment)
    if not checks.equal("cargo lambda build", done.returncode, 0, f"{time.monotonic() - started:.0f} s"):
        return None
    return packages(checks, directory, machine)


def packages(checks, directory, machine):
    return {name: Package(checks, name, directory / name / "bootstrap.zip", machine) for name in FUNCTIONS}


class Package:
    """One function's zip file, and the program in it, unpacked."""

    def __init__(self, checks, name, file, machine):
        self.name = name
        self.file = file
        self.directory = file.parent / "unpacked"
        self.directory.mkdir(exist_ok=True)
        self.program = self.directory / "bootstrap"
        with zipfile.ZipFile(file) as archive:
            entry, = archive.infolist()
            checks.equal(f"{name}: the zip file holds", entry.filename, "bootstrap")
            checks.check(f"{name}: which may be run", entry.external_attr >> 16 & 0o111 == 0o111)
            self.program.unlink(missing_ok=True)
            self.program.write_bytes(archive.read(entry))
        self.program.chmod(0o755)
        header = self.program.read_bytes()[:20]
        checks.equal(f"{name}: and is for this processor", (header[:5], header[18]), (b"\x7fELF\x02", machine))
        self.zipped = file.stat().st_size
        self.unzipped = self.program.stat().st_size
        checks.check(f"{name}: the zip file is below {LIMIT / 1e6:.0f} MB", self.zipped < LIMIT,
                     f"{self.zipped / 1e6:.2f} MB, {self.unzipped / 1e6:.2f} MB unpacked")
