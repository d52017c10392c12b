package authz_test

import (
	"fmt"
	"testing"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
)

// UnionOf is Union from the first set to the last, and changes none of them.
func TestUnionOfIsUnionOfEach(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		sets := make([]authz.Set, rapid.IntRange(0, 5).Draw(t, "sets"))
		var want authz.Set
		for i := range sets {
			grants := rapid.MapOfN(rapid.SampledFrom([]string{"a", "b", "c", "*"}), rapid.Custom(func(t *rapid.T) authz.Grants {
				return authz.Dataset.All() & authz.Grants(rapid.Uint64().Draw(t, "grants"))
			}), 0, 3)
			sets[i] = authz.Set{Org: authz.Org.All() & authz.Grants(rapid.Uint64().Draw(t, "org")), Datasets: grants.Draw(t, "datasets"), Views: grants.Draw(t, "views")}
			want = want.Union(sets[i])
		}
		before := fmt.Sprint(sets)
		if got := authz.UnionOf(sets); !got.Equal(want) {
			t.Errorf("%v, want %v", got, want)
		}
		if after := fmt.Sprint(sets); after != before {
			t.Errorf("the sets were changed: %s, before %s", after, before)
		}
	})
}

// To join sets one by one copies the names of the first ones again for each.
func TestUnionOfCopiesNamesOnce(t *testing.T) {
	allocated := func(n int) float64 {
		sets := make([]authz.Set, n)
		for i := range sets {
			sets[i].Datasets = map[string]authz.Grants{"same": authz.Dataset.All(), fmt.Sprint(i % 2): authz.Dataset.All()}
		}
		return testing.AllocsPerRun(10, func() { authz.UnionOf(sets) })
	}
	if few, many := allocated(10), allocated(1000); many > few {
		t.Errorf("1000 sets of the same names take %v allocations, 10 take %v", many, few)
	}
}

// BenchmarkUnionOf joins what a group of 100 roles of 2,000 names each gives.
func BenchmarkUnionOf(b *testing.B) {
	sets := make([]authz.Set, 100)
	for i := range sets {
		sets[i].Datasets = make(map[string]authz.Grants)
		for j := range 2000 {
			sets[i].Datasets[fmt.Sprint("dataset", i, "-", j)] = authz.Dataset.All()
		}
	}
	b.Run("at once", func(b *testing.B) {
		for b.Loop() {
			authz.UnionOf(sets)
		}
	})
	b.Run("one by one", func(b *testing.B) {
		for b.Loop() {
			var u authz.Set
			for _, s := range sets {
				u = u.Union(s)
			}
		}
	})
}
