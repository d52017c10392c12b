#!/usr/bin/env bash
# Runs a command that needs Chromium, and installs Debian's package first if there is none:
#   scripts/with-chromium.sh go test ./internal/console
set -euo pipefail
found() { command -v chromium || command -v chromium-browser || command -v google-chrome; }
if ! found >/dev/null; then
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "The tests of pages need Chromium. Install it (Debian: apt-get install chromium)." >&2
		exit 1
	fi
	echo "== Installing Chromium with apt-get; this takes about a minute, once" >&2
	apt-get update -q >&2
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends chromium >&2
fi
exec "$@"
