#!/usr/bin/env python3
"""Makes what the fuzz targets begin with, from the fixtures of the streamer's tests.

usage: fuzz/seeds.py DIRECTORY    one folder for each target is made in it
"""

import pathlib
import struct
import sys

FIXTURES = pathlib.Path(__file__).resolve().parent.parent / "streamer/tests/fixtures"
# The boxes of a file that are no media: the target adds that.
INDEX = {b"ftyp", b"moov", b"moof", b"sidx", b"mfra"}


def boxes(data):
    start = 0
    while start + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, start)
        if size < 8:
            return
        yield kind, data[start : start + size]
        start += size


def movies():
    for path in sorted(FIXTURES.iterdir()):
        if path.suffix not in (".mp4", ".mov", ".m4a", ".m4v"):
            continue
        data = path.read_bytes()
        index = b"".join(body for kind, body in boxes(data) if kind in INDEX)
        yield path.name, index or data[:4096]


def frames():
    """The parameter sets and the frames of the video whose index the target has."""
    data = (FIXTURES / "captions.mp4").read_bytes()
    at = data.index(b"avcC")
    (size,) = struct.unpack_from(">I", data, at - 4)
    sets = data[at + 4 : at - 4 + size]
    media = next(body[8:] for kind, body in boxes(data) if kind == b"mdat")
    yield "captions", sets + media


def conversations():
    for path in sorted((FIXTURES / "rtmp").glob("*.bin")):
        said = path.read_bytes()
        for split in (0, 99, 255):
            # After a handshake; with bytes taken off the output.
            yield f"{path.stem}-{split}", bytes([2, split]) + said
        handshake = b"\x03" + bytes(2 * 1536)
        yield f"{path.stem}-handshake", bytes([1, 255]) + handshake + said


def text(value):
    return struct.pack(">H", len(value)) + value


def values():
    number = b"\x00" + struct.pack(">d", 1.5)
    string = b"\x02" + text(b"_result")
    properties = text(b"level") + b"\x02" + text(b"status") + text(b"code") + b"\x00" + struct.pack(">d", 200)
    end = text(b"") + b"\x09"
    yield "result", string + number + b"\x05" + b"\x03" + properties + end
    yield "array", string + b"\x08" + struct.pack(">I", 2) + properties + end
    yield "list", b"\x0a" + struct.pack(">I", 3) + number + b"\x01\x01" + b"\x06"
    yield "date", b"\x0b" + struct.pack(">dh", 1.7e12, 0)
    yield "long", b"\x0c" + struct.pack(">I", 5) + b"hello"
    yield "typed", b"\x10" + text(b"Class") + properties + end
    yield "nested", b"\x0a\x00\x00\x00\x01" * 20


def main(directory):
    for target, seeds in {
        "mp4_index": movies(),
        "h264": frames(),
        "rtmp_reader": conversations(),
        "amf0": values(),
    }.items():
        folder = pathlib.Path(directory) / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, seed in seeds:
            (folder / name).write_bytes(seed)


main(sys.argv[1])
