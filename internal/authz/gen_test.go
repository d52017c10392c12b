package authz_test

import (
	"maps"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
)

// names are few, so that drawn sets overlap often.
var names = []string{authz.Wildcard, "logs", "metrics", "a b|c"}

func grants(v *authz.Vocabulary) *rapid.Generator[authz.Grants] {
	return rapid.Custom(func(t *rapid.T) authz.Grants {
		return authz.Grants(rapid.Uint64().Draw(t, "bits")) & v.All()
	})
}

func named(v *authz.Vocabulary) *rapid.Generator[map[string]authz.Grants] {
	return rapid.MapOfN(rapid.SampledFrom(names), grants(v), 0, len(names))
}

// sets draws capability sets; some of their names grant nothing.
func sets() *rapid.Generator[authz.Set] {
	return rapid.Custom(func(t *rapid.T) authz.Set {
		return authz.Set{
			Org:      grants(authz.Org).Draw(t, "org"),
			Datasets: named(authz.Dataset).Draw(t, "datasets"),
			Views:    named(authz.View).Draw(t, "views"),
			Apps:     apps().Draw(t, "apps"),
		}
	})
}

// within draws a set that s covers: fewer grants, some of them moved from "*" to a name.
func within(t *rapid.T, s authz.Set) authz.Set {
	less := func(v *authz.Vocabulary, have map[string]authz.Grants) map[string]authz.Grants {
		sub := make(map[string]authz.Grants)
		for name := range have {
			sub[name] = have[name] & grants(v).Draw(t, "mask of "+name)
		}
		for name, g := range named(v).Draw(t, "from the wildcard") {
			sub[name] |= g & have[authz.Wildcard]
		}
		return sub
	}
	return authz.Set{
		Org:      s.Org & grants(authz.Org).Draw(t, "org mask"),
		Datasets: less(authz.Dataset, s.Datasets),
		Views:    less(authz.View, s.Views),
		Apps:     appsWithin(t, s.Apps),
	}
}

// facts is everything that s lets its holder do, one string each, on each of the
// names, on one that nobody mentions, and on "*" itself. It is the meaning of a
// set spelled out without the package's arithmetic.
func facts(s authz.Set) map[string]bool {
	all := make(map[string]bool)
	for _, p := range authz.Org.Pairs(s.Org) {
		all[p.String()] = true
	}
	scope := func(kind string, v *authz.Vocabulary, have map[string]authz.Grants) {
		for _, name := range append([]string{"made later"}, names...) {
			for _, from := range []string{name, authz.Wildcard} {
				for _, p := range v.Pairs(have[from]) {
					all[kind+":"+name+":"+p.String()] = true
				}
			}
		}
	}
	scope("dataset", authz.Dataset, s.Datasets)
	scope("view", authz.View, s.Views)
	maps.Copy(all, appFacts(s.Apps))
	return all
}

func subset(a, b map[string]bool) bool {
	for f := range a {
		if !b[f] {
			return false
		}
	}
	return true
}

func both(a, b map[string]bool) map[string]bool {
	u := maps.Clone(a)
	maps.Copy(u, b)
	return u
}
