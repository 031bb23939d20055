#!/usr/bin/env python3
"""`matinee check` on files that ffmpeg makes, each with something wrong; then ffmpeg, run as it
prints it, must make a file without that. And what it reads of an hour in S3: bytes and time.

Loopback only."""

import json
import os
import pathlib
import re
import subprocess
import tempfile
import time

from rehearsal import media
from rehearsal.checks import Checks
from rehearsal.matinee import BINARY
from rehearsal.objects import Objects

# An answer of S3 within its region takes 10 to 30 ms.
LATENCY = 0.02
HOUR_SECONDS = 2.0
HOUR_MB = 20.0

PICTURE = ["-f", "lavfi", "-i"]
SOUND = ["-f", "lavfi", "-i", "anoisesrc=seed=1:amplitude=0.2:sample_rate=48000"]
X264 = ["-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p", "-bf", 2, "-g", 60, "-sc_threshold", 0]
AAC = ["-c:a", "aac", "-b:a", "128k", "-ac", 2]


def picture(size="640x360", rate=30):
    return [*PICTURE, f"testsrc2=size={size}:rate={rate}"]


# name: (arguments of ffmpeg, what `--for facebook` must find, what `--for twitch` must find)
BAD = {
    "key frames every 10 s": (
        [*picture(), *SOUND, "-t", 22, *X264, "-g", 300, "-keyint_min", 300, *AAC],
        {"error key-frames"}, {"warning key-frames"}),
    "interlaced": (
        [*picture(), *SOUND, "-t", 5, *X264, "-flags", "+ilme+ildct", *AAC],
        {"error progressive"}, {"warning progressive"}),
    "4:2:2": (
        [*picture(), *SOUND, "-t", 5, *X264, "-pix_fmt", "yuv422p", *AAC],
        {"error eight-bit"}, {"error eight-bit"}),
    "10 bits": (
        [*picture(), *SOUND, "-t", 5, *X264, "-pix_fmt", "yuv420p10le", *AAC],
        {"error eight-bit"}, {"error eight-bit"}),
    "no sound": (
        [*picture(), "-t", 5, *X264],
        {"error sound"}, {"warning sound"}),
    "mono with 22 kHz": (
        [*picture(), *SOUND, "-t", 5, *X264, *AAC, "-ar", 22050, "-ac", 1],
        {"error sample-rate"}, {"warning sample-rate"}),
    "60 frames a second with 12 Mbit/s": (
        [*picture("1920x1080", 60), *SOUND, "-t", 5, *X264, "-g", 120, "-b:v", "12M", "-minrate", "12M",
         "-maxrate", "12M", "-bufsize", "6M", "-x264-params", "nal-hrd=cbr", *AAC],
        {"warning bit-rate"}, {"error bit-rate"}),
    "level 5.2": (
        [*picture(), *SOUND, "-t", 5, *X264, "-level", "5.2", *AAC],
        {"error level"}, set()),
    "four times as many pixels": (
        [*picture("3840x2160"), *SOUND, "-t", 2.1, *X264, *AAC],
        {"error frame-size"}, {"warning frame-size"}),
    "HEVC": (
        [*picture(), *SOUND, "-t", 5, "-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
         "log-level=none:keyint=60", "-tag:v", "hvc1", *AAC],
        {"error video-codec"}, {"error video-codec"}),
    "HDR": (
        [*picture(), *SOUND, "-t", 3, *X264, "-color_primaries", "bt2020", "-color_trc", "smpte2084",
         "-colorspace", "bt2020nc", *AAC],
        {"warning standard-range"}, {"warning standard-range"}),
    "a frame rate that varies": (
        [*picture(), *SOUND, "-t", 6, "-vf", "select='mod(n,4)'", "-vsync", "vfr", *X264, *AAC],
        {"warning steady-frame-rate"}, {"warning steady-frame-rate"}),
    "pixels that are not square": (
        [*picture("480x360"), *SOUND, "-t", 3, "-vf", "setsar=4/3", *X264, *AAC],
        {"warning square-pixels"}, {"warning square-pixels"}),
    "sound that starts late and ends early": (
        [*picture(), "-itsoffset", 1.5, *SOUND, "-map", 0, "-map", 1, "-t", 8, *X264, *AAC,
         "-af", "atrim=end=4"],
        {"warning start-together", "warning end-together"}, {"warning start-together", "warning end-together"}),
}


def main():
    checks = Checks("preflight")
    with tempfile.TemporaryDirectory(prefix="matinee-") as directory:
        directory = pathlib.Path(directory)
        with checks.section("a good file"):
            good(checks, directory)
        for name, (arguments, facebook, twitch) in BAD.items():
            with checks.section(name):
                path = directory / f"{name.replace('/', ' ')}.mp4"
                media.ffmpeg(*arguments, path)
                found(checks, path, facebook, twitch)
                mended(checks, path, facebook | twitch)
                for leftover in directory.glob("*.mp4"):
                    leftover.unlink()
        with checks.section("a picture that is to be turned"):
            upright = directory / "upright.mp4"
            media.ffmpeg(*picture(), *SOUND, "-t", 3, *X264, *AAC, upright)
            path = directory / "it's turned.mp4"
            media.ffmpeg("-i", upright, "-c", "copy", "-metadata:s:v", "rotate=90", path)
            found(checks, path, {"warning upright"}, {"warning upright"})
            mended(checks, path, {"warning upright"})
        with checks.section("a file that cannot be sent"):
            path = directory / "sound as PCM.mov"
            media.ffmpeg(*picture(), *SOUND, "-t", 3, *X264, "-c:a", "pcm_s16le", path)
            found(checks, path, {"error can-be-sent"}, {"error can-be-sent"})
            mended(checks, path, {"error can-be-sent"})
        with checks.section("what cannot be read"):
            checks.equal("no file: exit code", run(directory / "none.mp4")[0], 66)
            checks.equal("no server: exit code", run("http://127.0.0.1:1/talk.mp4", patience=120)[0], 74)
        with checks.section("an hour in S3"):
            hour(checks, directory)
    checks.finish()


def good(checks, directory):
    path = directory / "good.mp4"
    media.ffmpeg(*picture("1280x720"), *SOUND, "-t", 6, *X264, "-b:v", "3500k", "-minrate", "3500k", "-maxrate", "3500k",
                 "-bufsize", "1750k", "-x264-params", "nal-hrd=cbr", *AAC, path)
    code, report = run(path)
    checks.equal("exit code", code, 0)
    checks.equal("findings", rules(report), set())
    checks.equal("command", report["command"], None)
    video = report["facts"]["video"]
    probed = json.loads(subprocess.run(
        ["ffprobe", "-loglevel", "error", "-of", "json", "-show_entries",
         "stream=profile,level,width,height,avg_frame_rate,sample_rate,channels", path],
        check=True, capture_output=True).stdout)["streams"]
    checks.equal("facts are those of ffprobe",
                 (video["coding"]["profile"], video["coding"]["level"], video["width"], video["height"], video["frame_rate"]),
                 (probed[0]["profile"], probed[0]["level"], probed[0]["width"], probed[0]["height"],
                  float(probed[0]["avg_frame_rate"].split("/")[0])))
    checks.equal("key frames that were looked at", video["key_frames"]["not_idr"], 0)
    plain = subprocess.run([BINARY, "check", path], capture_output=True, text=True)
    checks.check("plain lines have no colour", "\x1b" not in plain.stdout and plain.returncode == 0)


def found(checks, path, facebook, twitch):
    for platform, wanted in (("facebook", facebook), ("twitch", twitch)):
        code, report = run(path, platform)
        got = rules(report)
        checks.check(f"{platform}: {', '.join(sorted(wanted)) or 'nothing special'}", wanted <= got, sorted(got))
        errors = any(rule.startswith("error") for rule in got)
        checks.equal(f"{platform}: exit code", code, 65 if errors else 0)
    lines = subprocess.run([BINARY, "check", path], capture_output=True, text=True).stdout.splitlines()
    for finding in run(path)[1]["findings"]:
        whole = [line for line in lines if finding["what"] in line and f"[{finding['rule']}]" in line]
        if not whole:
            checks.check(f"a line for {finding['rule']}", False, lines)


def mended(checks, path, wanted):
    """Runs the printed command in a shell, where the file lies, and checks what it makes."""
    printed = subprocess.run([BINARY, "check", path.name], capture_output=True, text=True, cwd=path.parent).stdout
    command = re.search(r"^  (ffmpeg .*)$", printed, re.MULTILINE)
    if not checks.check("a command is printed", bool(command), "" if command else printed):
        return
    command = command[1]
    print(f"   {command}")
    ran = subprocess.run(["sh", "-c", command + " -y -nostdin -loglevel error"], cwd=path.parent, capture_output=True, text=True)
    if not checks.check("it runs", ran.returncode == 0, ran.stderr[-500:]):
        return
    made = path.with_name(f"{path.stem}-live.mp4")
    code, report = run(made)
    got = rules(report)
    checks.equal("what it makes has no errors", code, 0, sorted(got))
    checks.check("nor what was wrong", not {rule.split()[1] for rule in wanted} & {rule.split()[1] for rule in got if not rule.startswith("note")},
                 sorted(got))
    decoded = subprocess.run(["ffmpeg", "-nostdin", "-xerror", "-v", "error", "-i", made, "-f", "null", "-"], capture_output=True, text=True)
    checks.check("and can be decoded", decoded.returncode == 0, decoded.stderr[-300:])


def hour(checks, directory):
    """An hour's index is that of any hour, however small its picture is."""
    minute = directory / "minute.mp4"
    media.ffmpeg(*picture("320x180"), *SOUND, "-t", 60, *X264, *AAC, minute)
    path = directory / "hour.mp4"
    media.ffmpeg("-stream_loop", 59, "-i", minute, "-map", 0, "-c", "copy", path)
    with Objects(path, LATENCY) as objects:
        environment = dict(os.environ, AWS_ENDPOINT_URL_S3=objects.url, AWS_REGION="us-east-1",
                           AWS_ACCESS_KEY_ID="AKIDEXAMPLE", AWS_SECRET_ACCESS_KEY="secret")
        started = time.monotonic()
        code, report = run("s3://videos/hour.mp4", environment=environment)
        elapsed = time.monotonic() - started
        checks.check("it is found good enough", code in (0, 65) and report["facts"]["duration"] > 3599)
        checks.check(f"in under {HOUR_SECONDS} s, with {LATENCY * 1000:.0f} ms for each answer", elapsed < HOUR_SECONDS, f"{elapsed:.2f} s")
        megabytes = objects.bytes_sent / 1e6
        checks.check(f"with under {HOUR_MB:.0f} MB transferred", megabytes < HOUR_MB,
                     f"{megabytes:.2f} MB in {objects.requests} requests of {path.stat().st_size / 1e6:.0f} MB")
        checks.equal("which is what the report says", (report["bytes_read"], report["requests"]), (objects.bytes_sent, objects.requests))


def run(path, *platforms, environment=None, patience=30):
    command = [BINARY, "check", path, "--json"]
    for platform in platforms:
        command += ["--for", platform]
    ran = subprocess.run(command, capture_output=True, text=True, env=environment, timeout=patience)
    if ran.returncode not in (0, 65):
        return ran.returncode, None
    return ran.returncode, json.loads(ran.stdout)


def rules(report):
    return {f"{finding['severity']} {finding['rule']}" for finding in report["findings"]}


if __name__ == "__main__":
    main()
