// Command gen writes openapi.json from openapi.yaml, in the author's order and with
// each operation's permission in its description. go generate runs it in the folder
// of the description.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strings"

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
	var doc yaml.Node
	if err := yaml.Unmarshal(source, &doc); err != nil {
		return err
	}
	var out bytes.Buffer
	if err := encode(&out, doc.Content[0]); err != nil {
		return err
	}
	out.WriteByte('\n')
	return os.WriteFile("openapi.json", out.Bytes(), 0o644) //nolint:gosec // sources are for everybody to read
}

// encode writes a node as JSON. Mappings keep their order, which a map would lose.
func encode(out *bytes.Buffer, n *yaml.Node) error {
	switch n.Kind {
	case yaml.MappingNode:
		describePermission(n)
		return list(out, "{}", len(n.Content)/2, func(i int) error {
			if err := encode(out, n.Content[2*i]); err != nil {
				return err
			}
			out.WriteByte(':')
			return encode(out, n.Content[2*i+1])
		})
	case yaml.SequenceNode:
		return list(out, "[]", len(n.Content), func(i int) error { return encode(out, n.Content[i]) })
	case yaml.AliasNode:
		return encode(out, n.Alias)
	default:
		var v any
		if err := n.Decode(&v); err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		var text bytes.Buffer
		enc := json.NewEncoder(&text)
		enc.SetEscapeHTML(false)
		if err := enc.Encode(v); err != nil {
			return fmt.Errorf("line %d: %w", n.Line, err)
		}
		out.Write(bytes.TrimSpace(text.Bytes()))
		return nil
	}
}

// list writes n items between the two brackets.
func list(out *bytes.Buffer, brackets string, n int, item func(i int) error) error {
	out.WriteByte(brackets[0])
	for i := range n {
		if i > 0 {
			out.WriteByte(',')
		}
		if err := item(i); err != nil {
			return err
		}
	}
	out.WriteByte(brackets[1])
	return nil
}

// permissions says what the values of x-roster-permission ask for that are no capability.
var permissions = map[string]string{
	"any":      "any token of the organization",
	"personal": "a personal token",
	"public":   "none",
}

// describePermission adds an operation's permission to its description: readers of
// the reference don't see extensions.
func describePermission(n *yaml.Node) {
	var permission, description *yaml.Node
	for i := 0; i < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case "x-roster-permission":
			permission = n.Content[i+1]
		case "description":
			description = n.Content[i+1]
		}
	}
	if permission == nil || description == nil {
		return
	}
	var needs []string
	for part := range strings.SplitSeq(permission.Value, ", ") {
		if text, ok := permissions[part]; ok {
			part = text
		} else {
			part = "`" + part + "`"
		}
		needs = append(needs, part)
	}
	description.Value = strings.TrimSpace(description.Value) + "\n\n**Permission:** " + strings.Join(needs, " with ") + "."
}
