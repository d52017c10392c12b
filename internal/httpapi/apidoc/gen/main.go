// Command gen writes openapi.json from openapi.yaml, in the author's order and with
// each operation's permission and cost in its description. go generate runs it in the folder
// of the description.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
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
		if err := describe(n); err != nil {
			return err
		}
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

// describe adds an operation's permission and cost to its description: readers of the
// reference don't see extensions.
func describe(n *yaml.Node) error {
	var permission, costs, description *yaml.Node
	for i := 0; i < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case "x-roster-permission":
			permission = n.Content[i+1]
		case "x-cost":
			costs = n.Content[i+1]
		case "description":
			description = n.Content[i+1]
		}
	}
	if permission == nil || description == nil {
		return nil
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
	if costs == nil {
		return nil
	}
	text, err := costText(costs)
	description.Value += "\n\n**Cost:** " + text + "."
	return err
}

// costText returns x-cost as text, as in "20 with `at`, otherwise 5".
func costText(costs *yaml.Node) (string, error) {
	var items []struct {
		Cost int
		With []string
	}
	if err := costs.Decode(&items); err != nil {
		return "", fmt.Errorf("line %d: %w", costs.Line, err)
	}
	var parts []string
	for _, item := range items {
		switch {
		case len(item.With) > 0:
			parts = append(parts, strconv.Itoa(item.Cost)+" with `"+strings.Join(item.With, "` and `")+"`")
		case len(items) > 1:
			parts = append(parts, fmt.Sprintf("otherwise %d", item.Cost))
		default:
			parts = append(parts, strconv.Itoa(item.Cost))
		}
	}
	return strings.Join(parts, ", "), nil
}
