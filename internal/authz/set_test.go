package authz_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
)

// Covers is inclusion of what the sets mean: on every name, those nobody has
// mentioned included.
func TestCoversIsInclusion(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := sets().Draw(t, "a"), sets().Draw(t, "b")
		if rapid.Bool().Draw(t, "related") {
			b = within(t, a)
		}
		if got, want := a.Covers(b), subset(facts(b), facts(a)); got != want {
			t.Fatalf("%v covers %v: %t, want %t", a.Names(), b.Names(), got, want)
		}
	})
}

// Sets that cover each other mean the same; that makes Covers a partial order of
// meanings (a name beside a "*" that grants as much adds nothing).
func TestCoversIsAPartialOrder(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := sets().Draw(t, "a")
		b := within(t, a)
		c := within(t, b)
		if !a.Covers(a) {
			t.Fatal("not reflexive")
		}
		if !a.Covers(b) || !b.Covers(c) {
			t.Fatalf("%v does not cover what is within it", a.Names())
		}
		if !a.Covers(c) {
			t.Fatalf("not transitive: %v, %v, %v", a.Names(), b.Names(), c.Names())
		}
		if b.Covers(a) && !cmp.Equal(facts(a), facts(b)) {
			t.Fatalf("%v and %v cover each other and differ", a.Names(), b.Names())
		}
		if a.Equal(b) && !b.Covers(a) {
			t.Fatalf("%v and %v are equal and don't cover each other", a.Names(), b.Names())
		}
		if !authz.Everything().Covers(a) || !a.Covers(authz.Set{}) {
			t.Fatal("Everything is not the greatest, or the zero set not the least")
		}
	})
}

func TestUnionIsTheLeastUpperBound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := sets().Draw(t, "a"), sets().Draw(t, "b")
		u := a.Union(b)
		if !u.Covers(a) || !u.Covers(b) {
			t.Fatalf("%v does not cover both", u.Names())
		}
		if !cmp.Equal(facts(u), both(facts(a), facts(b))) {
			t.Fatalf("%v grants what neither does", u.Names())
		}
		bound := sets().Draw(t, "bound")
		if rapid.Bool().Draw(t, "grown") {
			bound = bound.Union(a).Union(b)
		}
		if bound.Covers(a) && bound.Covers(b) != bound.Covers(u) {
			t.Fatalf("%v is an upper bound and does not cover the union", bound.Names())
		}
		if !u.Equal(b.Union(a)) || !a.Union(a).Equal(a) || !a.Union(authz.Set{}).Equal(a) {
			t.Fatal("not commutative, not idempotent, or the zero set adds something")
		}
	})
}

// Sets share their maps, so no operation may write to what it was given.
func TestOperationsLeaveTheirOperandsAlone(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := sets().Draw(t, "a"), sets().Draw(t, "b")
		beforeA, beforeB := a.Names(), b.Names()
		a.Union(b)
		a.Minus(b)
		a.Covers(b)
		a.Wire()
		if !cmp.Equal(a.Names(), beforeA) || !cmp.Equal(b.Names(), beforeB) {
			t.Fatal("an operand changed")
		}
	})
}

func TestMinusIsWhatIsLeft(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := sets().Draw(t, "a"), sets().Draw(t, "b")
		rest := a.Minus(b)
		if !a.Covers(rest) {
			t.Fatalf("%v is more than there was", rest.Names())
		}
		if !b.Union(rest).Covers(a) {
			t.Fatalf("%v and what was taken don't make up the whole", rest.Names())
		}
		if rest.Empty() != b.Covers(a) {
			t.Fatalf("%v is left, covered: %t", rest.Names(), b.Covers(a))
		}
		if !rest.Minus(b).Equal(rest) {
			t.Fatal("taking the same away twice takes more away")
		}
	})
}

func TestWildcardCoversNames(t *testing.T) {
	query, _ := authz.Dataset.Grant(authz.Pair{Resource: "query", Action: authz.Read})
	ingest, _ := authz.Dataset.Grant(authz.Pair{Resource: "ingest", Action: authz.Create})
	share, _ := authz.View.Grant(authz.Pair{Resource: "share", Action: authz.Create})
	dataset := func(name string, g authz.Grants) authz.Set {
		return authz.Set{Datasets: map[string]authz.Grants{name: g}}
	}
	for _, tt := range []struct {
		what       string
		have, want authz.Set
		covers     bool
	}{
		{"all datasets cover one", dataset("*", query), dataset("logs", query), true},
		{"all datasets cover one made later", dataset("*", query), dataset("tomorrow", query), true},
		{"one does not cover all", dataset("logs", query), dataset("*", query), false},
		{"one does not cover another", dataset("logs", query), dataset("metrics", query), false},
		{"each action for itself", dataset("*", query), dataset("logs", query|ingest), false},
		{
			"from the wildcard and from the name",
			authz.Set{Datasets: map[string]authz.Grants{"*": query, "logs": ingest}},
			dataset("logs", query|ingest), true,
		},
		{
			"a name beside the wildcard adds to that name only",
			authz.Set{Datasets: map[string]authz.Grants{"*": query, "logs": ingest}},
			dataset("*", query|ingest), false,
		},
		{
			"views too",
			authz.Set{Views: map[string]authz.Grants{"*": share}},
			authz.Set{Views: map[string]authz.Grants{"v": share}},
			true,
		},
		{
			"datasets don't cover views",
			authz.Set{Datasets: map[string]authz.Grants{"*": authz.Dataset.All()}},
			authz.Set{Views: map[string]authz.Grants{"v": share}},
			false,
		},
		{"a name that grants nothing asks for nothing", authz.Set{}, dataset("logs", 0), true},
		{"the zero set covers no grant", authz.Set{}, dataset("logs", query), false},
	} {
		if got := tt.have.Covers(tt.want); got != tt.covers {
			t.Errorf("%s: covers %t, want %t", tt.what, got, tt.covers)
		}
	}
}

func TestAllows(t *testing.T) {
	for r, actions := range table(publishedOrg) {
		for _, action := range actions {
			s := org(t, r+"|"+action)
			for _, p := range authz.Org.Pairs(authz.Org.All()) {
				if got, want := s.Allows(p), p.String() == r+"|"+action; got != want {
					t.Errorf("a set of %s|%s allows %s: %t", r, action, p, got)
				}
			}
		}
	}
	for _, p := range []authz.Pair{{}, {Resource: "cats", Action: authz.Read}, {Resource: "auditLog", Action: authz.Delete}} {
		if authz.Everything().Allows(p) {
			t.Errorf("%v is not in the vocabulary and allowed", p)
		}
	}
}

func TestEqualIgnoresNamesThatGrantNothing(t *testing.T) {
	query, _ := authz.Dataset.Grant(authz.Pair{Resource: "query", Action: authz.Read})
	a := authz.Set{Datasets: map[string]authz.Grants{"logs": query, "nothing": 0}, Views: map[string]authz.Grants{}}
	b := authz.Set{Datasets: map[string]authz.Grants{"logs": query}}
	if !a.Equal(b) || !b.Equal(a) {
		t.Error("not equal")
	}
	if a.Empty() || !(authz.Set{Views: map[string]authz.Grants{"v": 0}}).Empty() {
		t.Error("Empty is wrong")
	}
}
