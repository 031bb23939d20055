"""Foreign ingests, and time stamps at which numbers end: a show that has been on air for hours or
weeks goes on, past the limit of 24 or 32 bits.

`matinee play` begins at zero, so this is the bare publisher (streamer, example `publish`), which is
the same engine."""

import subprocess
import time

from rehearsal import media
from rehearsal.checks import eventually
from rehearsal.net import free_port
from rehearsal.nginx import Nginx

LENGTH = 12


def show(world, directory):
    return media.encode(directory / "show.mp4", LENGTH, b_frames=2)


def publish(world, file, ahead, url):
    return subprocess.run([world.publish, file, str(ahead), url], input=b"late\n", capture_output=True,
                          timeout=LENGTH + 60)


def nginx(found, world, name, ahead):
    directory = directory_of(world, name)
    file = show(world, directory)
    with Nginx(directory / "nginx") as server:
        done = publish(world, file, ahead, server.url)
        found.equal("the show ends well", done.returncode, 0, done.stderr.decode()[-300:])
        recordings = eventually(lambda: server.recordings("late"), 5)
    found.equal("one recording", len(recordings), 1)
    same_packets(found, recordings[0], file)


def ffmpeg(found, world, name, ahead):
    directory = directory_of(world, name)
    file = show(world, directory)
    recording = directory / "recording.flv"
    port = free_port()
    url = f"rtmp://127.0.0.1:{port}/live"
    with open(directory / "ffmpeg.log", "wb") as log:
        process = subprocess.Popen(
            ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "warning", "-y", "-listen", "1",
             "-i", f"{url}/late", "-c", "copy", recording],
            stdin=subprocess.DEVNULL, stdout=log, stderr=log,
        )
        try:
            time.sleep(2)
            done = publish(world, file, ahead, url)
            found.equal("the show ends well", done.returncode, 0, done.stderr.decode()[-300:])
            process.wait(20)
        finally:
            if process.poll() is None:
                process.kill()
                process.wait()
    same_packets(found, recording, file)


def directory_of(world, name):
    directory = world.directory / name.replace(" ", "-").replace("'", "")
    directory.mkdir()
    return directory


def same_packets(found, recording, file):
    """Contents are those of the file; times go on evenly."""
    actual, expected = media.packets(recording), media.packets(file)
    for kind in ("video", "audio"):
        ours, theirs = actual[kind], expected[kind]
        same = [one.sha256 for one in ours] == [one.sha256 for one in theirs]
        found.check(f"{kind} packets are the file's", same and len(ours) > 0, f"{len(ours)} of {len(theirs)}")
        if not same:
            continue
        step = [abs((b.dts - a.dts) - (d.dts - c.dts))
                for a, b, c, d in zip(ours, ours[1:], theirs, theirs[1:])]
        found.check(f"{kind} time stamps go on evenly", max(step) <= 2.001, f"at most {max(step):.1f} ms off")
