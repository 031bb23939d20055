"""Videos to publish, and what is in a recording. By ffmpeg and ffprobe, the foreign judges."""

import dataclasses
import json
import subprocess

FRAME_RATE = 30
GROUP_OF_PICTURES = 60


def ffmpeg(*arguments):
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-y", *map(str, arguments)]
    subprocess.run(command, check=True)


def encode(path, seconds, *, size="1280x720", b_frames=0, video=None, audio=None, more=()):
    """A test picture and noise: no two frames of it are alike, in sound or picture."""
    video = video or ["-c:v", "libx264", "-preset", "ultrafast", "-bf", b_frames, "-g", GROUP_OF_PICTURES,
                      "-keyint_min", GROUP_OF_PICTURES, "-sc_threshold", 0, "-pix_fmt", "yuv420p"]
    audio = audio or ["-c:a", "aac", "-b:a", "128k"]
    ffmpeg(
        "-f", "lavfi", "-i", f"testsrc2=size={size}:rate={FRAME_RATE}",
        "-f", "lavfi", "-i", "anoisesrc=seed=1:amplitude=0.2:sample_rate=48000",
        "-t", seconds, *video, *audio, "-ac", 2, *more, path,
    )
    return path


def complaints(path):
    """What ffmpeg says when it decodes all of a file; nothing if all is well."""
    command = ["ffmpeg", "-nostdin", "-v", "error", "-xerror", "-err_detect", "explode", "-i", path,
               "-f", "null", "-"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stderr.strip() + (f" exit code {done.returncode}" if done.returncode else "")


def remux(source, path, *more):
    """The same packets in another container or order."""
    ffmpeg("-i", source, "-map", "0", "-c", "copy", *more, path)
    return path


@dataclasses.dataclass(frozen=True)
class Packet:
    """Times in milliseconds from the first packet of the file, by decoding."""

    kind: str
    dts: float
    pts: float
    size: int
    key: bool
    sha256: str

    def content(self):
        return (self.kind, self.size, self.key, self.sha256)


def packets(path):
    """All packets of a file, by stream, each in order of decoding."""
    command = [
        "ffprobe", "-hide_banner", "-loglevel", "error", "-of", "json", "-show_data_hash", "sha256",
        "-show_entries", "packet=codec_type,pts_time,dts_time,size,flags,data_hash", path,
    ]
    found = json.loads(subprocess.run(command, check=True, capture_output=True).stdout)["packets"]
    found = [packet for packet in found if packet["codec_type"] in ("video", "audio")]
    start = min((float(packet["dts_time"]) for packet in found), default=0.0)
    streams = {"video": [], "audio": []}
    for packet in found:
        streams[packet["codec_type"]].append(Packet(
            kind=packet["codec_type"],
            dts=(float(packet["dts_time"]) - start) * 1000,
            pts=(float(packet["pts_time"]) - start) * 1000,
            size=int(packet["size"]),
            key="K" in packet["flags"],
            sha256=packet["data_hash"],
        ))
    return streams


def compare(checks, name, actual, expected, has_sound=True, sound_later=0):
    """Checks that two files hold the same packets at the same times, to the millisecond; the sound
    of the first may be so many milliseconds later."""
    actual, expected = packets(actual), packets(expected)
    for kind in ("video", "audio") if has_sound else ("video",):
        ours, theirs = actual[kind], expected[kind]
        same = [packet.content() for packet in ours] == [packet.content() for packet in theirs]
        checks.check(f"{name}: {kind} packets are the same", same and len(ours) > 0,
                     f"{len(ours)} of {len(theirs)}" + ("" if same else f", {first_difference(ours, theirs)}"))
        later = sound_later if kind == "audio" else 0
        off = max(
            (max(abs(a.dts - b.dts - later), abs(a.pts - b.pts - later)) for a, b in zip(ours, theirs)), default=0.0
        )
        # ffprobe prints microseconds: the thousandth more is its rounding.
        checks.check(f"{name}: {kind} timestamps are the same", off <= 1.001, f"at most {off:.0f} ms apart")


def first_difference(ours, theirs):
    for index, (a, b) in enumerate(zip(ours, theirs)):
        if a.content() != b.content():
            return f"packet {index} differs: {a} instead of {b}"
    return "one ends early"


def repeats_and_losses(source, parts):
    """How often packets of the source came again, and how many never came, in recordings that
    follow one another; by kind."""
    result = {}
    received = [packets(part) for part in parts]
    for kind in ("video", "audio"):
        wanted = [packet.sha256 for packet in packets(source)[kind]]
        came = [packet.sha256 for part in received for packet in part[kind]]
        lost = len(set(wanted) - set(came))
        result[kind] = (len(came) - len(set(came)), lost)
    return result


def frames(path):
    """The hashes of all decoded pictures and of all sound, by kind."""
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-i", path, "-map", "0:v?",
               "-map", "0:a?", "-f", "framehash", "-hash", "md5", "-fps_mode", "passthrough", "-"]
    result = subprocess.run(command, check=True, capture_output=True, text=True)
    kinds, hashes = {}, {"video": [], "audio": []}
    for line in result.stdout.splitlines():
        if line.startswith("#media_type"):
            number, kind = line.removeprefix("#media_type ").split(": ")
            kinds[number] = kind
        elif not line.startswith("#"):
            fields = [field.strip() for field in line.split(",")]
            hashes[kinds[fields[0]]].append(fields[-1])
    return hashes, result.stderr.strip()


def compare_frames(checks, name, actual, expected):
    """Checks that two files decode to the same pictures and sound."""
    (ours, words), (theirs, _) = frames(actual), frames(expected)
    same = ours == theirs and len(ours["video"]) > 0
    counts = f"{len(ours['video'])} pictures, {len(ours['audio'])} of sound"
    detail = counts if same else f"{counts}; expected {len(theirs['video'])} and {len(theirs['audio'])}; {words}"
    checks.check(f"{name}: decoded frames are the same", same, detail)
