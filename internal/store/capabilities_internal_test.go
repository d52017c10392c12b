package store

import (
	"fmt"
	"testing"

	"github.com/rosterhq/roster/internal/authz"
)

// What is kept parsed is bounded, however many sets there are and however long:
// long ones are parsed each time.
func TestParsedSetsAreBounded(t *testing.T) {
	var c setCache
	parse := func(s authz.Set) (text string) {
		text, err := capabilitiesJSON(s)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 { // anew, and as it is kept
			if got, err := c.parse(text); err != nil || !got.Covers(s) || !s.Covers(got) {
				t.Fatalf("%.100s: %v", text, err)
			}
		}
		return text
	}
	for i := range 2 * maxParsed {
		parse(authz.Set{Datasets: map[string]authz.Grants{fmt.Sprint("dataset", i): authz.Dataset.All()}})
	}
	if _, ok := c.kept[parse(authz.Everything())]; !ok {
		t.Error("a set as many tokens have it is not kept")
	}
	long := make(map[string]authz.Grants)
	for i := range 10_000 {
		long[fmt.Sprint("dataset", i)] = authz.Dataset.All()
	}
	if _, ok := c.kept[parse(authz.Set{Datasets: long})]; ok || len(c.kept) > maxParsed {
		t.Errorf("%d sets are kept, a long one among them: %t", len(c.kept), ok)
	}
}
