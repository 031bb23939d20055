#!/usr/bin/env python3
"""What arrives from `matinee play` is, packet for packet, what arrives from `ffmpeg -re -c copy`:
at nginx-rtmp for four kinds of files, through RTMPS, and at ffmpeg's own listener. Each of a corpus
of some fifty kinds is played to an ingest of our own, and what would be sent is also written to a
file at full speed: both are compared with what `ffmpeg -c copy` writes, packets, times and decoded
frames. docs/same-as-ffmpeg.md explains what differs."""

import concurrent.futures
import os
import pathlib
import subprocess
import tempfile

import corpus
from ingest.ours import Ours, programs
from rehearsal import media
from rehearsal.checks import Checks, eventually
from rehearsal.matinee import ROOT, Play
from rehearsal.net import free_port
from rehearsal.nginx import Nginx
from rehearsal.proxy import Proxy, certificate_authority

SECONDS = 12


def main():
    checks = Checks("same as ffmpeg")
    with tempfile.TemporaryDirectory(prefix="matinee-") as directory:
        directory = pathlib.Path(directory)
        with checks.section("a corpus, at full speed"):
            corpus_files = of_corpus(checks, directory)
        with checks.section("the corpus, played to an ingest"):
            corpus_on_air(checks, directory, corpus_files)
        files = make_files(directory)
        with Nginx(directory / "nginx") as nginx:
            with checks.section("four kinds of files at nginx-rtmp, side by side"):
                at_nginx(checks, directory, nginx, files)
            with checks.section("RTMPS"):
                over_tls(checks, directory, nginx, files["b-frames"])
        with checks.section("ffmpeg's own listener"):
            at_ffmpeg(checks, directory, files["b-frames"])
    checks.finish()


# The sound that is sent, where it is not the first of the file: ffmpeg is told, we find out.
SOUND = {"second-audio-enabled.mp4": 1}
# By how many milliseconds the sound is later than ffmpeg's, which docs/same-as-ffmpeg.md explains.
LATER = {"fragments-cmaf.mp4": 67}


def of_corpus(checks, directory):
    files = corpus.make(directory / "corpus")
    subprocess.run(["cargo", "build", "--quiet", "-p", "streamer", "--example", "flv"], cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    ours, theirs = directory / "ours", directory / "theirs"
    ours.mkdir()
    theirs.mkdir()
    pairs = [part for name, file in files.items() for part in (file, ours / f"{name}.flv")]
    written = subprocess.run([target / "debug/examples/flv", *pairs], capture_output=True, text=True)
    checks.equal("corpus: none is refused", written.returncode, 0, written.stderr.strip())

    def expect(name, file):
        sound = f"0:a:{SOUND.get(name, 0)}?"
        media.ffmpeg("-i", file, "-map", "0:v:0", "-map", sound, "-c", "copy", "-f", "flv", theirs / f"{name}.flv")

    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        list(pool.map(lambda item: expect(*item), files.items()))
    for name in files:
        recordings = ours / f"{name}.flv", theirs / f"{name}.flv"
        has_sound = "no-audio" not in name
        media.compare(checks, name, *recordings, has_sound=has_sound, sound_later=LATER.get(name, 0))
        media.compare_frames(checks, name, *recordings)
    return files


def corpus_on_air(checks, directory, files):
    measure, _ = programs()

    def play(name, file):
        place = directory / "on-air" / name
        place.mkdir(parents=True)
        with Ours(measure, place, [], None, record=True) as ingest:
            code, words = publish(place, file, ingest.url, "a-key")
            ingest.report()
            return code, words, ingest.recordings()

    with concurrent.futures.ThreadPoolExecutor(12) as pool:
        played = pool.map(lambda item: play(*item), files.items())
        for name, (code, words, recordings) in zip(files, played):
            checks.equal(f"{name}: exit code", code, 0, words if code else "")
            if checks.equal(f"{name}: recordings", len(recordings), 1):
                has_sound = "no-audio" not in name
                media.compare(checks, f"{name}, on air", recordings[0], directory / "theirs" / f"{name}.flv",
                              has_sound=has_sound, sound_later=LATER.get(name, 0))


def make_files(directory):
    plain = media.encode(directory / "moov-last.mp4", SECONDS)
    b_frames = media.encode(directory / "b-frames.mp4", SECONDS, b_frames=3)
    return {
        "moov-last": plain,
        "moov-first": media.remux(plain, directory / "moov-first.mp4", "-movflags", "+faststart"),
        "b-frames": b_frames,
        "mov": media.remux(b_frames, directory / "quicktime.mov"),
    }


def at_nginx(checks, directory, nginx, files):
    with concurrent.futures.ThreadPoolExecutor() as pool:
        by_ffmpeg = [pool.submit(publish_by_ffmpeg, file, f"{nginx.url}/ffmpeg-{name}") for name, file in files.items()]
        by_us = {
            name: pool.submit(publish, directory / f"play-{name}", file, nginx.url, f"matinee-{name}")
            for name, file in files.items()
        }
        for done in by_ffmpeg:
            done.result()
        for name, done in by_us.items():
            code, words = done.result()
            checks.equal(f"{name}: exit code", code, 0, words if code else "")
    for name in files:
        compare(checks, name, nginx, f"matinee-{name}", f"ffmpeg-{name}")


def over_tls(checks, directory, nginx, file):
    authority, context = certificate_authority(directory)
    trusting = {"SSL_CERT_FILE": str(authority)}
    with Proxy(nginx.port, tls=context) as proxy:
        code, words = publish(directory / "play-tls", file, proxy.url, "matinee-tls", environment=trusting)
        checks.equal("RTMPS: exit code", code, 0, words if code else "")
        compare(checks, "RTMPS", nginx, "matinee-tls", "ffmpeg-b-frames")

        code, words = publish(directory / "play-untrusted", file, proxy.url, "matinee-untrusted")
        checks.check("RTMPS: a certificate that nobody vouches for is refused", code != 0, f"exit {code}: {words}")
        checks.equal("RTMPS: and nothing is published", nginx.publishes("matinee-untrusted"), 0)


def at_ffmpeg(checks, directory, file):
    # What ffmpeg itself publishes to its listener lacks the last packets there, so the measure is
    # what it writes to a file.
    expected = media.remux(file, directory / "expected.flv")
    recording = directory / "listener.flv"
    port = free_port()
    listener = subprocess.Popen(
        ["ffmpeg", "-nostdin", "-loglevel", "fatal", "-y", "-listen", "1",
         "-i", f"rtmp://127.0.0.1:{port}/live/key", "-c", "copy", recording],
        stdin=subprocess.DEVNULL,
    )
    try:
        # It serves one connection only, so whether it listens is seen in the kernel's table.
        eventually(lambda: f"0100007F:{port:04X}" in pathlib.Path("/proc/net/tcp").read_text(), 10)
        code, words = publish(directory / "play-listener", file, f"rtmp://127.0.0.1:{port}/live", "key")
        checks.equal("ffmpeg's listener: exit code", code, 0, words if code else "")
        listener.wait(20)
    finally:
        if listener.poll() is None:
            listener.kill()
            listener.wait()
    media.compare(checks, "ffmpeg's listener", recording, expected)


def publish_by_ffmpeg(file, url):
    media.ffmpeg("-re", "-i", file, "-c", "copy", "-f", "flv", url)


def publish(directory, file, url, key, environment=None):
    with Play(directory, file, url, key, environment=environment) as play:
        code = play.wait(SECONDS + 60)
        return code, play.last_words()


def compare(checks, name, nginx, ours, theirs):
    ours, theirs = nginx.recordings(ours), nginx.recordings(theirs)
    if checks.equal(f"{name}: recordings", (len(ours), len(theirs)), (1, 1)):
        media.compare(checks, name, ours[0], theirs[0])


if __name__ == "__main__":
    main()
