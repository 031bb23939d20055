#!/usr/bin/env python3
"""Makes a corpus of short videos, of every kind that is sent, by ffmpeg and by editing boxes.

usage: ci/corpus.py DIRECTORY
"""

import concurrent.futures
import os
import pathlib
import subprocess
import sys

from rehearsal import boxes

HERE = pathlib.Path(__file__).resolve().parent
SECONDS = 6


def ffmpeg(*arguments):
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def picture(rate=30, size="320x180"):
    return ["-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={SECONDS}"]


def sound(rate=48000, channels=2):
    layout = {1: "mono", 2: "stereo", 6: "5.1"}[channels]
    tones = "|".join(f"0.2*sin({220 + 110 * channel}*2*PI*t)" for channel in range(channels))
    source = f"aevalsrc='{tones}':channel_layout={layout}:sample_rate={rate}:duration={SECONDS}"
    return ["-f", "lavfi", "-i", source]


def avc(group=60, b_frames=2, parameters=""):
    more = ["-x264-params", parameters] if parameters else []
    return ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p", "-b:v", "400k", "-g", group,
            "-keyint_min", min(group, 60), "-sc_threshold", 0, "-bf", b_frames, "-threads", 1, *more]


AAC = ["-c:a", "aac", "-b:a", "96k"]
FRAGMENTS = "frag_keyframe+empty_moov"


def encoded():
    """Files that are encoded: (name, arguments of ffmpeg without the name)."""
    plain = [*picture(), *sound()]
    return {
        "moov-last.mp4": [*plain, *avc(b_frames=0), *AAC],
        "b-pyramid.mp4": [*plain, *avc(b_frames=3, parameters="b-pyramid=normal"), *AAC],
        "open-gop.mp4": [*plain, *avc(b_frames=3, parameters="open-gop=1"), *AAC],
        "long-gop.mp4": [*plain, *avc(group=600), *AAC],
        "interlaced.mp4": [*plain, *avc(parameters="tff=1"), "-flags:v", "+ildct+ilme", *AAC],
        "no-audio.mp4": [*picture(), *avc()],
        "29.97.mp4": [*picture("30000/1001"), *sound(), *avc(), *AAC],
        "59.94.mp4": [*picture("60000/1001"), *sound(), *avc(group=120), *AAC],
        "23.976.mov": [*picture("24000/1001"), *sound(), *avc(group=48), *AAC],
        "variable-rate.mp4": [*plain, "-vf", "select='not(eq(mod(n,7),3))'", "-vsync", "vfr", *avc(), *AAC],
        "non-square.mp4": [*plain, "-vf", "setsar=4/3", *avc(), *AAC],
        "mono.mp4": [*picture(), *sound(channels=1), *avc(), *AAC],
        "surround.mp4": [*picture(), *sound(channels=6), *avc(), "-c:a", "aac", "-b:a", "256k"],
        "44100.mp4": [*picture(), *sound(rate=44100), *avc(), *AAC],
        "22050.mp4": [*picture(), *sound(rate=22050), *avc(), "-c:a", "aac", "-b:a", "48k"],
        "24000.mp4": [*picture(), *sound(rate=24000), *avc(), "-c:a", "aac", "-b:a", "48k"],
        "timecode.mov": [*plain, *avc(), *AAC, "-timecode", "01:00:00:00"],
        "negative-offsets.mp4": [*plain, *avc(), *AAC, "-movflags", "+negative_cts_offsets"],
        "no-edit-list.mp4": [*plain, *avc(), *AAC, "-use_editlist", 0],
    }


def remuxed():
    """Files with the packets of others: (name, from, arguments after the input)."""
    b = "b-pyramid.mp4"
    return {
        "moov-first.mp4": (b, ["-movflags", "+faststart"]),
        "quicktime.mov": (b, []),
        "apple.m4v": (b, []),
        "fine-time-scale.mp4": (b, ["-video_track_timescale", 1_000_000]),
        "rotated.mp4": (b, ["-metadata:s:v", "rotate=90"]),
        "fragments-default-base.mp4": (b, ["-movflags", f"{FRAGMENTS}+default_base_moof"]),
        "fragments-absolute.mp4": (b, ["-movflags", FRAGMENTS]),
        "fragments-no-offset.mp4": (b, ["-movflags", f"{FRAGMENTS}+omit_tfhd_offset"]),
        "fragments-separate.mp4": (b, ["-movflags", f"{FRAGMENTS}+separate_moof"]),
        "fragments-each-frame.mp4": (b, ["-movflags", "frag_every_frame+empty_moov+default_base_moof"]),
        "fragments-delayed.mp4": (b, ["-movflags", "frag_keyframe+delay_moov+default_base_moof"]),
        "fragments-one-second.mp4": (b, ["-movflags", "empty_moov+default_base_moof", "-frag_duration", 1_000_000]),
        "fragments-sidx.mp4": (b, ["-movflags", "dash+frag_keyframe+delay_moov"]),
        "fragments-global-sidx.mp4": (b, ["-movflags", "dash+frag_keyframe+delay_moov+global_sidx"]),
        "fragments-cmaf.mp4": (b, ["-movflags", "cmaf+frag_keyframe+delay_moov"]),
        "fragments-no-audio.mp4": ("no-audio.mp4", ["-movflags", f"{FRAGMENTS}+default_base_moof"]),
    }


def combined(directory):
    """What takes more than one input, or options before it."""
    b = directory / "b-pyramid.mp4"
    copy = ["-c", "copy"]
    ffmpeg("-ss", 2.5, "-i", b, *copy, directory / "cut-start.mp4")
    ffmpeg("-i", b, "-t", 3.3, *copy, directory / "cut-end.mp4")
    ffmpeg("-i", b, "-itsoffset", 0.3, "-i", b, "-map", "0:v", "-map", "1:a", *copy, directory / "empty-edit.mp4")
    ffmpeg("-itsoffset", 0.3, "-i", b, "-i", b, "-map", "0:v", "-map", "1:a", *copy, directory / "late-picture.mp4")
    other = directory / "22050.mp4"
    ffmpeg("-i", b, "-i", other, "-map", "0:v", "-map", "0:a", "-map", "1:a", *copy,
           directory / "second-audio.mp4")
    ffmpeg("-i", b, "-i", other, "-map", "0:v", "-map", "0:a", "-map", "1:a", *copy,
           "-disposition:a:0", "0", "-disposition:a:1", "default", directory / "second-audio-enabled.mp4")
    subtitles = directory / "subtitles.srt"
    subtitles.write_text("1\n00:00:01,000 --> 00:00:02,000\nWords\n\n")
    ffmpeg("-i", b, "-i", subtitles, "-map", "0", "-map", "1", *copy, "-c:s", "mov_text",
           directory / "subtitles.mp4")
    subtitles.unlink()


def edited(directory):
    """What ffmpeg does not write."""
    b = directory / "b-pyramid.mp4"
    boxes.edit(b, directory / "long-offsets.mp4", boxes.long_offsets)
    boxes.edit(b, directory / "two-entries.mp4", boxes.two_entries)
    boxes.edit(b, directory / "composition-version-1.mp4", boxes.composition_version_1)
    # HE-AAC, signalled: object type 5 over a core of 24 kHz, twice that out, of which every frame
    # lacks the upper half. As for a decoder when the band is empty.
    boxes.edit(directory / "24000.mp4", directory / "he-aac.mp4", boxes.aac_config(bytes([0x2B, 0x11, 0x88, 0x00])))
    # Two edits with a pause in one and a jump in the other, both within a GOP.
    edits = "[[[2000, 8192], [2000, 40960]], [[2000, 25600], [2000, 128000]]]"
    set_edit_list(b, directory / "several-edits.mp4", edits)
    set_edit_list(b, directory / "pause.mp4", "[[[500, -1], [3000, 1024]], [[3500, 1024]]]")


def set_edit_list(source, target, edits):
    subprocess.run([sys.executable, HERE / "set-edit-list.py", source, target, edits], check=True)


def make(directory):
    """Makes all of it; the paths by name."""
    directory = pathlib.Path(directory)
    directory.mkdir(parents=True, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        jobs = [pool.submit(ffmpeg, *arguments, directory / name) for name, arguments in encoded().items()]
        for job in jobs:
            job.result()
        jobs = [
            pool.submit(ffmpeg, "-i", directory / source, "-map", "0", "-c", "copy", *arguments, directory / name)
            for name, (source, arguments) in remuxed().items()
        ]
        for job in jobs:
            job.result()
    combined(directory)
    edited(directory)
    return {path.name: path for path in sorted(directory.iterdir())}


if __name__ == "__main__":
    print(f"{len(make(sys.argv[1]))} files in {sys.argv[1]}")
