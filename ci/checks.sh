# What the shell scripts here count with; sourced by them. Each begins with `begin NAME` and ends with
# `end`, whose last line is `N passed, N failed`. $directory is theirs and goes when they end.

begin() { # name
  echo "== $1"
  directory=$(mktemp -d)
  trap 'rm -rf "$directory"' EXIT
  passed=0 failed=0
}

check() { # name, command…
  local name=$1
  shift
  if "$@" >"$directory/output" 2>&1; then
    echo "ok   $name"
    passed=$((passed + 1))
  else
    echo "FAIL $name"
    tail -n 60 "$directory/output"
    failed=$((failed + 1))
  fi
}

not() { ! "$@"; }

skip() { echo "SKIP $1: $2"; }

end() {
  echo "$passed passed, $failed failed"
  ((failed == 0))
  exit
}
