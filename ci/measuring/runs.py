"""One show by one program, and many at once."""

import statistics
import time

from rehearsal.matinee import BINARY

from .container import container
from .processes import alone, follow, start

__all__ = ["container", "ffmpeg", "many", "play", "pooled", "start_ffmpeg", "start_play"]


def start_ffmpeg(directory, source, url, key, _authority=None):
    """What a user would take instead. It does not verify certificates."""
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-re", "-i", source,
               "-c", "copy", "-f", "flv", f"{url}/{key}"]
    return start(directory, command)


def start_play(directory, source, url, key, authority=None):
    key_file = directory / f"{key}.key"
    key_file.touch(mode=0o600)
    key_file.write_text(key + "\n")
    environment = {"SSL_CERT_FILE": str(authority)} if authority else {}
    return start(directory, [BINARY, "play", source, "--to", url, "--key-file", key_file], environment)


def ffmpeg(directory, source, url, authority):
    return alone(start_ffmpeg(directory, source, url, "show", authority))


def play(directory, source, url, authority):
    return alone(start_play(directory, source, url, "show", authority))


def many(directory, film, url, start_one, count):
    """All begin within a few seconds; the sums of what they used."""
    watched = []
    for number in range(count):
        watched.append(start_one(directory, film, url, f"show-{number}"))
        time.sleep(0.02)
    follow(watched, 3600)
    codes = {one.process.returncode for one in watched}
    if codes != {0}:
        raise RuntimeError(f"exit codes {codes}: {(directory / 'output.log').read_text()[-500:]}")
    return {"cpu": sum(one.cpu for one in watched), "peak_mb": sum(one.peak for one in watched) / 1024,
            "own_mb": sum(one.own for one in watched) / 1024}


def pooled(arrived):
    """The middle of the streams, and the worst of them."""
    return {**{f"late_{key}": statistics.median(one[f"late_{key}"] for one in arrived) for key in ("p50", "p99", "sd")},
            "late_max": max(one["late_max"] for one in arrived),
            "worst_p99": max(one["late_p99"] for one in arrived)}
