#!/usr/bin/env python3
"""What ingests do to a show, and what the show does about it: the real `matinee play` against an
ingest of our own that makes faults (crates/ingest, example `measure`), and against nginx-rtmp and
ffmpeg's listener as the foreign ones.

    ci/ingest/run.py [NAME...]    only the scenarios with these words in their names
"""

import pathlib
import sys
import tempfile
import threading
import traceback

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[1]))

import enhanced
import foreign
from ours import Ours, programs
from rehearsal import media
from rehearsal.checks import Checks
from rehearsal.matinee import Play
from rehearsal.proxy import certificate_authority

SECONDS = 24
# Media seconds into the show at which things go wrong: between two key frames.
AT = 7
# What a dead ingest may cost before it is noticed.
NOTICED = 15
# Packets of one group of pictures, and of the sound beside it (48,000 / 1,024 a second).
GROUP = {"video": media.GROUP_OF_PICTURES,
         "audio": media.GROUP_OF_PICTURES / media.FRAME_RATE * 48_000 / 1_024 + 1}


class World:
    """What the scenarios share."""

    def __init__(self, directory):
        self.directory = directory
        self.file = media.encode(directory / "show.mp4", SECONDS, b_frames=2)
        self.packets = {kind: len(packets) for kind, packets in media.packets(self.file).items()}
        self.ca, _ = certificate_authority(directory)
        self.measure, self.publish = programs()

    def ours(self, name, *faults, tls=False, record=True):
        directory = self.directory / name.replace(" ", "-")
        directory.mkdir()
        certificate = (self.directory / "server.pem", self.directory / "server.key") if tls else None
        return Ours(self.measure, directory, faults, certificate, record)

    def play(self, ingest, *more, file=None):
        if ingest.tls:
            more = ("--ingest-ca-file", self.ca, *more)
        return Play(ingest.directory, file or self.file, ingest.url, "a-key-4c1f", *more)


def main():
    checks = Checks("ingest")
    with tempfile.TemporaryDirectory(prefix="matinee-") as directory:
        world = World(pathlib.Path(directory))
        wanted = [one for one in scenarios()
                  if not sys.argv[1:] or any(word in one[0] for word in sys.argv[1:])]
        for group in batches(wanted, 4):
            together(checks, world, group)
    checks.finish()


def scenarios():
    """Each a name, a function, and what it is called with."""
    def dead(name, *faults, tls=False):
        return (f"reads nothing more{name}", stops_reading, faults, tls)

    def refuses(name, fault, code, words):
        return (name, refused, fault, code, words)

    return [
        ("no fault", arrives_whole),
        ("tiny bandwidth and window", arrives_whole, "bandwidth:1", "window:64"),
        ("slow reader", arrives_whole, "slow:450000", "receive-buffer:65536"),
        ("cut", cut, f"cut:{AT}:2"),
        ("cut, never acknowledges", cut, f"cut:{AT}:2", "never-acknowledge"),
        ("half close", cut, f"half-close:{AT}"),
        ("go away", goes_away),
        dead(""),
        dead(", never acknowledges", "never-acknowledge"),
        dead(", rtmps", tls=True),
        dead(", rtmps, never acknowledges", "never-acknowledge", tls=True),
        refuses("connect is refused", "reject-connect", 77, "NetConnection.Connect.Rejected"),
        refuses("publish is refused", "reject-publish:NetStream.Publish.Denied:no live access for you",
                77, "no live access for you"),
        refuses("trouble at the ingest", "reject-publish:NetStream.Failed:maintenance", 76, "maintenance"),
        refuses("closed in place of an answer", "close-before-publish-start", 77, "probably rejected"),
        refuses("nothing listens", "refuse", 69, "cannot be connected to"),
        refuses("silent from the handshake", "silent-from:handshake", 69, "handshake"),
        refuses("silent from connect", "silent-from:connect", 69, "answer to connect"),
        refuses("silent from publish", "silent-from:publish", 69, "answer to publish"),
        ("HEVC by Enhanced RTMP", enhanced.arrives, "hvc1"),
        ("AV1 by Enhanced RTMP", enhanced.arrives, "av01"),
        ("HEVC with head and tail", enhanced.is_held, "hvc1"),
        ("AV1 with head and tail", enhanced.is_held, "av01"),
        ("HEVC where nobody takes it", enhanced.is_refused),
        ("nginx-rtmp past 4 h 39 m", foreign.nginx, -16_777.215 + 5),
        ("nginx-rtmp past 49 days", foreign.nginx, -4_294_967.296 + 5),
        ("ffmpeg's listener past 4 h 39 m", foreign.ffmpeg, -16_777.215 + 5),
        ("ffmpeg's listener past 49 days", foreign.ffmpeg, -4_294_967.296 + 5),
    ]


def batches(things, size):
    return [things[at:at + size] for at in range(0, len(things), size)]


def together(checks, world, group):
    """Runs scenarios side by side; each tells what it found when it is through."""
    def run(name, function, *arguments):
        found = Found(name)
        try:
            function(found, world, name, *arguments)
        except Exception as error:  # the others still say what they have to say
            traceback.print_exc()
            found.check("ran to its end", False, str(error).partition("\n")[0])
        with lock:
            print(f"-- {name}", flush=True)
            for check in found.checks:
                checks.check(*check)

    lock = threading.Lock()
    threads = [threading.Thread(target=run, args=one) for one in group]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


class Found:
    """What one scenario found."""

    def __init__(self, name):
        self.name = name
        self.checks = []

    def check(self, name, holds, detail=""):
        self.checks.append((f"{self.name}: {name}", holds, detail))
        return holds

    def equal(self, name, actual, expected, detail=""):
        if actual != expected:
            detail = f"expected {expected!r}, got {actual!r}{'; ' if detail else ''}{detail}"
        self.check(name, actual == expected, detail)


def arrives_whole(found, world, name, *faults):
    """All of it over one connection, each packet once."""
    with world.ours(name, *faults, record=False) as ingest, world.play(ingest) as play:
        found.equal("the show ends well", play.wait(SECONDS + 60), 0, play.last_words())
        publish, = ingest.report()
    expected = (world.packets["video"], world.packets["audio"])
    found.equal("packets", (publish["video_packets"], publish["audio_packets"]), expected)
    found.equal("it is ended in words", publish["ended"], "unpublished")
    late = publish["lateness_ms"]
    if not faults:
        found.check("it is never late", late["p99"] < 100, f"ms: {late}")


def cut(found, world, name, *faults):
    """A connection that ends: made again, nothing lost, little repeated."""
    with world.ours(name, *faults) as ingest, world.play(ingest) as play:
        found.equal("the show ends well", play.wait(SECONDS + 60), 0, play.last_words())
        publishes = ingest.report()
        found.equal("connections", len(publishes), 2)
        # Where nothing is acknowledged, all that the kernel could hold is sent again.
        repeats = None if "never-acknowledge" in faults else GROUP
        nothing_lost(found, world, ingest, repeats)
    gap = (publishes[1]["first_media_unix_ms"] - publishes[0]["first_media_unix_ms"]) / 1000 - AT
    found.check("it is back soon", gap < 8, f"after {gap:.1f} s")


def goes_away(found, world, name):
    """An ingest that asks to be left: no packet lost, none repeated, the stream not ended."""
    with world.ours(name, f"go-away:{AT}") as ingest, world.play(ingest) as play:
        found.equal("the show ends well", play.wait(SECONDS + 60), 0, play.last_words())
        publishes = ingest.report()
        nothing_lost(found, world, ingest, {"video": 0, "audio": 0})
    found.equal("endings", [one["ended"] for one in publishes], ["dropped", "unpublished"])


def stops_reading(found, world, name, faults, tls):
    """An ingest that reads nothing more: noticed, and what it has not read is sent again."""
    with world.ours(name, f"stall:{AT}", *faults, tls=tls) as ingest, world.play(ingest) as play:
        found.equal("the show ends well", play.wait(SECONDS + 60), 0, play.last_words())
        first, second = ingest.report()
        nothing_lost(found, world, ingest, None)
    taken = (second["first_media_unix_ms"] - first["first_media_unix_ms"]) / 1000 - AT
    found.check(f"it is noticed within {NOTICED} s", taken <= NOTICED, f"after {taken:.1f} s")


def refused(found, world, name, fault, code, words):
    """An ingest that does not take the show: the exit code, the words, and no key among them."""
    with world.ours(name, fault, record=False) as ingest, world.play(ingest, "--patience", "8s") as play:
        found.equal("exit code", play.wait(60), code, f"{play.elapsed():.1f} s: {play.last_words()}")
        found.check("the reason is told", words in play.output(), play.last_words())
        found.check("the key is not", "a-key-4c1f" not in play.output())
        found.equal("publishes", len(ingest.report()), 0)


def nothing_lost(found, world, ingest, repeats):
    for kind, (repeated, lost) in media.repeats_and_losses(world.file, ingest.recordings()).items():
        found.equal(f"{kind} packets lost", lost, 0)
        if repeats is not None:
            most = repeats[kind]
            found.check(f"{kind} packets repeated: at most {most:.0f}", repeated <= most, repeated)


if __name__ == "__main__":
    main()
