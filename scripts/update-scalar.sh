#!/usr/bin/env bash
# Replaces the embedded API reference with another version of Scalar's:
#   scripts/update-scalar.sh 1.76.0
set -euo pipefail
version=${1:?"usage: update-scalar.sh VERSION (npm view @scalar/api-reference version)"}
target=$(cd "$(dirname "$0")/../internal/httpapi/apidoc/reference" && pwd)
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
cd "$dir"
npm pack --silent "@scalar/api-reference@$version"
tar xzf ./*.tgz
gzip -9nc package/dist/browser/standalone.js >"$target/scalar.js.gz"
echo "$version" >"$target/VERSION"
echo "Scalar $version is embedded. Look at /docs, light and dark, wide and narrow, before you commit."
