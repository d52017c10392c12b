// Package apidoc holds the API's description and the page that shows it.
// openapi.yaml is authored; openapi.json is generated from it. The page is Scalar's
// API reference (github.com/scalar/scalar, MIT), embedded whole: it loads nothing
// from other hosts. scripts/update-scalar.sh brings another version of it.
package apidoc

import _ "embed" // all that is served

//go:generate go run ./gen

// YAML is the description as it was written.
//
//go:embed openapi.yaml
var YAML []byte

// JSON is the description as JSON.
//
//go:embed openapi.json
var JSON []byte

// Page is the API reference, which loads [Start] and [Scalar].
//
//go:embed reference/index.html
var Page []byte

// Start is the script that starts the reference.
//
//go:embed reference/start.js
var Start []byte

// Scalar is the reference's code, compressed with gzip.
//
//go:embed reference/scalar.js.gz
var Scalar []byte
