#!/usr/bin/env python3
"""Adds seconds to the times of an MP4's fragments, as a recording of part of a broadcast has them.

usage: delay-fragments.py IN OUT SECONDS
"""

import struct
import sys


def boxes(data, start, end):
    while start + 8 <= end:
        (size,) = struct.unpack_from(">I", data, start)
        yield data[start + 4 : start + 8], start + 8, start + size
        start += size


def find(data, at, *path):
    for kind in path:
        at = next((start, end) for name, start, end in boxes(data, *at) if name == kind)
    return at


def main(source, target, seconds):
    with open(source, "rb") as file:
        data = bytearray(file.read())
    scales = {}
    for kind, *track in boxes(data, *find(data, (0, len(data)), b"moov")):
        if kind == b"trak":
            (number,) = struct.unpack_from(">I", data, find(data, track, b"tkhd")[0] + 12)
            (scales[number],) = struct.unpack_from(">I", data, find(data, track, b"mdia", b"mdhd")[0] + 12)
    for kind, *fragment in boxes(data, 0, len(data)):
        for kind, *track in boxes(data, *fragment) if kind == b"moof" else ():
            if kind == b"traf":
                (number,) = struct.unpack_from(">I", data, find(data, track, b"tfhd")[0] + 4)
                at = find(data, track, b"tfdt")[0] + 4
                (time,) = struct.unpack_from(">Q", data, at)
                struct.pack_into(">Q", data, at, time + seconds * scales[number])
    with open(target, "wb") as file:
        file.write(data)


main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
