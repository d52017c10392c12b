// Package apidoc is the API's description. openapi.yaml is authored; what
// servers answer as JSON and as a page is generated from it.
package apidoc

import _ "embed" // the three files

//go:generate go run ./gen

// YAML is the description as it was written.
//
//go:embed openapi.yaml
var YAML []byte

// JSON is the description as JSON.
//
//go:embed openapi.json
var JSON []byte

// HTML is the description as a page that needs nothing from elsewhere.
//
//go:embed docs.html
var HTML []byte
