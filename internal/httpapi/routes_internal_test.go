package httpapi

import (
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

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

// A cost that belongs to no route would be charged to nobody.
func TestCostsBelongToRoutes(t *testing.T) {
	t.Parallel()
	known := make(map[string]bool)
	for _, rt := range v2 {
		known[rt.method+" "+rt.pattern] = true
	}
	for name := range costs {
		if !known[name] {
			t.Errorf("%s has a cost and is no route", name)
		}
	}
}

// The limiter's memory is bounded, however many addresses come.
func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	l, now := newLimiter(60), time.Unix(1, 0)
	for i := range maxBuckets + 1000 {
		l.bucket(limitKey{scopeAnonymous, strconv.Itoa(i)}, now).AllowN(now, 1)
	}
	if len(l.buckets) > maxBuckets+1 {
		t.Errorf("%d buckets", len(l.buckets))
	}
}
