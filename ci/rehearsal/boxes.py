"""Changes to the boxes of an MP4 whose index comes last, which ffmpeg cannot be told to make."""

import struct

CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}


def boxes(data):
    """The boxes that follow one another in some bytes: (kind, body)."""
    start = 0
    while start + 8 <= len(data):
        size, kind = struct.unpack_from(">I4s", data, start)
        assert size >= 8, "no box with a long size is among what is edited here"
        yield kind, data[start + 8 : start + size]
        start += size


def box(kind, body):
    return struct.pack(">I4s", len(body) + 8, kind) + body


def rewrite(data, change):
    """`change(kind, body)` answers what takes the place of each box that holds no others, or None
    to leave it. Chunk offsets stay right because nothing before the index changes."""
    result = b""
    for kind, body in boxes(data):
        if kind in CONTAINERS:
            body = rewrite(body, change)
        else:
            changed = change(kind, body)
            if changed is not None:
                result += changed
                continue
        result += box(kind, body)
    return result


def edit(source, target, change):
    """Copies a file with its index rewritten."""
    data = source.read_bytes()
    kinds = [kind for kind, _ in boxes(data)]
    assert kinds.index(b"moov") > kinds.index(b"mdat"), "the index must come last"
    target.write_bytes(rewrite(data, change))
    return target


def long_offsets(kind, body):
    """Chunk offsets of 64 bits."""
    if kind != b"stco":
        return None
    (count,) = struct.unpack_from(">I", body, 4)
    offsets = struct.unpack_from(f">{count}I", body, 8)
    return box(b"co64", body[:8] + struct.pack(f">{count}Q", *offsets))


def two_entries(kind, body):
    """Every sample description twice, and the chunks use them in turn."""
    if kind == b"stsd":
        (entry,) = [box(kind, body) for kind, body in boxes(body[8:])]
        return box(kind, body[:4] + struct.pack(">I", 2) + entry + entry)
    if kind != b"stsc":
        return None
    (count,) = struct.unpack_from(">I", body, 4)
    runs = [struct.unpack_from(">III", body, 8 + 12 * index) for index in range(count)]
    runs = [(first, samples, 1 + index % 2) for index, (first, samples, _) in enumerate(runs)]
    return box(kind, body[:8] + b"".join(struct.pack(">III", *run) for run in runs))


def composition_version_1(kind, body):
    """The same offsets in the version that allows negative ones."""
    return box(kind, b"\x01" + body[1:]) if kind == b"ctts" else None


def aac_config(config):
    """Another AudioSpecificConfig in the elementary stream descriptor."""

    def descriptor(tag, body):
        return bytes([tag, 0x80, 0x80, 0x80, len(body)]) + body

    def change(kind, body):
        at = body.find(b"esds")
        if kind != b"stsd" or at < 0:
            return None
        # As ffmpeg writes it: version, ES_Descriptor, DecoderConfigDescriptor, DecoderSpecificInfo.
        esds = body[at + 4 : at - 4 + struct.unpack_from(">I", body, at - 4)[0]]
        identity, decoder = esds[9:12], esds[17:30]
        inner = descriptor(5, config)
        inner = descriptor(3, identity + descriptor(4, decoder + inner) + descriptor(6, b"\x02"))
        esds = box(b"esds", esds[:4] + inner)
        head, entry = body[:8], body[8 : at - 4]
        entry = struct.pack(">I", len(entry) + len(esds)) + entry[4:]
        return box(kind, head + entry + esds)

    return change
