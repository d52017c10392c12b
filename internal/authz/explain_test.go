package authz

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// wideSources returns roles with many names, each granted several times.
func wideSources(roles, grants, names int) (sources []int, of func(int) (int, Set)) {
	set := Set{Datasets: make(map[string]Grants)}
	for n := range names {
		set.Datasets[fmt.Sprintf("dataset-%05d", n)] = Dataset.All()
	}
	for role := range roles {
		for range grants {
			sources = append(sources, role)
		}
	}
	return sources, func(role int) (int, Set) { return role, set }
}

// TestPageCostsWhatItShows checks that ten times the names make a page no more
// expensive, and that many paths end it early.
func TestPageCostsWhatItShows(t *testing.T) {
	cost := func(names int) float64 {
		sources, of := wideSources(4, 2, names)
		return testing.AllocsPerRun(5, func() { Explain(sources, of).Page(Query{Limit: 10}) })
	}
	if few, many := cost(10), cost(100); many > 3*few {
		t.Errorf("%.0f allocations with 10 names, %.0f with 100", few, many)
	}
	list, more := Explain(wideSources(100, 100, 20)).Page(Query{Limit: 1000})
	paths := 0
	for _, x := range list {
		paths += len(x.Paths)
	}
	if paths > 2*MaxPaths || len(list) == 0 || !more {
		t.Errorf("%d capabilities with %d paths on a page; more: %t", len(list), paths, more)
	}
	if !slices.IsSortedFunc(list, func(a, b Explained[int]) int { return strings.Compare(a.Name, b.Name) }) {
		t.Error("not in the order of names")
	}
}
