package authz

import "maps"

// Wildcard is the dataset or view name that stands for all of them, those not
// made yet included.
const Wildcard = "*"

// Set is everything a principal may do: on the organization, by name on datasets and
// views, and in applications. The zero value may do nothing. A Set is not changed
// once made; the maps may be shared.
type Set struct {
	Org      Grants
	Datasets map[string]Grants
	Views    map[string]Grants
	Apps     AppGrants
}

// Everything is the set that covers every other.
func Everything() Set {
	return Set{
		Org:      Org.All(),
		Datasets: map[string]Grants{Wildcard: Dataset.All()},
		Views:    map[string]Grants{Wildcard: View.All()},
		Apps:     AllApps(),
	}
}

// CountNames is how many datasets and views s names, "*" included, and how many
// capabilities in applications it lists.
func (s Set) CountNames() int { return len(s.Datasets) + len(s.Views) + s.Apps.Len() }

// Allows reports whether s holds the organization capability p. A pair that is
// not in the vocabulary is never allowed.
func (s Set) Allows(p Pair) bool {
	g, ok := Org.Grant(p)
	return ok && s.Org.Covers(g)
}

// Covers reports whether whoever has s could do everything that other could:
// what s grants on "*" it grants on each name, and only a grant on "*" covers
// another's "*".
func (s Set) Covers(other Set) bool {
	return s.Org.Covers(other.Org) && namedCover(s.Datasets, other.Datasets) && namedCover(s.Views, other.Views) &&
		s.Apps.Covers(other.Apps)
}

func namedCover(have, want map[string]Grants) bool {
	for name, g := range want {
		if !(have[Wildcard] | have[name]).Covers(g) {
			return false
		}
	}
	return true
}

// Union is what s and other grant together.
func (s Set) Union(other Set) Set {
	return Set{
		Org:      s.Org | other.Org,
		Datasets: namedUnion(s.Datasets, other.Datasets),
		Views:    namedUnion(s.Views, other.Views),
		Apps:     s.Apps.Union(other.Apps),
	}
}

// UnionOf is what all sets grant together. It costs what their names are in all:
// to join them one by one would copy the first ones' names again and again.
func UnionOf(sets []Set) (u Set) {
	var datasets, views union
	var apps appUnion
	for _, s := range sets {
		u.Org |= s.Org
		datasets.add(s.Datasets)
		views.add(s.Views)
		apps.add(s.Apps)
	}
	u.Datasets, u.Views, u.Apps = datasets.named, views.named, apps.union()
	return u
}

// union joins grants by name. The first ones are shared until there are others.
type union struct {
	named map[string]Grants
	owned bool
}

func (u *union) add(more map[string]Grants) {
	switch {
	case len(more) == 0:
	case len(u.named) == 0:
		u.named = more
	case !u.owned:
		u.named, u.owned = namedUnion(u.named, more), true
	default:
		for name, g := range more {
			u.named[name] |= g
		}
	}
}

func namedUnion(a, b map[string]Grants) map[string]Grants {
	if len(b) == 0 {
		return a
	}
	if len(a) == 0 {
		return b
	}
	u := maps.Clone(a)
	for name, g := range b {
		u[name] |= g
	}
	return u
}

// Intersect is what both s and other grant: what one grants on "*" meets what the
// other grants on each name.
func (s Set) Intersect(other Set) Set {
	return Set{
		Org:      s.Org & other.Org,
		Datasets: namedIntersect(s.Datasets, other.Datasets),
		Views:    namedIntersect(s.Views, other.Views),
		Apps:     s.Apps.Intersect(other.Apps),
	}
}

func namedIntersect(a, b map[string]Grants) map[string]Grants {
	var both map[string]Grants
	keep := func(name string, g Grants) {
		if g == 0 {
			return
		}
		if both == nil {
			both = make(map[string]Grants)
		}
		both[name] = g
	}
	all := a[Wildcard] & b[Wildcard]
	for _, names := range []map[string]Grants{a, b} {
		for name := range names {
			keep(name, (a[Wildcard]|a[name])&(b[Wildcard]|b[name])&^all)
		}
	}
	keep(Wildcard, all)
	return both
}

// Minus returns the capabilities that s grants and other does not. A grant of other on
// "*" applies to every name. The rest of a "*" stays a "*".
func (s Set) Minus(other Set) Set {
	return Set{
		Org:      s.Org &^ other.Org,
		Datasets: namedMinus(s.Datasets, other.Datasets),
		Views:    namedMinus(s.Views, other.Views),
		Apps:     s.Apps.Minus(other.Apps),
	}
}

func namedMinus(a, b map[string]Grants) map[string]Grants {
	var rest map[string]Grants
	for name, g := range a {
		if g &^= b[Wildcard] | b[name]; g != 0 {
			if rest == nil {
				rest = make(map[string]Grants)
			}
			rest[name] = g
		}
	}
	return rest
}

// Empty reports whether s grants nothing.
func (s Set) Empty() bool { return s.Equal(Set{}) }

// Equal reports whether s and other grant the same, name by name.
func (s Set) Equal(other Set) bool {
	return s.Org == other.Org && namedEqual(s.Datasets, other.Datasets) && namedEqual(s.Views, other.Views) && s.Apps.Equal(other.Apps)
}

// namedEqual ignores names that grant nothing, which is what their absence does.
func namedEqual(a, b map[string]Grants) bool {
	return namedSame(a, b) && namedSame(b, a)
}

func namedSame(a, b map[string]Grants) bool {
	for name, g := range a {
		if b[name] != g {
			return false
		}
	}
	return true
}
