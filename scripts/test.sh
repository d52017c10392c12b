#!/usr/bin/env bash
# Runs all tests of the module, and runs those of the domain and the API again on
# PostgreSQL. Passes its arguments to go test:
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

flags=(-timeout 15m)
if [ "${RACE:-}" = 1 ]; then
	need_gcc
	export CGO_ENABLED=1
	# -race also checks every conversion of a pointer. SQLite, which is C translated to Go,
	# converts pointers all the time: the checks are half of the tests' processor time.
	flags+=(-race '-gcflags=modernc.org/...=-d=checkptr=0')
fi

if [ "${QUICK:-}" = 1 ]; then
	echo "== Quick tests: without those that need PostgreSQL, kill processes or take long (make test runs all)"
	unset ROSTER_TEST_POSTGRES # -short skips the tests that need it
	go list ./... | grep -v /internal/crashtest | xargs go test -short "${flags[@]}" "$@"
	exit
fi

if [ -z "${ROSTER_TEST_POSTGRES:-}" ]; then
	exec scripts/with-chromium.sh scripts/with-node.sh scripts/with-promtool.sh scripts/with-guide-tools.sh scripts/with-postgres.sh "$0" "$@"
fi

# Tests spend much of their time waiting, for PostgreSQL, browsers and other processes, so more of them run in parallel
# than there are cores.
flags+=(-parallel 8)
echo "== Downloading modules"
go mod download
echo "== All packages on SQLite, the store on both engines. Each package prints a line; the first run also compiles"
go test "${flags[@]}" "$@" ./...
echo "== The packages of the domain and the API again, on PostgreSQL"
ROSTER_TEST_ENGINE=postgres go test "${flags[@]}" "$@" ./internal/directory ./internal/follow ./internal/sealing ./internal/webhooks ./internal/httpapi ./internal/mail ./internal/identity ./internal/provisioning ./internal/scim ./internal/signin
echo "== The console on PostgreSQL, without a browser"
ROSTER_TEST_ENGINE=postgres go test -short "${flags[@]}" "$@" ./internal/console
