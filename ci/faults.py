#!/usr/bin/env python3
"""What goes wrong at the ingest and in the file, and what `matinee play` does about it."""

import json
import pathlib
import tempfile
import time

from rehearsal import media
from rehearsal.checks import Checks, eventually
from rehearsal.matinee import Play
from rehearsal.net import free_port
from rehearsal.nginx import Nginx
from rehearsal.proxy import Proxy

SECONDS = 20
# Packets of one group of pictures, and of the sound beside it (48,000 / 1,024 a second).
GROUP = {"video": media.GROUP_OF_PICTURES, "audio": media.GROUP_OF_PICTURES / media.FRAME_RATE * 48_000 / 1_024 + 1}


def main():
    checks = Checks("faults")
    with tempfile.TemporaryDirectory(prefix="matinee-") as directory:
        directory = pathlib.Path(directory)
        file = media.encode(directory / "show.mp4", SECONDS, b_frames=2)
        with Nginx(directory / "nginx") as nginx:
            with checks.section("the ingest is killed mid-show and back after 5 s"):
                ingest_restarts(checks, directory, nginx, file)
            with checks.section("the connection is cut mid-show"):
                connection_cut(checks, directory, nginx, file)
            with checks.section("the ingest stops reading mid-show"):
                ingest_stalls(checks, directory, nginx, file)
            with checks.section("the ingest is killed for good, and its backup takes over"):
                backup_takes_over(checks, directory, file)
            with checks.section("two destinations, one of them dead"):
                one_of_two_is_dead(checks, directory, nginx, file)
            with checks.section("wrong key"):
                wrong_key(checks, directory, nginx, file)
            with checks.section("bad files"):
                bad_files(checks, directory, nginx)
        with checks.section("nobody there"):
            dead_ingest(checks, directory, file)
        with checks.section("somebody there who says nothing"):
            silent_ingest(checks, directory, file)
    checks.finish()


def ingest_restarts(checks, directory, nginx, file):
    with Play(directory / "restart", file, nginx.url, "restart") as play:
        on_air(nginx.recordings, "restart")
        time.sleep(7)
        nginx.stop()
        time.sleep(5)
        nginx.start()
        finished(checks, "restart", play, SECONDS + 60)
    nothing_lost(checks, "restart", file, nginx.recordings("restart"))


def connection_cut(checks, directory, nginx, file):
    with Proxy(nginx.port) as proxy, Play(directory / "cut", file, proxy.url, "cut") as play:
        on_air(nginx.recordings, "cut")
        for _ in range(2):
            time.sleep(5)
            proxy.refuse()
            proxy.cut()
            time.sleep(2)
            proxy.accept()
        finished(checks, "cut", play, SECONDS + 60)
    nothing_lost(checks, "cut", file, nginx.recordings("cut"), cuts=2)


def ingest_stalls(checks, directory, nginx, file):
    with Proxy(nginx.port) as proxy, Play(directory / "stall", file, proxy.url, "stall") as play:
        on_air(nginx.recordings, "stall")
        time.sleep(5)
        stalled, = proxy.open_connections()
        at = time.monotonic()
        proxy.stall()
        noticed = eventually(lambda: proxy.accepted > 1, 30)
        taken = time.monotonic() - at
        checks.check("stall: noticed within 15 s", noticed and taken <= 15, f"{taken:.1f} s")
        # What was not read yet keeps an ordinary close from being seen. Until the ingest sees the
        # end of the old connection it answers `Already publishing` to the new one.
        closed = eventually(stalled.is_closed, 5)
        checks.check("stall: the connection that was given up is reset", closed)
        stalled.reset()
        finished(checks, "stall", play, SECONDS + 90)
    nothing_lost(checks, "stall", file, nginx.recordings("stall"), repeats=None)


def backup_takes_over(checks, directory, file):
    with Nginx(directory / "first") as first, Nginx(directory / "backup") as backup:
        more = ["--backup", backup.url, "--backup-after", "2s", "--json"]
        with Play(directory / "take-over", file, first.url, "take-over", *more) as play:
            on_air(first.recordings, "take-over")
            time.sleep(7)
            first.stop()
            killed = time.monotonic()
            taken = eventually(lambda: backup.publishes("take-over"), 20)
            gap = time.monotonic() - killed
            checks.check("backup: used 2 s after the first is gone", taken and 1.5 <= gap < 6, f"{gap:.1f} s")
            finished(checks, "backup", play, SECONDS + 60)
            end, = told(play)
        checks.equal("backup: and it is said", end.get("on_backup"), True, end)
        parts = first.recordings("take-over") + backup.recordings("take-over")
    nothing_lost(checks, "backup", file, parts)


def one_of_two_is_dead(checks, directory, nginx, file):
    dead = f"dead=rtmp://127.0.0.1:{free_port()}/live"
    more = ["--to", dead, "--key-file", directory / "two" / "key", "--patience", "10s", "--json"]
    with Play(directory / "two", file, f"alive={nginx.url}", "two", *more) as play:
        finished(checks, "two", play, SECONDS + 60)
        took = play.elapsed()
        # Warnings stand before it.
        ends = {one["name"]: one for one in told(play)}
    checks.check("two: the dead one does not make it longer", took < SECONDS + 15, f"{took:.1f} s")
    checks.equal("two: one has aired", [name for name, end in ends.items() if end["finished"]], ["alive"])
    kind = (ends["dead"].get("failure") or {}).get("kind")
    checks.equal("two: why the other has not is told", kind, "IngestUnreachable")
    nothing_lost(checks, "two", file, nginx.recordings("two"), cuts=0)


def wrong_key(checks, directory, nginx, file):
    with Play(directory / "wrong", file, nginx.url, "wrong-key-7d31") as play:
        code = play.wait(60)
        checks.equal("wrong key: exit code", code, 77, f"{play.elapsed():.1f} s: {play.last_words()}")
        checks.check("wrong key: and it is not printed", "wrong-key-7d31" not in play.output())
    checks.equal("wrong key: nothing is recorded", nginx.recordings("wrong-key-7d31"), [])


def dead_ingest(checks, directory, file):
    url = f"rtmp://127.0.0.1:{free_port()}/live"
    with Play(directory / "dead", file, url, "key") as play:
        code = play.wait(120)
        checks.equal("dead ingest: exit code", code, 69, f"{play.elapsed():.1f} s: {play.last_words()}")


def silent_ingest(checks, directory, file):
    with Proxy() as proxy, Play(directory / "silent", file, proxy.url, "key") as play:
        code = play.wait(180)
        words = f"exit {code} after {play.elapsed():.1f} s: {play.last_words()}"
        checks.check("silent ingest: given up", code in (69, 76), words)


def bad_files(checks, directory, nginx):
    files = directory / "bad"
    files.mkdir()
    good = media.encode(files / "good.mp4", 4)
    first = media.remux(good, files / "first.mp4", "-movflags", "+faststart")
    cut_moov_last = files / "truncated-moov-last.mp4"
    cut_moov_last.write_bytes(good.read_bytes()[: good.stat().st_size // 2])
    cut_moov_first = files / "truncated-moov-first.mp4"
    cut_moov_first.write_bytes(first.read_bytes()[: first.stat().st_size // 2])
    text = files / "text.mp4"
    text.write_text("This is no video.\n" * 1000)
    empty = files / "empty.mp4"
    empty.touch()
    cases = {
        "HEVC": (media.encode(files / "hevc.mp4", 2, video=["-c:v", "libx265", "-preset", "ultrafast",
                                                            "-x265-params", "log-level=none"]), 65),
        "PCM": (media.encode(files / "pcm.mov", 2, audio=["-c:a", "pcm_s16le"]), 65),
        "no video": (media.remux(good, files / "sound.mp4", "-vn"), 65),
        "truncated, moov last": (cut_moov_last, 65),
        "truncated, moov first": (cut_moov_first, 65),
        "text": (text, 65),
        "empty": (empty, 65),
        "missing": (files / "missing.mp4", 66),
    }
    with Proxy(nginx.port) as proxy:
        for name, (file, expected) in cases.items():
            with Play(files / "play", file, proxy.url, "bad-file") as play:
                code = play.wait(30)
                checks.equal(f"{name}: exit code", code, expected, play.last_words())
        # To ask whether the ingest takes HEVC, which it may announce.
        checks.equal("bad files: connections made", proxy.accepted, 1)
    checks.equal("bad files: publishes", nginx.publishes("bad-file"), 0)


def on_air(recordings, key):
    """Waits until media is received."""
    if not eventually(lambda: recordings(key), 30):
        raise RuntimeError("it never went on air")


def finished(checks, name, play, seconds):
    code = play.wait(seconds)
    checks.equal(f"{name}: the show ends well", code, 0, play.last_words())


def told(play):
    """What `--json` says of the destinations; warnings stand before it."""
    output = play.output()
    return json.loads(output[output.index("{"):])["destinations"]


def nothing_lost(checks, name, file, parts, cuts=1, repeats=GROUP):
    checks.equal(f"{name}: recordings", len(parts), cuts + 1)
    for kind, (repeated, lost) in media.repeats_and_losses(file, parts).items():
        checks.equal(f"{name}: {kind} packets lost", lost, 0)
        if repeats:
            checks.check(f"{name}: {kind} packets repeated: at most a group of pictures each time",
                         repeated <= cuts * repeats[kind], repeated)


if __name__ == "__main__":
    main()
