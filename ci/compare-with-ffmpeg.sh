#!/bin/sh
# Compares what the streamer would send of each file, packet for packet, with what
# `ffmpeg -c copy -f flv` writes: size, hash and key frame equal, times within 1 ms.
# usage: ci/compare-with-ffmpeg.sh FILE…    needs ffmpeg, ffprobe, jq, python3
set -eu
here=$(dirname "$0")/..
packets=${PACKETS:-}
if [ -z "$packets" ]; then
  cargo build --quiet --manifest-path "$here/Cargo.toml" -p streamer --example packets
  packets=${CARGO_TARGET_DIR:-$here/target}/debug/examples/packets
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
status=0
for file in "$@"; do
  ffmpeg -hide_banner -nostdin -loglevel error -y -i "$file" -c copy -f flv "$scratch/flv" || true
  ffprobe -v error -show_packets -show_data_hash SHA256 -of json "$scratch/flv" |
    jq -c '.packets[] | [.codec_type, .dts, .pts, (.size|tonumber), (.flags|startswith("K")), (.data_hash|sub("SHA256:";"")|.[:16])]' >"$scratch/wanted"
  "$packets" "$file" >"$scratch/got" 2>"$scratch/log" || { echo "$file: refused: $(tail -n 1 "$scratch/log")"; status=1; continue; }
  python3 - "$file" "$scratch/wanted" "$scratch/got" <<'PY' || status=1
import json, sys
name, *lists = sys.argv[1:]
wanted, got = ([json.loads(line) for line in open(path)] for path in lists)
report, bad = [], False
for track in ("video", "audio"):
    w, g = ([p for p in packets if p[0] == track] for packets in (wanted, got))
    other = sum(a[3:] != b[3:] for a, b in zip(w, g)) + abs(len(w) - len(g))
    late = max([abs(a[i] - b[i]) for a, b in zip(w, g) for i in (1, 2)], default=0)
    bad |= other > 0 or late > 1
    report.append(f"{len(g)}/{len(w)} {track}, {other} differ, at most {late} ms apart")
print(f"{name}: {'DIFFERENT' if bad else 'same'}: {'; '.join(report)}")
sys.exit(bad)
PY
done
exit $status
