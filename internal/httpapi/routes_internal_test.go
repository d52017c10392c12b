package httpapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/httpapi/apidoc"
)

// A route reads what the description says of its query, and nothing else.
func TestRoutesReadWhatIsDescribed(t *testing.T) {
	type parameter struct {
		Name, In string
	}
	var doc struct {
		Paths      map[string]map[string]struct{ Parameters []json.RawMessage }
		Components struct{ Parameters map[string]parameter }
	}
	if err := json.Unmarshal(apidoc.JSON, &doc); err != nil {
		t.Fatal(err)
	}
	for _, rt := range v2 {
		var described []string
		for _, raw := range doc.Paths[rt.pattern][strings.ToLower(rt.method)].Parameters {
			var ref struct {
				Ref string `json:"$ref"`
			}
			var p parameter
			if err := json.Unmarshal(raw, &ref); err != nil {
				t.Fatal(err)
			}
			if err := json.Unmarshal(raw, &p); err != nil {
				t.Fatal(err)
			}
			if name, ok := strings.CutPrefix(ref.Ref, "#/components/parameters/"); ok {
				p = doc.Components.Parameters[name]
			}
			if p.In == "query" {
				described = append(described, p.Name)
			}
		}
		read := slices.Sorted(slices.Values(rt.parameters()))
		if slices.Sort(described); !slices.Equal(read, described) {
			t.Errorf("%s %s reads %v; %v are described", rt.method, rt.pattern, read, described)
		}
	}
}
