# Where ci/install.sh puts the tools that are not the system's; sourced by those who use them.
export CI_TOOLS=${CI_TOOLS:-${CARGO_TARGET_DIR:-$PWD/target}/ci-tools}
export PYTHONDONTWRITEBYTECODE=1
mkdir -p "$CI_TOOLS"
