package authz_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
)

// patterns are few and begin alike, so that drawn ones cover each other often.
var patterns = []authz.Pattern{"", "*", "a", "a*", "ab", "ab*", "abc", "b*", "a-*"}

// instances are names that patterns tell apart; those that end with "later" are in no pattern.
var instances = []string{"a", "ab", "abc", "b", "a-", "later", "a later", "ab later", "abc later", "b later", "a-later"}

func appGrants() *rapid.Generator[authz.AppGrant] {
	return rapid.Custom(func(t *rapid.T) authz.AppGrant {
		return authz.AppGrant{
			App:    rapid.SampledFrom([]string{"billing", "wiki"}).Draw(t, "app"),
			Type:   rapid.SampledFrom([]string{"invoice", "page"}).Draw(t, "type"),
			Action: rapid.SampledFrom([]string{"read", "approve"}).Draw(t, "action"),
			On:     rapid.SampledFrom(patterns).Draw(t, "on"),
		}
	})
}

func apps() *rapid.Generator[authz.AppGrants] {
	return rapid.Custom(func(t *rapid.T) authz.AppGrants {
		switch rapid.IntRange(0, 9).Draw(t, "kind") {
		case 0:
			return authz.AllApps()
		case 1, 2, 3:
			return authz.AppGrants{}
		}
		return authz.AppGrantsOf(rapid.SliceOfN(appGrants(), 0, 12).Draw(t, "grants"))
	})
}

// appsWithin draws grants that a covers: some of them, some on longer patterns.
func appsWithin(t *rapid.T, a authz.AppGrants) authz.AppGrants {
	if a.All() {
		return apps().Draw(t, "of all")
	}
	var sub []authz.AppGrant
	for g := range a.Each() {
		if prefix, ok := strings.CutSuffix(string(g.On), "*"); ok && rapid.Bool().Draw(t, "longer") {
			g.On = authz.Pattern(prefix + rapid.SampledFrom([]string{"x", "x*", "*", "ab*"}).Draw(t, "rest"))
			if g.On == "" {
				continue
			}
		}
		if rapid.Bool().Draw(t, "kept") {
			sub = append(sub, g)
		}
	}
	return authz.AppGrantsOf(sub)
}

// appFacts spells out what grants mean, on each instance and on types without any. Two
// more names stand for what "x" and "xy" in [appsWithin] begin.
func appFacts(a authz.AppGrants) map[string]bool {
	all := make(map[string]bool)
	add := func(app, typ, action string, on authz.Pattern) {
		fact := func(name string) { all["app:"+app+":"+typ+":"+name+"|"+action] = true }
		prefix, open := strings.CutSuffix(string(on), "*")
		if on == "" {
			fact("the type itself")
			return
		}
		for _, begin := range append([]string{"x", "ax", "abx", "abcx", "bx", "a-x", "aab", "abab"}, instances...) {
			for _, name := range []string{begin, begin + " and more"} {
				if name == string(on) || (open && strings.HasPrefix(name, prefix)) {
					fact(name)
				}
			}
		}
	}
	if a.All() {
		for _, app := range []string{"billing", "wiki", "made later"} {
			for _, typ := range []string{"invoice", "page"} {
				for _, action := range []string{"read", "approve"} {
					add(app, typ, action, "")
					add(app, typ, action, "*")
				}
			}
		}
		return all
	}
	for g := range a.Each() {
		add(g.App, g.Type, g.Action, g.On)
	}
	return all
}

// TestAppGrantsAllowWhatTheyMean checks the decision for a single instance.
func TestAppGrantsAllowWhatTheyMean(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a := apps().Draw(t, "a")
		want := appGrants().Draw(t, "want")
		want.On = authz.Pattern(rapid.SampledFrom(instances).Draw(t, "instance"))
		fact := "app:" + want.App + ":" + want.Type + ":" + string(want.On) + "|" + want.Action
		if got := a.Allows(want); got != appFacts(a)[fact] {
			t.Fatalf("%v allows %s: %t", a, want, got)
		}
	})
}

// TestEqualAppGrantsMeanTheSame checks that there is one form for each meaning.
func TestEqualAppGrantsMeanTheSame(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		grants := rapid.SliceOfN(appGrants(), 0, 12).Draw(t, "grants")
		a := authz.AppGrantsOf(slices.Clone(grants))
		b := authz.AppGrantsOf(append(rapid.Permutation(grants).Draw(t, "again"), grants...))
		if !a.Equal(b) || !cmp.Equal(appFacts(a), appFacts(b)) {
			t.Fatalf("%v and %v", a.Wire(), b.Wire())
		}
		c := apps().Draw(t, "c")
		if a.Covers(c) && c.Covers(a) != a.Equal(c) {
			t.Fatalf("%v and %v cover each other: %t, equal: %t", a.Wire(), c.Wire(), c.Covers(a), a.Equal(c))
		}
		if got := a.Minus(c).Union(a.Intersect(c)); !a.Covers(got) {
			t.Fatalf("the parts of %v are more than it: %v", a.Wire(), got.Wire())
		}
	})
}

func TestPatternsCover(t *testing.T) {
	set := func(on ...authz.Pattern) authz.AppGrants {
		var grants []authz.AppGrant
		for _, p := range on {
			grants = append(grants, authz.AppGrant{App: "billing", Type: "invoice", Action: "read", On: p})
		}
		return authz.AppGrantsOf(grants)
	}
	for _, tt := range []struct {
		what       string
		have, want authz.AppGrants
		covers     bool
	}{
		{"all covers a prefix", set("*"), set("2026-*"), true},
		{"a prefix does not cover all", set("2026-*"), set("*"), false},
		{"a prefix covers a longer one", set("2026-*"), set("2026-01-*", "2026-x"), true},
		{"a prefix covers the name that it is", set("2026*"), set("2026"), true},
		{"names don't cover their common prefix", set("2026-1*", "2026-2*", "2026-"), set("2026-*"), false},
		{"a name covers itself alone", set("2026"), set("2026-1"), false},
		{"a type without instances is not all instances", set(""), set("*"), false},
		{"all instances are not a type without any", set("*"), set(""), false},
		{"every application covers all", authz.AllApps(), set("*", ""), true},
		{"all of an application is not every application", set("*", ""), authz.AllApps(), false},
	} {
		if got := tt.have.Covers(tt.want); got != tt.covers {
			t.Errorf("%s: %t", tt.what, got)
		}
	}
	if got := set("*", "a*", "b", "a*"); got.Len() != 1 {
		t.Errorf("what one pattern covers is kept beside it: %v", got.Wire())
	}
}

func TestAppWire(t *testing.T) {
	for _, text := range []string{
		`{"appCapabilities":{"billing":{"invoice":["approve","read"],"report":{"*":["read"],"2026-*":["write"]}},"wiki":{"page":["read"]}}}`,
		`{"appCapabilities":{"billing":{"invoice":{"":["read"],"a":["read"]}}}}`,
		`{"allAppCapabilities":true}`,
	} {
		var s authz.Set
		if err := json.Unmarshal([]byte(text), &s); err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if back, err := json.Marshal(s); err != nil || string(back) != text {
			t.Errorf("%s came back as %s, %v", text, back, err)
		}
	}
	for text, offender := range map[string]string{
		`{"b|c":{"invoice":["read"]}}`:                "b|c",
		`{"*":{"invoice":["read"]}}`:                  "*",
		`{"billing":{"in:voice":["read"]}}`:           "in:voice",
		`{"billing":{"invoice":[""]}}`:                `""`,
		`{"billing":{"invoice":{"a*b":["read"]}}}`:    "a*b",
		`{"billing":{"invoice":{"**":["read"]}}}`:     "**",
		`{"billing":{"invoice":"read"}}`:              "list of actions",
		`{"billing":{"invoice":{"a":"read"}}}`:        "list of actions",
		`{"billing":{"invoice":{"a":{"read":true}}}}`: "list of actions",
	} {
		var s authz.Set
		if err := json.Unmarshal([]byte(`{"appCapabilities":`+text+`}`), &s); err == nil || !strings.Contains(err.Error(), offender) {
			t.Errorf("%s: %v does not name %s", text, err, offender)
		}
	}
}

func TestParseAppGrant(t *testing.T) {
	for _, s := range []string{"app:billing:invoice|read", "app:billing:invoice:2026-*|read", "app:b:t:a|b:c|read", "app:b:t:*|read"} {
		if g, err := authz.ParseAppGrant(s); err != nil || g.String() != s {
			t.Errorf("%s is read as %+v, %v", s, g, err)
		}
	}
	for _, s := range []string{"", "app:", "app:billing", "app:billing:invoice", "app:billing:invoice:|read", "app::invoice|read", "app:billing:|read", "app:billing:invoice|", "app:billing:invoice:a*b|read", "dataset:x:y|read"} {
		if g, err := authz.ParseAppGrant(s); err == nil {
			t.Errorf("%s is read as %+v", s, g)
		}
	}
}

// TestExplainApps checks that each capability names all that grant it, in pages of
// every size.
func TestExplainApps(t *testing.T) {
	grant := func(s string) authz.AppGrant {
		g, err := authz.ParseAppGrant(s)
		if err != nil {
			t.Fatal(err)
		}
		return g
	}
	sets := map[string]authz.Set{
		"all":    {Apps: authz.AllApps()},
		"narrow": {Apps: authz.AppGrantsOf([]authz.AppGrant{grant("app:billing:invoice:2026-*|read"), grant("app:billing:report|read")})},
		"wide":   {Apps: authz.AppGrantsOf([]authz.AppGrant{grant("app:billing:invoice:*|read")})},
	}
	e := authz.Explain([]string{"all", "narrow", "wide"}, func(s string) (string, authz.Set) { return s, sets[s] })
	defined := []authz.AppGrant{grant("app:billing:invoice:*|approve"), grant("app:billing:invoice:*|read")}
	want := []string{
		"app:billing:invoice:*|approve [all]",
		"app:billing:invoice:*|read [all wide]",
		"app:billing:invoice:2026-*|read [all narrow wide]",
		"app:billing:report|read [all narrow]",
	}
	for limit := range len(want) + 1 {
		var got []string
		for q, more := (authz.Query{Limit: limit, Apps: defined}), true; more; {
			var page []authz.Explained[string]
			page, more = e.Page(q)
			for _, x := range page {
				got = append(got, fmt.Sprint(x.App, " ", x.Paths))
				q.After = x.Key
			}
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("pages of %d (-want +got):\n%s", limit, diff)
		}
	}
	only := authz.AppKey(grant("app:billing:invoice:2026-7|read"))
	if list, _ := e.Page(authz.Query{Only: &only}); len(list) != 1 || !slices.Equal(list[0].Paths, []string{"all", "narrow", "wide"}) {
		t.Errorf("one instance: %+v", list)
	}
}

// TestSetsWithoutAppsCostNothingMore checks that operations on sets without grants in
// applications allocate as little as before there were any.
func TestSetsWithoutAppsCostNothingMore(t *testing.T) {
	a, b := org(t, "users|read"), org(t, "users|create")
	if n := testing.AllocsPerRun(10, func() {
		u := a.Union(b)
		_ = u.Covers(a) && u.Intersect(b).Equal(b) && u.Minus(a).Equal(b) && authz.UnionOf([]authz.Set{a, b}).Equal(u)
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

// TestAllowsCost checks that a decision allocates nothing, and compares few of many grants.
func TestAllowsCost(t *testing.T) {
	grants := make([]authz.AppGrant, 3000)
	for i := range grants {
		grants[i] = authz.AppGrant{App: "billing", Type: "invoice", Action: "read", On: authz.Pattern(fmt.Sprintf("%05d-*", i))}
	}
	a := authz.AppGrantsOf(grants)
	want := authz.AppGrant{App: "billing", Type: "invoice", Action: "read", On: "01234-x"}
	if n := testing.AllocsPerRun(10, func() {
		if !a.Allows(want) {
			t.Fatal("not allowed")
		}
	}); n > 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkAppGrantsAllow(b *testing.B) {
	grants := make([]authz.AppGrant, 3000)
	for i := range grants {
		grants[i] = authz.AppGrant{App: "billing", Type: "invoice", Action: "read", On: authz.Pattern(fmt.Sprintf("%05d-*", i))}
	}
	a := authz.AppGrantsOf(grants)
	want := authz.AppGrant{App: "billing", Type: "invoice", Action: "read", On: "01234-x"}
	for b.Loop() {
		a.Allows(want)
	}
}
