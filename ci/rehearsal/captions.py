"""Captions in H.264: CEA-708 in SEI messages, by ATSC A/53 part 4, 6.2.3.

usage: python3 ci/rehearsal/captions.py IN.h264 OUT.h264
"""

import pathlib
import re
import sys

SLICES = (1, 5)


def nal_units(stream):
    """The NAL units of an Annex B stream."""
    parts = re.split(rb"\x00\x00\x01", stream)[1:]
    return [part.rstrip(b"\x00") for part in parts]


def add(stream):
    """The stream with two bytes of captions in each of its pictures."""
    out, count = [], 0
    for nal in nal_units(stream):
        # The first slice of a picture begins with macroblock 0, whose code is a single one.
        if nal[0] & 31 in SLICES and nal[1] & 0x80:
            out.append(caption(count))
            count += 1
        out.append(nal)
    return b"".join(b"\x00\x00\x00\x01" + nal for nal in out)


def caption(number):
    """An SEI message with one pair of CEA-608 characters, each with odd parity."""
    text = b"MATINEE "
    pair = bytes(odd(text[(2 * number + at) % len(text)]) for at in (0, 1))
    data = b"\xb5\x00\x31GA94\x03" + b"\x41\xff" + b"\xfc" + pair + b"\xff"
    payload = bytes([4, len(data)]) + data + b"\x80"
    return b"\x06" + protect(payload)


def odd(byte):
    return byte if bin(byte).count("1") % 2 else byte | 0x80


def protect(payload):
    """Without what looks like a start code."""
    return re.sub(rb"\x00\x00(?=[\x00-\x03])", b"\x00\x00\x03", payload)


def is_caption(nal):
    return nal[0] & 31 == 6 and b"GA94" in nal


if __name__ == "__main__":
    pathlib.Path(sys.argv[2]).write_bytes(add(pathlib.Path(sys.argv[1]).read_bytes()))
