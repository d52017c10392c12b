#!/usr/bin/env bash
# Replaces the htmx and the Pico CSS that the console embeds, and the axe-core that its
# tests use, with other versions:
#   scripts/update-console.sh 2.0.11 2.1.1 4.14.1
set -euo pipefail
usage="usage: update-console.sh HTMX PICO AXE (npm view htmx.org dist-tags; npm view @picocss/pico version; npm view axe-core version)"
htmx=${1:?"$usage"} pico=${2:?"$usage"} axe=${3:?"$usage"}
root=$(cd "$(dirname "$0")/.." && pwd)
assets=$root/internal/console/assets
testdata=$root/internal/browsertest/testdata
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"

fetch() { # NAME VERSION: unpacks a package into NAME's last part
	npm pack --silent "$1@$2" >/dev/null
	mkdir "${1##*/}"
	tar xzf ./*.tgz -C "${1##*/}" --strip-components 1
	rm ./*.tgz
}

fetch htmx.org "$htmx"
cp htmx.org/dist/htmx.min.js "$assets/htmx.js"
cp htmx.org/LICENSE "$assets/htmx.LICENSE"

# In a layer of its own, Pico loses to every rule of console.css, whatever the selectors.
fetch @picocss/pico "$pico"
{
	printf '@layer pico{'
	sed 's/^@charset "UTF-8";//' pico/css/pico.classless.min.css
	printf '}\n'
} >"$assets/pico.css"
cp pico/LICENSE.md "$assets/pico.LICENSE"

fetch axe-core "$axe"
mkdir -p "$testdata"
gzip -9nc axe-core/axe.min.js >"$testdata/axe.js.gz"
cp axe-core/LICENSE "$testdata/axe.LICENSE"

printf 'htmx.org %s\n@picocss/pico %s\naxe-core %s\n' "$htmx" "$pico" "$axe" >"$assets/VERSIONS"
echo "htmx $htmx, Pico $pico and axe-core $axe are in place. Run make screenshots and look at them before you commit."
