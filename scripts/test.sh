#!/usr/bin/env bash
# Runs all tests of the module, and runs those of the domain and the API again on
# PostgreSQL. Passes its arguments to go test:
#   scripts/test.sh -v -run Users
set -euo pipefail
cd "$(dirname "$0")/.."

if ! command -v go >/dev/null; then
	echo "test.sh: Go is missing. Install Go 1.26 or newer (https://go.dev/doc/install) and put it on the PATH." >&2
	exit 1
fi

if [ -z "${ROSTER_TEST_POSTGRES:-}" ]; then
	exec scripts/with-postgres.sh "$0" "$@"
fi

go test -timeout 15m "$@" ./...
echo "Again, on PostgreSQL:"
ROSTER_TEST_ENGINE=postgres go test -timeout 15m "$@" ./internal/directory ./internal/follow ./internal/sealing ./internal/webhooks ./internal/httpapi ./internal/mail ./internal/apptest
