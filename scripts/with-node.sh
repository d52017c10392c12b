#!/usr/bin/env bash
# Runs a command that needs Node.js and npm, and installs Debian's packages first if they
# are missing:
#   scripts/with-node.sh go test ./internal/signin
set -euo pipefail
if ! command -v node >/dev/null || ! command -v npm >/dev/null; then
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "The test of sign-in by a real issuer needs Node.js and npm. Install them (Debian: apt-get install nodejs npm)." >&2
		exit 1
	fi
	echo "== Installing Node.js and npm with apt-get; this takes about two minutes, once" >&2
	apt-get update -q >&2
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends nodejs npm >&2
fi
exec "$@"
