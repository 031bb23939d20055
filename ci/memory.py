#!/usr/bin/env python3
"""Peak memory of `matinee play` with a one-hour 1080p file: all of its 108,000 video and 168,750
audio samples in the tables, half a minute of them published. The picture is coded sparingly, so
that the file stays near a gigabyte. Measured is the release build, in two figures: what the process
holds itself, and the peak with the pages of the program that it touched, which all streamers of a
machine share. `matinee` is everything in one program; the container's is much smaller."""

import pathlib
import signal
import tempfile
import time

from rehearsal import media
from rehearsal.checks import Checks, eventually
from rehearsal.matinee import Play
from rehearsal.nginx import Nginx

MINUTES = 60
OWN_MB = 10
PEAK_MB = 24


def main():
    checks = Checks("memory")
    with tempfile.TemporaryDirectory(prefix="matinee-") as directory:
        directory = pathlib.Path(directory)
        minute = media.encode(directory / "minute.mp4", 60, size="1920x1080", b_frames=2,
                              more=["-b:v", "2500k", "-maxrate", "2500k", "-bufsize", "2500k"])
        hour = directory / "hour.mp4"
        media.ffmpeg("-stream_loop", MINUTES - 1, "-i", minute, "-map", "0", "-c", "copy", hour)
        minute.unlink()
        print(f"   one hour is {hour.stat().st_size / 1e6:.0f} MB")
        with Nginx(directory / "nginx") as nginx:
            with checks.section("half a minute of one hour"):
                publish(checks, directory, nginx, hour)
    checks.finish()


def publish(checks, directory, nginx, hour):
    with Play(directory / "play", hour, nginx.url, "hour") as play:
        started = eventually(lambda: nginx.recordings("hour"), 30)
        if not checks.check("on air", bool(started), play.last_words()):
            return
        time.sleep(30)
        status = pathlib.Path(f"/proc/{play.process.pid}/status").read_text().splitlines()
        kilobytes = {line.split(":")[0]: int(line.split()[1]) for line in status if line.endswith(" kB")}
        peak, own = kilobytes["VmHWM"] / 1024, kilobytes["RssAnon"] / 1024
        checks.check(f"memory of its own under {OWN_MB} MB", own < OWN_MB, f"{own:.1f} MB")
        checks.check(f"peak with the program's pages under {PEAK_MB} MB", peak < PEAK_MB, f"{peak:.1f} MB")
        sent = sum(path.stat().st_size for path in nginx.recordings("hour"))
        print(f"   {sent / 1e6:.1f} MB received")
        play.process.send_signal(signal.SIGINT)
        checks.equal("Ctrl-C: exit code", play.wait(10), 75, play.last_words())


if __name__ == "__main__":
    main()
