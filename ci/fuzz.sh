#!/usr/bin/env bash
# Fuzzes what reads bytes of strangers: the MP4 index, H.264, what an RTMP server says, AMF0. Each
# target runs SECONDS (300 unless told), begins with seeds from the tests' fixtures, and must not
# panic, hang, or take memory that its input does not justify.
# usage: ci/fuzz.sh [SECONDS]    wants a nightly Rust; installs cargo-fuzz. Findings are kept in
# fuzz/artifacts, what was learnt in the target directory.
set -uo pipefail
cd "$(dirname "$0")/.."
. ci/tools.sh
. ci/checks.sh
seconds=${1:-300}
version=0.13.2
export PATH=$CI_TOOLS/cargo-fuzz/bin:$PATH
target=${CARGO_TARGET_DIR:-$PWD/target}/fuzz
# What was freed does not count for long.
export ASAN_OPTIONS=quarantine_size_mb=16
# Sizes in MB: of a process under the address sanitizer, and of one allocation. No input is longer
# than MAX_LENGTH, to which the MP4 target adds 128 KiB.
limits=(-rss_limit_mb=512 -malloc_limit_mb=4 -timeout=10 -max_len=16384)

begin "fuzzing, $seconds s for each target"
if ! cargo +nightly --version >/dev/null 2>&1; then
  check "a nightly Rust is installed (rustup toolchain install nightly)" false
  end
fi
if [[ $(cargo-fuzz --version 2>/dev/null) != "cargo-fuzz $version" ]]; then
  check "cargo-fuzz $version is installed" \
    cargo install cargo-fuzz --version "$version" --locked --root "$CI_TOOLS/cargo-fuzz"
fi

# The versions that are fuzzed are those that are shipped.
cp Cargo.lock fuzz/Cargo.lock
fuzz() { cargo +nightly fuzz "$1" --fuzz-dir fuzz --target-dir "$target" "${@:2}"; }
check "the targets build" fuzz build
((failed == 0)) || end

python3 fuzz/seeds.py "$directory/seeds"
run() { # target
  local learnt=$target/corpus/$1 dictionary=()
  mkdir -p "$learnt"
  [[ $1 != mp4_index ]] || dictionary=(-dict=fuzz/mp4.dict)
  fuzz run "$1" "$learnt" "$directory/seeds/$1" -- "${limits[@]}" "${dictionary[@]}" \
    -max_total_time="$seconds" -print_final_stats=1 2>&1 | cut -c1-300
}
for name in mp4_index h264 rtmp_reader amf0; do
  check "$name: no finding" run "$name"
  grep -E 'number_of_executed_units|peak_rss_mb|new_units_added' "$directory/output" | sed 's/^/     /'
done
end
