#!/usr/bin/env bash
# Runs every test of the module. Arguments are passed on to go test:
#   scripts/test.sh -v -run Users
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v go >/dev/null; then
	echo "test.sh: Go is missing. Install Go 1.26 or newer (https://go.dev/doc/install) and put it on the PATH." >&2
	exit 1
fi

exec go test -timeout 15m "$@" ./...
