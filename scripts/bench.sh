#!/usr/bin/env bash
# Measures Roster and writes docs/performance.md. Passes its arguments to bench:
#   scripts/bench.sh -only works -rounds 5
# Installs wrk if it is missing.
set -euo pipefail
cd "$(dirname "$0")/../bench"
if ! command -v wrk >/dev/null; then
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "bench.sh: wrk is missing. Install it (Debian: apt-get install wrk)." >&2
		exit 1
	fi
	echo "Installing wrk" >&2
	apt-get update -q >&2
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends wrk >&2
fi
if [ $# = 0 ]; then
	set -- -out ../docs/performance.md
fi
exec go run . "$@"
