#!/usr/bin/env python3
"""What a minute on air costs, beside `ffmpeg -re -c copy`: processor time, memory, the time to the
first frame, and how punctually each packet arrives; then many streams at once.

    ci/performance.py                        all of it, about an hour, on an idle machine
    ci/performance.py --seconds 20 --runs 1  a quick look
    ci/performance.py --write                and put the tables into docs/performance.md

The same file goes to the same ingest (crates/ingest/examples/measure), by turns. It is no part of
.ci/run: figures of a busy machine say nothing."""

import argparse
import datetime
import json
import pathlib
import platform
import statistics
import subprocess
import tempfile

from measuring import runs, tables
from measuring.ingest import Ingest
from measuring.web import WebServer
from rehearsal import media
from rehearsal.matinee import BINARY, ROOT
from rehearsal.proxy import certificate_authority

DOCUMENT = ROOT / "docs/performance.md"


def main():
    arguments = read_arguments()
    with tempfile.TemporaryDirectory(prefix="matinee-") as directory:
        directory = pathlib.Path(directory)
        authority, _ = certificate_authority(directory)
        certificate = directory / "server.pem", directory / "server.key"
        film = make_film(directory / "film.mp4", arguments.seconds, 6000)
        with WebServer(directory / "web", directory, certificate) as web:
            sources = {"file": film, "https": f"{web.url}/{film.name}"}
            rows = single(arguments, directory, sources, certificate, authority)
        small = make_film(directory / "small.mp4", arguments.seconds, 3000)
        many = together(arguments, directory, small)
    text = tables.document(machine(), arguments, rows, many)
    print(text)
    if arguments.write:
        tables.put_into(DOCUMENT, text)


def read_arguments():
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--seconds", type=int, default=60, help="length of each show [60]")
    parser.add_argument("--runs", type=int, default=3, help="how often each is played; the median counts [3]")
    parser.add_argument("--streams", type=int, default=100, help="how many at once; 0 leaves that out [100]")
    parser.add_argument("--only", default="", help="rows whose name holds this")
    parser.add_argument("--streamer", type=pathlib.Path, help="the container's program, to be measured, too")
    parser.add_argument("--write", action="store_true", help=f"put the tables into {DOCUMENT.relative_to(ROOT)}")
    return parser.parse_args()


def make_film(path, seconds, kilobits):
    """1080p30 with B-frames and a key frame every two seconds, of an even bit rate: noise that the
    encoder cannot predict, of which ten seconds are repeated."""
    rate = f"{kilobits}k"
    part = path.with_suffix(".part.mp4")
    video = ["-c:v", "libx264", "-preset", "veryfast", "-bf", 2, "-g", 60, "-keyint_min", 60, "-sc_threshold", 0,
             "-b:v", rate, "-minrate", rate, "-maxrate", rate, "-bufsize", rate,
             "-x264-params", "nal-hrd=cbr", "-pix_fmt", "yuv420p", "-vf", "noise=alls=12:allf=t"]
    media.encode(part, min(10, seconds), size="1920x1080", video=video)
    media.ffmpeg("-stream_loop", -1, "-i", part, "-t", seconds, "-map", "0", "-c", "copy", path)
    part.unlink()
    return path


def single(arguments, directory, sources, certificate, authority):
    """One stream at a time: each way through by each program, by turns."""
    rows = []
    for source_name, source in sources.items():
        for scheme, tls in (("rtmp", None), ("rtmps", certificate)):
            way = f"{source_name} → {scheme}"
            if arguments.only not in way:
                continue
            programs = {"ffmpeg": runs.ffmpeg, "matinee play": runs.play}
            if arguments.streamer and source_name == "file":
                programs["the container's streamer"] = runs.container(arguments.streamer)
            taken = {name: [] for name in programs}
            for number in range(arguments.runs):
                for name, run in programs.items():
                    place = directory / f"{source_name}-{scheme}-{number}-{name.replace(' ', '-')}"
                    place.mkdir()
                    with Ingest(place, tls=tls) as ingest:
                        usage = run(place, source, ingest.url, authority)
                        arrived = ingest.stop()
                    taken[name].append({**usage, **arrived[0]})
                    tables.say(way, name, taken[name][-1])
            rows += [{"way": way, "program": name, **median(figures)} for name, figures in taken.items()]
    return rows


def together(arguments, directory, film):
    """Many processes at once, each a stream of its own, to one ingest."""
    if not arguments.streams:
        return []
    rows = []
    for name, start in (("ffmpeg", runs.start_ffmpeg), ("matinee play", runs.start_play)):
        place = directory / f"many-{name.replace(' ', '-')}"
        place.mkdir()
        with Ingest(place) as ingest:
            usage = runs.many(place, film, ingest.url, start, arguments.streams)
            arrived = ingest.stop()
        figures = {**usage, **runs.pooled(arrived)}
        rows.append({"program": name, "streams": len(arrived), **figures})
        tables.say(f"{arguments.streams} streams", name, figures)
    return rows


def median(figures):
    return {key: statistics.median(one[key] for one in figures) for key in figures[0]}


def machine():
    model = next((line.split(":")[1].strip() for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines()
                  if line.startswith("model name")), platform.machine())
    cores = len([line for line in pathlib.Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("processor")])
    version = subprocess.run(["ffmpeg", "-version"], capture_output=True, text=True, check=True).stdout.split()[2]
    commit = subprocess.run(["git", "-C", ROOT, "rev-parse", "--short", "HEAD"], capture_output=True, text=True).stdout.strip()
    return {"model": model, "cores": cores, "ffmpeg": version, "commit": commit or "unknown",
            "date": datetime.date.today().isoformat(), "kernel": platform.release(), "binary": str(BINARY)}


if __name__ == "__main__":
    main()
