#!/usr/bin/env bash
# Runs every fuzz target of the module in turn and stops at the first failure:
#   scripts/fuzz.sh [SECONDS]   # for each target, 30 by default
set -euo pipefail
cd "$(dirname "$0")/.."

seconds=${1:-30}
if ! [[ $seconds =~ ^[1-9][0-9]*$ ]]; then
	echo "usage: scripts/fuzz.sh [SECONDS]" >&2
	exit 2
fi

# go test -fuzz accepts one target at a time, so this lists them.
targets=$(grep -roE --include='*_test.go' --exclude-dir='.?*' --exclude-dir=testdata \
	'^func Fuzz[A-Za-z0-9_]*\(' . | sort) || {
	echo "fuzz.sh: no fuzz target found" >&2
	exit 1
}

log=$(mktemp)
trap 'rm -f "$log"' EXIT

# Up to Go 1.26, the fuzzer sometimes misses its own deadline on a busy machine and
# reports this as a failure (https://go.dev/issue/75804). It then writes no failing
# input. Only in this case the target is retried.
missed_deadline() {
	grep -q '^ *context deadline exceeded$' "$log" && ! grep -q 'Failing input written' "$log"
}

while IFS=: read -r file func; do
	name=${func#func }
	name=${name%(}
	package=$(dirname "$file")
	for try in 1 2 3; do
		if go test -run '^$' -fuzz "^$name\$" -fuzztime "${seconds}s" "$package" >"$log" 2>&1; then
			inputs=$(sed -n 's/.*execs: \([0-9]*\).*/\1/p' "$log" | tail -n 1)
			echo "ok    $name in $package: $inputs inputs in $seconds s"
			break
		fi
		if [ "$try" = 3 ] || ! missed_deadline; then
			cat "$log"
			echo "FAIL  $name in $package" >&2
			exit 1
		fi
		echo "again $name in $package: the fuzzer missed its own deadline, no input failed"
	done
done <<<"$targets"
