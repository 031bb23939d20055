#!/usr/bin/env python3
"""Head, tail and silence, judged by ffmpeg: every stream decodes without a complaint, the head shows
the first picture, the tail the last one, both are silent, and the video between is untouched, as are
captions and colour. Streams are written by `streamer/examples/programme.rs`, and one is sent to nginx-rtmp."""

import json
import os
import pathlib
import subprocess
import tempfile

from rehearsal import captions, media
from rehearsal.checks import Checks, eventually
from rehearsal.matinee import ROOT, Play
from rehearsal.nginx import Nginx

HEAD = 3.0
TAIL = 3.0
RATE = 25
X264 = ["-c:v", "libx264", "-preset", "veryfast", "-pix_fmt", "yuv420p"]
GROUPS = ["-g", "50", "-keyint_min", "50", "-sc_threshold", "0"]

# Name, options of the video, options of the sound, whether the tail repeats a key frame.
VIDEOS = [
    ("baseline, CAVLC", [*X264, *GROUPS, "-profile:v", "baseline"], ["-ac", "2"], False),
    ("high, CABAC, B-pyramid", [*X264, *GROUPS, "-profile:v", "high", "-bf", "3", "-refs", "4",
                                "-x264-params", "b-pyramid=normal:weightp=2"], ["-ac", "2"], False),
    ("CAVLC with B-frames", [*X264, *GROUPS, "-bf", "2", "-coder", "0"], ["-ac", "2"], False),
    ("four slices", [*X264, *GROUPS, "-bf", "2", "-slices", "4"], ["-ac", "2"], False),
    ("one reference picture", [*X264, *GROUPS, "-bf", "0", "-refs", "1"], ["-ac", "2"], False),
    ("open GOPs", [*X264, *GROUPS, "-bf", "3", "-x264-params", "open-gop=1"], ["-ac", "2"], False),
    ("intra refresh", [*X264, "-bf", "0", "-x264-params", "intra-refresh=1:keyint=50"], ["-ac", "2"], False),
    ("delimiters and HRD", [*X264, *GROUPS, "-bf", "2", "-b:v", "500k", "-maxrate", "500k", "-bufsize", "500k",
                            "-x264-params", "aud=1:nal-hrd=vbr"], ["-ac", "2"], False),
    ("interlaced, CABAC", [*X264, *GROUPS, "-bf", "2", "-flags", "+ilme+ildct", "-x264-params", "tff=1"],
     ["-ac", "2"], False),
    ("interlaced, CAVLC", [*X264, *GROUPS, "-bf", "0", "-coder", "0", "-flags", "+ilme+ildct",
                           "-x264-params", "bff=1"], ["-ac", "2"], False),
    ("fields told apart", [*X264, *GROUPS, "-bf", "2", "-x264-params", "fake-interlaced=1"], ["-ac", "2"], False),
    ("10 bits", [*X264, *GROUPS, "-pix_fmt", "yuv420p10le", "-bf", "2"], ["-ac", "2"], False),
    ("4:4:4", [*X264, *GROUPS, "-pix_fmt", "yuv444p", "-bf", "2"], ["-ac", "2"], False),
    ("a key frame at the end", [*X264, "-g", "51", "-bf", "0", "-force_key_frames", "expr:gte(n,99)"],
     ["-ac", "2"], True),
    ("44.1 kHz, mono", [*X264, *GROUPS, "-bf", "2"], ["-ac", "1", "-ar", "44100"], False),
    ("5.1", [*X264, *GROUPS, "-bf", "2"], ["-ac", "6"], False),
    ("no sound", [*X264, *GROUPS, "-bf", "2"], None, False),
]


def main():
    checks = Checks("head, tail and silence")
    flv = example()
    with tempfile.TemporaryDirectory(prefix="matinee-") as directory:
        directory = pathlib.Path(directory)
        for number, (name, video, audio, repeats) in enumerate(VIDEOS):
            with checks.section(name):
                file = encode(directory / f"{number}.mp4", video, audio)
                judge(checks, flv, directory, file, audio is not None, repeats)
        with checks.section("key frames only"):
            file = encode(directory / "intra.mp4", [*X264, "-g", "1"], ["-ac", "2"])
            said = write(flv, file, directory / "refused.flv", "--head", HEAD)
            checks.check("a head is refused in words", "may not refer to one another" in said, said)
        with checks.section("going on after a drop"):
            go_on(checks, flv, directory, directory / "1.mp4")
        with checks.section("captions and colour"):
            untouched(checks, flv, directory)
        with checks.section("to nginx-rtmp"):
            publish(checks, flv, directory, directory / "1.mp4")
        with checks.section("the second of two sound tracks, to nginx-rtmp"):
            choose(checks, directory, directory / "1.mp4")
    checks.finish()


def example():
    """The program that writes streams; `PROGRAMME` names one that is built."""
    if "PROGRAMME" in os.environ:
        return pathlib.Path(os.environ["PROGRAMME"])
    subprocess.run(["cargo", "build", "--quiet", "-p", "streamer", "--example", "programme"], cwd=ROOT, check=True)
    target = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
    return target / "debug/examples/programme"


def encode(path, video, audio):
    sound = ["-f", "lavfi", "-i", "anoisesrc=seed=1:amplitude=0.2:sample_rate=48000"] if audio else []
    audio = ["-c:a", "aac", *audio] if audio else []
    media.ffmpeg("-f", "lavfi", "-i", f"testsrc2=size=426x240:rate={RATE}", *sound,
                 "-t", 4, *video, *audio, path)
    return path


def write(flv, file, out, *options):
    """The stream as an ingest gets it; returns what is said of it."""
    done = subprocess.run([flv, file, out, *map(str, options)], capture_output=True, text=True)
    return done.stderr.strip()


def judge(checks, flv, directory, file, has_sound, repeats):
    plain, whole = directory / "plain.flv", directory / "whole.flv"
    write(flv, file, plain)
    warned = write(flv, file, whole, "--head", HEAD, "--tail", TAIL, "--silence")
    checks.equal("decodes without a complaint", media.complaints(whole), media.complaints(plain))
    checks.check("no warning of a tail that is not held", "cannot be held" not in warned, warned)

    bare, full = media.packets(plain), media.packets(whole)
    video = full["video"]
    length = len(bare["video"])
    start = find(contents(video), contents(bare["video"]), round(HEAD * RATE))
    if not checks.check("the video's packets are untouched", start is not None):
        return
    head, tail = video[:start], video[start + length:]
    # The picture may start a little after the sound.
    checks.check("frames of the head", len(head) in (HEAD * RATE, HEAD * RATE + 1), len(head))
    checks.equal("frames of the tail", len(tail), round(TAIL * RATE))
    steps = [b.dts - a.dts for a, b in zip(video, video[1:])]
    checks.check("decoding times rise evenly", all(abs(step - 1000 / RATE) <= 2 for step in steps),
                 f"by {min(steps):.0f} to {max(steps):.0f} ms")
    keys = [packet.dts for packet in head if packet.key] + [video[start].dts]
    checks.check("a key frame at least every two seconds of the head",
                 keys[0] == 0 and all(b - a <= 2000 for a, b in zip(keys, keys[1:])), keys)
    rates = [sum(packet.size for packet in part) * 8 / seconds / 1000
             for part, seconds in ((head, HEAD), (bare["video"], 4), (tail, TAIL))]
    checks.check("no more bits a second than the video", max(rates[0], rates[2]) <= rates[1],
                 "head {:.0f}, video {:.0f}, tail {:.0f} kbit/s".format(*rates))
    checks.equal("key frames in the tail", any(packet.key for packet in tail), repeats)

    shown, alone = pictures(whole), pictures(plain)
    checks.check("the head shows the first picture", set(shown[:start]) == {alone[0]})
    checks.check("the pictures of the video are untouched", shown[start:start + length] == alone,
                 f"{len(alone)} pictures")
    checks.check("the tail shows the last picture", set(shown[start + length:]) == {alone[-1]}
                 and len(shown) == len(video), f"{len(shown)} pictures, {len(video)} packets")
    judge_sound(checks, plain if has_sound else None, whole, bare["audio"], full["audio"],
                max(packet.pts for packet in video) + 1000 / RATE)


def judge_sound(checks, plain, whole, bare, full, until):
    channels, rate, sound = samples(whole)
    frame = 1024 * channels * 2
    steps = {round((b.dts - a.dts) * rate / 1024 / 1000, 1) for a, b in zip(full, full[1:])}
    checks.check("sound without a gap", steps == {1.0}, steps)
    lasts = 1024 / rate * 1000
    end = full[-1].dts + lasts
    checks.check("as long as the picture, to within a frame", abs(end - until) <= lasts + 1,
                 f"{end:.0f} ms, the picture {until:.0f} ms")
    if not plain:
        checks.check("all is silent", len(sound) > 9 * rate * channels * 2 and not any(sound))
        return
    first = find(contents(full), contents(bare), 0)
    _, _, alone = samples(plain)
    last = first * frame + len(alone)
    checks.check("the head is silent", first > 100 and not any(sound[:first * frame]), f"{first} frames")
    checks.check("the sound of the video is untouched", sound[first * frame:last] == alone)
    # What the last frame leaves to the next is heard in one more.
    checks.check("the tail is silent", len(sound) > last + 100 * frame and not any(sound[last + frame:]))


def go_on(checks, flv, directory, file):
    """From anywhere on, the stream decodes, and is the end of the whole one."""
    whole, part = directory / "whole.flv", directory / "part.flv"
    write(flv, file, whole, "--head", HEAD, "--tail", TAIL)
    whole = contents(media.packets(whole)["video"])
    for position in (0.5, 2.5, 3.5, 6.5, 8.0, 9.9):
        write(flv, file, part, "--head", HEAD, "--tail", TAIL, "--from", position)
        got = contents(media.packets(part)["video"])
        checks.check(f"from {position} s", media.complaints(part) == "" and whole[-len(got):] == got,
                     f"{len(got)} packets")


def untouched(checks, flv, directory):
    """Captions (CEA-708 in SEI), colour in the parameter sets, brightness of the display in SEI."""
    coded, file, sent = directory / "coded.h264", directory / "captions.mp4", directory / "captions.flv"
    colour = ("colorprim=bt2020:transfer=smpte2084:colormatrix=bt2020nc:range=tv:"
              "mastering-display=G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,1):cll=1000,400")
    media.ffmpeg("-f", "lavfi", "-i", f"testsrc2=size=426x240:rate={RATE}", "-t", 4, *X264, *GROUPS,
                 "-pix_fmt", "yuv420p10le", "-bf", 2, "-x264-params", colour, coded)
    coded.write_bytes(captions.add(coded.read_bytes()))
    media.ffmpeg("-framerate", RATE, "-i", coded, "-c", "copy", file)
    for name, options in (("alone", []), ("with a head and a tail", ["--head", HEAD, "--tail", TAIL])):
        write(flv, file, sent, "--silence", *options)
        wanted, got = sei(file, directory), sei(sent, directory)
        start = find(got, wanted, 0)
        checks.check(f"{name}: SEI bytes are the same", start is not None and len(wanted) >= 100,
                     f"{len(wanted)} NAL units in the file, {len(got)} sent")
        if options:
            around = got[:start] + got[start + len(wanted):]
            checks.check("captions are not said again", not any(captions.is_caption(nal) for nal in around))
        checks.equal(f"{name}: colour and captions", described(sent), described(file))
    checks.equal("what ffprobe says", described(file), "1 tv bt2020nc smpte2084 bt2020")


def publish(checks, flv, directory, file):
    """All of it through a connection, paced, into a foreign ingest's recording."""
    wanted = directory / "wanted.flv"
    write(flv, file, wanted, "--head", HEAD, "--tail", TAIL)
    with Nginx(directory / "nginx") as nginx:
        with Play(directory / "play", file, nginx.url, "show", "--head", "3s", "--tail", "3s") as play:
            checks.equal("exit code", play.wait(40), 0, play.last_words())
            recording = eventually(lambda: nginx.recordings("show"), 5)
            media.compare(checks, "recording", recording[0], wanted)
            checks.equal("decodes without a complaint", media.complaints(recording[0]), "")


def choose(checks, directory, file):
    """`--audio 2`: the second sound track, and nothing of the first."""
    second, both = directory / "second.mp4", directory / "both.mp4"
    media.ffmpeg("-i", file, "-f", "lavfi", "-i", "anoisesrc=seed=2:sample_rate=44100", "-map", "0:v", "-map", "1:a",
                 "-t", 4, "-c:v", "copy", "-c:a", "aac", "-ac", 1, second)
    media.ffmpeg("-i", file, "-i", second, "-map", "0:v", "-map", "0:a", "-map", "1:a", "-c", "copy", both)
    with Nginx(directory / "choosing") as nginx:
        with Play(directory / "chosen", both, nginx.url, "show", "--audio", "2") as play:
            checks.equal("exit code", play.wait(40), 0, play.last_words())
            recording = eventually(lambda: nginx.recordings("show"), 5)
        channels, rate, _ = samples(recording[0])
        checks.equal("channels and samples a second", (channels, rate), (1, 44_100))
        sent, wanted = (contents(media.packets(it)["audio"]) for it in (recording[0], second))
        checks.check("its packets", sent == wanted, f"{len(sent)} of {len(wanted)}")


def pictures(path):
    """The hash of each picture, in the order in which they are shown."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:v", "-vsync", "passthrough",
               "-f", "framemd5", "-"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.split(",")[-1].strip() for line in lines if not line.startswith("#")]


def samples(path):
    """Channels, samples a second, and all samples of 16 bits."""
    probe = ["ffprobe", "-v", "error", "-select_streams", "a", "-show_entries", "stream=channels,sample_rate",
             "-of", "default=nokey=1:noprint_wrappers=1", path]
    rate, channels = map(int, subprocess.run(probe, check=True, capture_output=True, text=True).stdout.split())
    decode = ["ffmpeg", "-nostdin", "-v", "error", "-i", path, "-map", "0:a", "-c:a", "pcm_s16le", "-f", "s16le", "-"]
    return channels, rate, subprocess.run(decode, check=True, capture_output=True).stdout


def sei(path, directory):
    """The SEI NAL units that `-c copy` takes out, without the encoder's own message."""
    out = directory / "sei.h264"
    media.ffmpeg("-i", path, "-map", "0:v", "-c", "copy", "-bsf:v", "h264_mp4toannexb", "-f", "h264", out)
    return [nal for nal in captions.nal_units(out.read_bytes()) if nal[0] & 31 == 6]


def described(path):
    """Whether there are captions; range, matrix, transfer and primaries."""
    # Frames are shown, because captions are only found in them.
    probe = ["ffprobe", "-v", "quiet", "-select_streams", "v", "-of", "json", "-show_frames", "-show_streams", path]
    stream = json.loads(subprocess.run(probe, check=True, capture_output=True).stdout)["streams"][0]
    names = ("closed_captions", "color_range", "color_space", "color_transfer", "color_primaries")
    return " ".join(str(stream[name]) for name in names)


def contents(packets):
    return [packet.content() for packet in packets]


def find(whole, part, hint):
    """Where a list stands within another."""
    starts = [hint, *range(len(whole) - len(part) + 1)]
    return next((start for start in starts if whole[start:start + len(part)] == part), None)


if __name__ == "__main__":
    main()
