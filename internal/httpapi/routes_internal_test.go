package httpapi

import (
	"encoding/json"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/httpapi/apidoc"
	"github.com/rosterhq/roster/internal/httpapi/apidoc/apidoctest"
)

// A route reads the query parameters that are documented, and no others.
func TestRoutesReadTheDocumentedQuery(t *testing.T) {
	v, err := apidoctest.New()
	if err != nil {
		t.Fatal(err)
	}
	documented := make(map[string][]string)
	for _, op := range v.Operations() {
		var names []string
		for _, p := range op.Query {
			names = append(names, p.Name)
		}
		documented[op.Method+" "+op.Path] = slices.Sorted(slices.Values(names))
	}
	for _, rt := range v2 {
		read := slices.Sorted(slices.Values(rt.parameters()))
		if want := documented[rt.method+" "+rt.pattern]; !slices.Equal(read, want) {
			t.Errorf("%s %s reads %v; %v are documented", rt.method, rt.pattern, read, want)
		}
	}
}

// documentedCost is an item of x-cost in the API description.
type documentedCost struct {
	Cost int      `json:"cost"`
	With []string `json:"with"` // parameters that a request must all have to match
}

// documentedCosts reads x-cost of every operation, and that of a dry run.
func documentedCosts(t *testing.T) (costs map[string][]documentedCost, dryRun int) {
	t.Helper()
	type operation struct {
		Costs []documentedCost `json:"x-cost"`
	}
	var doc struct {
		Paths      map[string]map[string]operation `json:"paths"`
		Components struct {
			Parameters map[string]struct {
				Cost int `json:"x-cost"`
			} `json:"parameters"`
		} `json:"components"`
	}
	if err := json.Unmarshal(apidoc.JSON, &doc); err != nil {
		t.Fatal(err)
	}
	costs = make(map[string][]documentedCost)
	for path, operations := range doc.Paths {
		for method, op := range operations {
			costs[strings.ToUpper(method)+" "+path] = op.Costs
		}
	}
	return costs, doc.Components.Parameters["DryRun"].Cost
}

// The API description has the costs of the table, for every combination of query
// parameters.
func TestCostsAreDocumented(t *testing.T) {
	t.Parallel()
	documented, forDryRun := documentedCosts(t)
	if forDryRun != dryRunCost {
		t.Errorf("a dry run costs %d; %d is documented", dryRunCost, forDryRun)
	}
	known := make(map[string]bool)
	for _, rt := range v2 {
		name := rt.method + " " + rt.pattern
		known[name] = true
		items := documented[name]
		if _, ok := costs[name]; ok != (len(items) > 0) {
			t.Errorf("%s: in the table %v, with x-cost %v", name, ok, len(items) > 0)
		}
		for n := range 1 << len(rt.reads) {
			q := make(url.Values)
			for i, parameter := range rt.reads {
				if n>>i&1 == 1 {
					q.Set(parameter, "x")
				}
			}
			want := 1
			if i := slices.IndexFunc(items, func(c documentedCost) bool {
				return !slices.ContainsFunc(c.With, func(p string) bool { return !q.Has(p) })
			}); i >= 0 {
				want = items[i].Cost
			}
			if got := costs[name].of(rt.method, q); got != want {
				t.Errorf("%s?%s costs %d; %d is documented", name, q.Encode(), got, want)
			}
		}
	}
	for name := range costs {
		if !known[name] {
			t.Errorf("%s has a cost but no route", name)
		}
	}
	for name := range own {
		if !known[name] {
			t.Errorf("%s streams but has no route", name)
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
