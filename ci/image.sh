#!/usr/bin/env bash
# The container image, as far as it can be proven without Docker: builds the streamer as
# streamer/Dockerfile does, for this machine; builds the image's last stage from it with buildah;
# and runs the tests of the streamer as a task, and a look at a name server, against the program in
# the image's root: read-only, as its user, as process 1, with nothing but what a container gets.
# Needs root, or user namespaces, for the root of its own; what cannot be done is said.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/tools.sh
. ci/checks.sh

begin image
AIM=8000000
target=${CARGO_TARGET_DIR:-$PWD/target}
triple=$(uname -m)-unknown-linux-gnu
chmod 755 "$directory"

echo "-- Dockerfile"
check "hadolint" "$CI_TOOLS/hadolint/bin/hadolint" streamer/Dockerfile
flags=$(sed -nE 's/^ +RUSTFLAGS="(.*)"$/\1/p' streamer/Dockerfile)
check "its RUSTFLAGS are there, and hold those of .cargo/config.toml" \
  grep -qF -- "-Wl,-z,pack-relative-relocs" <(grep -F -- +crt-static <<<"$flags")
# What has another name in Debian would be found out by whoever builds the image.
for package in gcc-aarch64-linux-gnu libc6-dev-arm64-cross libc6-dev-amd64-cross; do
  check "Debian has $package" apt-cache show "$package"
done

echo "-- the program"
check "it is built" env RUSTFLAGS="$flags" \
  cargo build --locked --profile dist --package streamer --target "$triple"
program=$target/$triple/dist/streamer
[[ -x $program ]] || end
check "it is static" bash -c '! readelf -lW "$1" | grep -q INTERP && ldd "$1" 2>&1 | grep -Eq "statically linked|not a dynamic"' - "$program"
check "it is stripped" bash -c '! readelf -SW "$1" | grep -Eq "\.symtab|\.debug_"' - "$program"
bytes=$(stat -c %s "$program")
check "it is under 8 MB: $(numfmt --to=si --format=%.2f "$bytes")B, $(gzip -9c "$program" | wc -c | numfmt --to=si --format=%.2f)B compressed" \
  test "$bytes" -lt "$AIM"
check "without a broadcast it says so and exits 64" \
  bash -c 'env -i "$1"; [[ $? = 64 ]]' - "$program"

echo "-- the image"
root=$directory/root
stage=$directory/stage
mkdir -p "$stage/etc/ssl/certs"
cp "$program" "$stage/streamer"
cp /etc/ssl/certs/ca-certificates.crt "$stage/etc/ssl/certs/"
if ! command -v buildah >/dev/null; then
  as_root=()
  [[ $(id -u) = 0 ]] || as_root=(sudo -n)
  DEBIAN_FRONTEND=noninteractive "${as_root[@]}" apt-get install -q -y --no-install-recommends buildah >/dev/null 2>&1 || true
fi
# Everything that buildah keeps is in the directory; nothing is pulled and nothing is run.
buildah() {
  command buildah --storage-driver vfs --root "$directory/storage" --runroot "$directory/run" "$@"
}
mount_image() { # tag: prints where its files are
  local container
  container=$(buildah from "$1") && buildah mount "$container"
}
export_root() {
  local mounted
  mounted=$(mount_image localhost/streamer) && cp -a "$mounted" "$root"
}
is_enough() {
  local context
  context=$(mount_image localhost/context) && du -sh "$context" &&
    [[ ! -e $context/target && ! -e $context/.git && -e $context/.cargo/config.toml ]] &&
    (cd "$context" && cargo metadata --locked --format-version 1 >/dev/null)
}
if command -v buildah >/dev/null && buildah images >/dev/null 2>&1; then
  check "buildah builds the last stage of the Dockerfile" \
    buildah build --isolation chroot --build-context "build=$stage" \
    --file streamer/Dockerfile --tag localhost/streamer "$stage"
  buildah inspect --type image localhost/streamer >"$directory/image.json" || true
  check "it runs the streamer as nobody in particular" \
    jq -e '.OCIv1.config | .User == "65532:65532" and .Entrypoint == ["/streamer"] and .Cmd == null' "$directory/image.json"
  check "its root can be had" export_root
  printf 'FROM scratch\nCOPY . .\n' >"$directory/Context"
  check "the builder is sent what .dockerignore leaves" \
    buildah build --isolation chroot --file "$directory/Context" --tag localhost/context .
  check "which is all that cargo wants" is_enough
else
  skip buildah "there is none that works here; the root is put together by hand"
  cp -a "$stage" "$root"
fi
check "there is nothing else in it" \
  diff <(cd "$root" && find . -type f | sort) <(printf '%s\n' ./etc/ssl/certs/ca-certificates.crt ./streamer)

echo "-- the program in the image"
export IMAGE_ROOT=$root IMAGE_SCRATCH=$directory
if [[ $(id -u) = 0 ]] && unshare --mount --pid true 2>/dev/null; then
  export IMAGE_ENTER=root
elif unshare --map-root-user --mount --pid --fork true 2>/dev/null; then
  export IMAGE_ENTER=user
  echo "without root: as the only user of a namespace, and not as 65532"
else
  skip "the program in the image" "neither root nor a user namespace can be had"
  end
fi
count() { # log: takes over what a script or cargo says it passed and failed
  local ok bad
  read -r ok bad < <(sed -nE \
    -e 's/^([0-9]+) passed, ([0-9]+) failed$/\1 \2/p' \
    -e 's/^test result: .* ([0-9]+) passed; ([0-9]+) failed;.*/\1 \2/p' "$1" | tail -n 1) || ok=0 bad=1
  passed=$((passed + ok)) failed=$((failed + bad))
}
ci/image/fargate.py 2>&1 | tee "$directory/fargate" || true
count "$directory/fargate"
echo "-- the tests of the task"
# They start it with an environment of its own.
printf '#!/bin/sh\nIMAGE_ROOT=%s IMAGE_SCRATCH=%s IMAGE_ENTER=%s exec %s "$@"\n' \
  "$IMAGE_ROOT" "$IMAGE_SCRATCH" "$IMAGE_ENTER" "$PWD/ci/image/run" >"$directory/streamer"
chmod +x "$directory/streamer"
MATINEE_STREAMER=$directory/streamer cargo test --locked --package streamer --test task 2>&1 |
  tee "$directory/tests" | grep -E '^test |panicked|^error' || true
count "$directory/tests"
end
