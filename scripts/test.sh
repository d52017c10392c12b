#!/usr/bin/env bash
# Runs all tests of the module, and those of the packages that store something on
# PostgreSQL too. Passes its arguments to go test:
#   scripts/test.sh -v -run Users
# RACE=1 turns on the race detector. QUICK=1 skips the tests that need PostgreSQL,
# kill processes or take long.
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v go >/dev/null; then
	echo "test.sh: Go is missing. Install Go 1.26 or newer (https://go.dev/doc/install) and put it on the PATH." >&2
	exit 1
fi

need_gcc() {
	command -v gcc >/dev/null && return
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "The race detector needs a C compiler. Install gcc and the C library's headers (Debian: apt-get install gcc libc6-dev)." >&2
		return 1
	fi
	echo "== Installing gcc, for the race detector" >&2
	apt-get update -q >&2
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends gcc libc6-dev >&2
}

flags=(-timeout 30m)
if [ "${RACE:-}" = 1 ]; then
	need_gcc
	export CGO_ENABLED=1
	# -race also checks every conversion of a pointer. SQLite, which is C translated to Go,
	# converts pointers all the time: the checks are half of the tests' processor time.
	flags+=(-race '-gcflags=modernc.org/...=-d=checkptr=0')
	# Each program of a race build sleeps for a second before it ends, to report what other
	# threads still find.
	export GORACE=${GORACE:-atexit_sleep_ms=10}
	flags+=(-vet=off) # .ci/run does it before
fi

if [ "${QUICK:-}" = 1 ]; then
	echo "== Quick tests: without those that need PostgreSQL, kill processes or take long (make test runs all)"
	unset ROSTER_TEST_POSTGRES # -short skips the tests that need it
	go list ./... | grep -v /internal/crashtest | xargs scripts/with-memory.sh go test -short "${flags[@]}" "$@"
	exit
fi

if [ -z "${ROSTER_TEST_POSTGRES:-}" ]; then
	exec scripts/with-memory.sh scripts/with-chromium.sh scripts/with-node.sh scripts/with-promtool.sh scripts/with-guide-tools.sh scripts/with-postgres.sh "$0" "$@"
fi

# Tests spend much of their time waiting, for PostgreSQL, browsers and other processes, so more of them run in parallel
# than there are cores.
flags+=(-parallel 8)
echo "== Downloading modules"
go mod download
echo "== All packages, those that store something on SQLite and then on PostgreSQL. Each package prints a line; the first run also compiles"
# The packages whose tests take longest start first, or the last of them would run alone at the end.
longest=(./internal/directory ./internal/crashtest ./internal/console ./internal/httpapi ./internal/store ./cmd/roster)
go test -exec "$PWD/scripts/test-engines.sh" "${flags[@]}" "$@" "${longest[@]}" ./...
