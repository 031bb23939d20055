#!/usr/bin/env python3
"""Gives the tracks of an MP4 whose index comes last other edit lists, which ffmpeg cannot be told to.

usage: set-edit-list.py IN OUT EDITS    EDITS: JSON, for each track a list of
[duration in the movie's time scale, start in the track's, -1 for a pause], or null for none
"""

import json
import struct
import sys


def boxes(data, start, end):
    while start + 8 <= end:
        (size,) = struct.unpack_from(">I", data, start)
        yield data[start + 4 : start + 8], start, start + size
        start += size


def box(kind, body):
    return struct.pack(">I", len(body) + 8) + kind + body


def edit_list(edits):
    entries = b"".join(struct.pack(">IiI", duration, start, 0x10000) for duration, start in edits)
    return box(b"edts", box(b"elst", struct.pack(">II", 0, len(edits)) + entries))


def main(source, target, edits):
    with open(source, "rb") as file:
        data = file.read()
    moov = next(at for at in boxes(data, 0, len(data)) if at[0] == b"moov")
    assert moov[2] == len(data), "the index must come last"
    edits = iter(edits)
    body = b""
    for kind, start, end in boxes(data, moov[1] + 8, moov[2]):
        if kind != b"trak":
            body += data[start:end]
            continue
        track, own = b"", next(edits)
        for kind, start, end in boxes(data, start + 8, end):
            if kind != b"edts":
                track += data[start:end]
            if kind == b"tkhd" and own is not None:
                track += edit_list(own)
        body += box(b"trak", track)
    with open(target, "wb") as file:
        file.write(data[: moov[1]] + box(b"moov", body))


main(sys.argv[1], sys.argv[2], json.loads(sys.argv[3]))
