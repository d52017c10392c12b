#!/usr/bin/env bash
# Runs every fuzz target of the module, one on each core at a time, and stops at the first failure:
#   scripts/fuzz.sh [SECONDS]   # for each target, 30 by default
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-30}
if ! [[ $seconds =~ ^[1-9][0-9]*$ ]]; then
	echo "usage: scripts/fuzz.sh [SECONDS]" >&2
	exit 2
fi

# A run fuzzes one target, so this lists them.
targets=$(grep -roE --include='*_test.go' --exclude-dir='.?*' --exclude-dir=testdata \
	'^func Fuzz[A-Za-z0-9_]*\(' . | sort) || {
	echo "fuzz.sh: no fuzz target found" >&2
	exit 1
}

built=$(mktemp -d)
trap 'rm -rf "$built"' EXIT
export seconds built
corpus=$(go env GOCACHE)/fuzz/$(go list -m)
export corpus

# Up to Go 1.26, the fuzzer sometimes misses its own deadline on a busy machine and
# reports this as a failure (https://go.dev/issue/75804). It then writes no failing
# input. Only in this case the target is retried.
missed_deadline() {
	grep -q '^ *context deadline exceeded$' "$1" && ! grep -q 'Failing input written' "$1"
}

# fuzz TARGET: runs one target, given as FILE:func NAME(, on one core.
fuzz() {
	local package name log inputs
	package=$(dirname "${1%%:*}")
	name=${1#*:func }
	name=${name%(}
	log=$built/$name.log
	for try in 1 2 3; do
		if (cd "$package" && "$built/${package//\//_}" -test.run '^$' -test.fuzz "^$name\$" -test.fuzztime "${seconds}s" \
			-test.parallel 1 -test.fuzzcachedir "$corpus/$package") >"$log" 2>&1; then
			inputs=$(sed -n 's/.*execs: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
			echo "ok    $name in $package: ${inputs:-no figure of} inputs in $seconds s"
			return
		fi
		if [ "$try" = 3 ] || ! missed_deadline "$log"; then
			cat "$log"
			echo "FAIL  $name in $package" >&2
			return 255 # ends xargs
		fi
		echo "again $name in $package: the fuzzer missed its own deadline, no input failed"
	done
}
export -f fuzz missed_deadline

for package in $(cut -d: -f1 <<<"$targets" | xargs -n 1 dirname | sort -u); do
	go test -c -vet=off -fuzz . -o "$built/${package//\//_}" "$package"
done
tr '\n' '\0' <<<"$targets" | xargs -0 -n 1 -P "$(getconf _NPROCESSORS_ONLN)" bash -c 'fuzz "$1"' fuzz
