// Command gen makes openapi.json and docs.html of openapi.yaml. It is run by go
// generate in the folder of the description.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"

	"go.yaml.in/yaml/v4"
)

func main() {
	if err := generate(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1)
	}
}

func generate() error {
	source, err := os.ReadFile("openapi.yaml")
	if err != nil {
		return err
	}
	var doc map[string]any
	if err := yaml.Unmarshal(source, &doc); err != nil {
		return err
	}
	var out bytes.Buffer
	enc := json.NewEncoder(&out)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(doc); err != nil {
		return err
	}
	if err := write("openapi.json", out.Bytes()); err != nil {
		return err
	}
	// The order of paths is the author's, which a map forgets.
	var order yaml.Node
	if err := yaml.Unmarshal(source, &order); err != nil {
		return err
	}
	page, err := render(doc, &order)
	if err != nil {
		return err
	}
	return write("docs.html", page)
}

func write(name string, b []byte) error {
	return os.WriteFile(name, b, 0o644) //nolint:gosec // sources are for everybody to read
}
