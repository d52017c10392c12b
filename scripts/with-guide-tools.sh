#!/usr/bin/env bash
# Runs a command that needs the programs in the guides, and installs Debian's packages first if some
# are missing:
#   scripts/with-guide-tools.sh go test ./cmd/roster -run TestGuides
set -euo pipefail
PATH=$PATH:/usr/sbin # nginx
missing=()
for package in caddy curl jq nginx-light openssl python3; do
	command -v "${package%-light}" >/dev/null || missing+=("$package")
done
if [ ${#missing[@]} != 0 ]; then
	if [ "$(id -u)" != 0 ] || ! command -v apt-get >/dev/null; then
		echo "The tests of the guides need more programs. Install them (Debian: apt-get install ${missing[*]})." >&2
		exit 1
	fi
	echo "== Installing ${missing[*]} with apt-get, for the guides" >&2
	apt-get update -q >&2
	DEBIAN_FRONTEND=noninteractive apt-get install -y -q --no-install-recommends "${missing[@]}" >&2
fi
exec "$@"
