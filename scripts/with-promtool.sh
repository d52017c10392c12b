#!/usr/bin/env bash
# Runs a command that needs promtool, and installs Debian's package first if there is none:
#   scripts/with-promtool.sh go test ./cmd/roster -run Alerts
set -euo pipefail
if ! command -v promtool >/dev/null; then
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "The tests of the alert rules need promtool. Install Prometheus (Debian: apt-get install prometheus)." >&2
		exit 1
	fi
	echo "== Installing Prometheus with apt-get, for promtool" >&2
	apt-get update -q >&2
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends prometheus >&2
fi
exec "$@"
