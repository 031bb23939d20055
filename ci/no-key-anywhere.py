#!/usr/bin/env python3
"""A broadcast with a unique key, all logs at trace level: the key is in no file, log, answer,
history, command line or environment, in whatever form."""

import base64
import json
import pathlib
import secrets
import tempfile
import urllib.parse

from rehearsal import media
from rehearsal.checks import Checks, eventually
from rehearsal.matinee import Play
from rehearsal.nginx import Nginx
from rehearsal.region import Region

SECONDS = 10


def main():
    checks = Checks("no key anywhere")
    with tempfile.TemporaryDirectory(prefix="matinee-") as directory:
        directory = pathlib.Path(directory)
        file = media.encode(directory / "show.mp4", SECONDS)
        with Nginx(directory / "nginx") as nginx:
            with checks.section("a broadcast that airs and one whose key is rejected"):
                with Region(directory / "region", environment={"RUST_LOG": "trace", "RUST_BACKTRACE": "1"}) as region:
                    look_everywhere(checks, region, nginx, file)
            with checks.section("`matinee play`, with a key that is taken and one that is rejected"):
                for prefix, code in (("", 0), ("wrong", 77)):
                    look_at_play(checks, directory / f"play-{prefix}", nginx, file, prefix, code)
    checks.finish()


def look_everywhere(checks, region, nginx, file):
    # As those of Facebook's API: what follows `?` and `&` is part of the key.
    name, rest = secrets.token_hex(12), secrets.token_hex(12)
    refused_name, refused_rest = secrets.token_hex(12), secrets.token_hex(12)
    parts = [name, rest, refused_name, refused_rest]
    good, _ = region.schedule(file, nginx.url, f"{name}?s_bl=1&a={rest}", 12)
    refused, _ = region.schedule(file, nginx.url, f"wrong{refused_name}?s_bl=1&a={refused_rest}", 12)

    on_air = eventually(lambda: nginx.recordings(name), 60)
    checks.check("it is on air", on_air != [])
    look(checks, "the data directory, on air", files(region.data), parts)
    look(checks, "command lines and environments", processes(), parts)
    checks.equal("it airs", region.settles(good, SECONDS + 60), "aired")
    checks.equal("the other does not", region.settles(refused, 120), "failed")

    look(checks, "the data directory", files(region.data), parts)
    look(checks, "the log of `matinee up` at trace level", [("up.log", region.log.read_bytes())], parts)
    # Nothing of ours is told below DEBUG; that it is told shows that RUST_LOG was heard.
    checks.check("which tells everything", b"DEBUG" in region.log.read_bytes(), f"{region.log.stat().st_size} bytes")
    look(checks, "what the AWS CLI answers", answers_of_aws(region, [good, refused]), parts)
    look(checks, "what `matinee` answers", answers_of_matinee(region, [good, refused]), parts)
    # The search must be able to find: the key store, asked to decrypt, tells the key of the
    # broadcast that can be retried, and that of the one that is over is gone.
    stored = decrypted(region)
    found = lambda part: [text for text, _ in needles([part]) if text.encode() in stored]
    checks.check("the search finds the key where it must be", found(refused_name))
    checks.check("the key of a show that aired is forgotten", not found(name))


def look_at_play(checks, directory, nginx, file, prefix, expected):
    name, rest = secrets.token_hex(12), secrets.token_hex(12)
    key = f"{prefix}{name}?s_bl=1&a={rest}"
    with Play(directory, file, nginx.url, key, environment={"RUST_LOG": "trace", "RUST_BACKTRACE": "1"}) as play:
        eventually(lambda: nginx.recordings(f"{prefix}{name}") or play.process.poll() is not None, 30)
        look(checks, "command lines and environments", processes(), [name, rest])
        checks.equal("exit code", play.wait(SECONDS + 60), expected)
    look(checks, "what it prints at trace level", [("output", play.log.read_bytes())], [name, rest])


def look(checks, place, haystack, parts):
    found = []
    count = 0
    for where, content in haystack:
        count += 1
        found += [f"{form} in {where}" for needle, form in needles(parts) if needle.encode() in content]
    checks.check(f"no key in {place}", not found and count > 0, "; ".join(sorted(set(found))[:5]) or f"{count} looked at")


def needles(parts):
    """The parts of the keys in all the forms in which they might be written."""
    for part in parts:
        yield part, "plain"
        yield part.upper(), "upper case"
        yield part[::-1], "reversed"
        yield part.encode().hex(), "hexadecimal"
        yield urllib.parse.quote("".join(f"%{byte:02X}" for byte in part.encode())), "percent-encoded"
        for offset in range(3):
            # The middle of what base64 makes of it at each alignment.
            encoded = base64.b64encode(b"x" * offset + part.encode()).decode()
            yield encoded[4:-4], "base64"


def files(directory):
    for path in sorted(directory.rglob("*")):
        if path.is_file():
            yield str(path.relative_to(directory)), path.read_bytes()


def processes():
    for process in pathlib.Path("/proc").glob("[0-9]*"):
        for name in ("cmdline", "environ"):
            try:
                yield f"{process.name}/{name}", (process / name).read_bytes()
            except OSError:
                continue


def answers_of_aws(region, broadcasts):
    yield "list-state-machines", dump(region.aws("stepfunctions", "list-state-machines"))
    for broadcast in broadcasts:
        yield "describe-execution", dump(region.execution(broadcast))
        yield "get-execution-history", dump(region.history(broadcast))
    for table in region.aws("dynamodb", "list-tables")["TableNames"]:
        yield "scan", dump(region.aws("dynamodb", "scan", "--table-name", table))
    for parameter in parameter_names(region):
        yield "get-parameter", dump(region.aws("ssm", "get-parameter", "--name", parameter))


def decrypted(region):
    values = [region.aws("ssm", "get-parameter", "--name", name, "--with-decryption") for name in parameter_names(region)]
    return dump(values)


def parameter_names(region):
    found = region.aws("ssm", "get-parameters-by-path", "--path", "/", "--recursive")["Parameters"]
    return [parameter["Name"] for parameter in found]


def answers_of_matinee(region, broadcasts):
    for arguments in (["list", "--all"], ["list", "--json"], *(["show", broadcast] for broadcast in broadcasts),
                      *(["show", broadcast, "--json"] for broadcast in broadcasts)):
        done = region.run(*arguments, check=False)
        yield " ".join(arguments), (done.stdout + done.stderr).encode()


def dump(answer):
    return json.dumps(answer).encode()


if __name__ == "__main__":
    main()
