package store

import (
	"fmt"
	"testing"

	"github.com/rosterhq/roster/internal/authz"
)

// TestParsedSetsAreBounded checks that the cache of parsed sets is bounded for any number
// and length of sets.
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
	for i := range 20 { // 20 sets of some 700 KB each
		long := make(map[string]authz.Grants)
		for j := range 5_000 {
			long[fmt.Sprint("dataset", i, "/", j)] = authz.Dataset.All()
		}
		if _, ok := c.kept[parse(authz.Set{Datasets: long})]; !ok {
			t.Error("a long set that fits is not kept")
		}
		size := 0
		for text := range c.kept {
			size += len(text)
		}
		if size > maxParsedText || len(c.kept) > maxParsed || size != c.size {
			t.Fatalf("%d sets of %d bytes are kept, counted as %d", len(c.kept), size, c.size)
		}
	}
	huge := make(map[string]authz.Grants)
	for i := range 50_000 {
		huge[fmt.Sprint("dataset", i)] = authz.Dataset.All()
	}
	if _, ok := c.kept[parse(authz.Set{Datasets: huge})]; ok {
		t.Error("a set is kept that is longer than all may be")
	}
}
