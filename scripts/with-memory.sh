#!/usr/bin/env bash
# Runs a command whose temporary files are in memory, if there is enough of it:
#   scripts/with-memory.sh go test ./internal/store
# Test databases wait for the disk after every change. No test cuts the power, so nothing is
# shown by that.
set -euo pipefail

# KiB that are free in a file system, and in memory.
free() { df --output=avail "$1" 2>/dev/null | tail -1; }
available() { awk '/^MemAvailable:/ { print $2 }' /proc/meminfo 2>/dev/null; }

# Containers often have a small /dev/shm, or one from which no program can be run.
runs_programs() {
	local dir code=0
	dir=$(mktemp -d /dev/shm/roster-try.XXXXXX) || return
	{ cp "$(type -P true)" "$dir/true" && "$dir/true"; } 2>/dev/null || code=$?
	rm -rf "$dir"
	return "$code"
}

shm=$(free /dev/shm) memory=$(available)
if [ -z "${TMPDIR:-}" ] && [ "${shm:-0}" -gt 4000000 ] && [ "${memory:-0}" -gt 6000000 ] && runs_programs; then
	export GOTMPDIR=${GOTMPDIR:-/tmp} # what go builds stays on disk
	export TMPDIR=/dev/shm
fi
exec "$@"
