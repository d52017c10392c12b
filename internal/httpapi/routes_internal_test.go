package httpapi

import (
	"slices"
	"strconv"
	"testing"
	"time"

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
