"""HEVC and AV1 by Enhanced RTMP. This ffmpeg cannot read the recording, so its tags are turned into
a plain stream of the codec here, and the decoded frames compared with those of the source."""

import struct
import subprocess

from rehearsal import media

ENCODERS = {
    "hvc1": ["-c:v", "libx265", "-preset", "ultrafast", "-x265-params",
             "log-level=none:keyint=60:min-keyint=60:bframes=2", "-tag:v", "hvc1"],
    "av01": ["-c:v", "libaom-av1", "-cpu-used", "8", "-usage", "realtime", "-g", "60"],
}
SECONDS = 6
# Of the head and of the tail each.
HELD = 5
TEMPORAL_DELIMITER = b"\x12\0"


def arrives(found, world, name, four_cc):
    """To an ingest that announces the codec."""
    with world.ours(name, f"codecs:{four_cc}") as ingest:
        file = encode(ingest.directory, four_cc)
        with world.play(ingest, file=file) as play:
            found.equal("the show ends well", play.wait(SECONDS + 60), 0, play.last_words())
        publish, = ingest.report()
        recording, = ingest.recordings()
    expected = media.packets(file)
    found.equal("video packets", publish["video_packets"], len(expected["video"]))
    tags = list(video_tags(recording.read_bytes()))
    found.equal("every tag names the codec", {tag.four_cc for tag in tags}, {four_cc.encode()})
    found.equal("the first tag configures the decoder", (tags[0].packet_type, tags[0].frame_type), (0, 1))
    # Times of showing, in the order of decoding, from the first.
    ours = [tag.timestamp + tag.composition for tag in tags[1:]]
    theirs = [packet.pts for packet in expected["video"]]
    off = max(abs((a - ours[0]) - (b - theirs[0])) for a, b in zip(ours, theirs))
    found.check("times of showing are the file's", off <= 1.001, f"at most {off:.2f} ms apart")
    stream = plain_file(ingest.directory, tags, four_cc)
    hashes = frame_hashes(stream)
    found.check("decoded frames are the file's", hashes == frame_hashes(file) and len(hashes) > 0,
                f"{len(hashes)} frames")


def is_held(found, world, name, four_cc):
    """With a head and a tail, which are made of its key frames."""
    with world.ours(name, f"codecs:{four_cc}") as ingest:
        # Key frames that the pictures around them do not depend on: x265 makes others unless told.
        file = encode(ingest.directory, four_cc, ":open-gop=0")
        with world.play(ingest, "--head", f"{HELD}s", "--tail", f"{HELD}s", file=file) as play:
            found.equal("the show ends well", play.wait(SECONDS + 2 * HELD + 60), 0, play.last_words())
        recording, = ingest.recordings()
    tags = list(video_tags(recording.read_bytes()))
    stream = plain_file(ingest.directory, tags, four_cc)
    found.equal("decodes without a complaint", media.complaints(stream), "")
    alone, shown = frame_hashes(file), frame_hashes(stream)
    starts = range(len(shown) - len(alone) + 1)
    start = next((at for at in starts if shown[at:at + len(alone)] == alone), None)
    if not found.check("the frames of the video are untouched", start is not None, f"{len(shown)} frames"):
        return
    head, tail = shown[:start], shown[start + len(alone):]
    found.check("the head shows the first picture", head and set(head) == {alone[0]}, f"{len(head)} frames")
    keys = [packet.key for packet in media.packets(file)["video"]]
    last = len(keys) - 1 - keys[::-1].index(True)
    found.check("the tail shows the last key frame", tail and set(tail) == {alone[last]}, f"{len(tail)} frames")
    times = [tag.timestamp for tag in tags[1:]]
    found.check("decoding times rise", all(b > a for a, b in zip(times, times[1:])))
    lasts = times[-1] - times[0]
    found.check("as long as all of it, but for the last picture held",
                (SECONDS + HELD) * 1000 <= lasts <= (SECONDS + 2 * HELD) * 1000 + 50, f"{lasts} ms")


def is_refused(found, world, name):
    """To an ingest that says nothing of codecs."""
    with world.ours(name, record=False) as ingest:
        file = encode(ingest.directory, "hvc1")
        with world.play(ingest, file=file) as play:
            found.equal("exit code", play.wait(60), 65, play.last_words())
            found.check("the codec is named", "HEVC" in play.output(), play.last_words())
        found.equal("publishes", len(ingest.report()), 0)


def encode(directory, four_cc, x265=""):
    options = [option + x265 if "keyint" in option else option for option in ENCODERS[four_cc]]
    return media.encode(directory / "show.mp4", SECONDS, size="640x360", video=[*options, "-pix_fmt", "yuv420p"])


class Tag:
    """A video tag of Enhanced RTMP."""

    def __init__(self, timestamp, body):
        self.timestamp = timestamp
        self.frame_type = body[0] >> 4 & 7
        self.packet_type = body[0] & 15
        self.four_cc = body[1:5] if body[0] & 0x80 else b""
        self.composition = 0
        self.payload = body[5:]
        if self.packet_type == 1 and self.four_cc == b"hvc1":
            self.composition, = struct.unpack(">i", body[5:8] + b"\0")
            self.composition >>= 8
            self.payload = body[8:]


def video_tags(flv):
    at = 13
    while at + 11 <= len(flv):
        kind = flv[at]
        length = int.from_bytes(flv[at + 1:at + 4], "big")
        timestamp = int.from_bytes(flv[at + 7:at + 8] + flv[at + 4:at + 7], "big")
        if kind == 9:
            yield Tag(timestamp, flv[at + 11:at + 11 + length])
        at += 11 + length + 4


def plain_file(directory, tags, four_cc):
    path = directory / ("stream.hevc" if four_cc == "hvc1" else "stream.obu")
    path.write_bytes(plain_stream(tags, four_cc))
    return path


def plain_stream(tags, four_cc):
    """Annex B for HEVC; AV1's own low-overhead stream, with a temporal delimiter for each frame."""
    stream = b""
    for tag in tags:
        if four_cc == "av01":
            if tag.packet_type == 0:
                # av1C: four bytes, then the sequence header, which belongs to the first frame.
                stream += TEMPORAL_DELIMITER + tag.payload[4:]
            else:
                stream += (b"" if tag is tags[1] else TEMPORAL_DELIMITER) + tag.payload
        elif tag.packet_type == 0:
            stream += b"".join(b"\0\0\0\1" + unit for unit in parameter_sets(tag.payload))
        else:
            stream += b"".join(b"\0\0\0\1" + unit for unit in units(tag.payload))
    return stream


def parameter_sets(record):
    """Of an HEVCDecoderConfigurationRecord (ISO/IEC 14496-15, 8.3.3.1)."""
    at = 23
    for _ in range(record[22]):
        count = int.from_bytes(record[at + 1:at + 3], "big")
        at += 3
        for _ in range(count):
            length = int.from_bytes(record[at:at + 2], "big")
            yield record[at + 2:at + 2 + length]
            at += 2 + length


def units(frame):
    at = 0
    while at < len(frame):
        length = int.from_bytes(frame[at:at + 4], "big")
        yield frame[at + 4:at + 4 + length]
        at += 4 + length


def frame_hashes(path):
    command = ["ffmpeg", "-nostdin", "-hide_banner", "-loglevel", "error", "-i", path, "-map", "0:v:0",
               "-fps_mode", "passthrough", "-f", "framehash", "-hash", "md5", "-"]
    lines = subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()
    return [line.rpartition(",")[2].strip() for line in lines if not line.startswith("#")]
