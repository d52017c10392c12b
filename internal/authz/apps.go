package authz

import (
	"cmp"
	"iter"
	"slices"
	"sort"
	"strings"
)

// Pattern says on which instances of a resource type a capability is. "*" is all of
// them, those not made yet included, "2026-*" those whose names begin with "2026-", and
// anything else the one instance of that name. The zero value is for a type that has no
// instances; it is neither more nor less than any other pattern.
type Pattern string

// split returns the text that names are compared with, and the place of the pattern
// among those with the same text.
func (p Pattern) split() (text string, place int) {
	if p == "" {
		return "", patternOfType
	}
	if prefix, ok := strings.CutSuffix(string(p), Wildcard); ok {
		return prefix, patternOfPrefix
	}
	return string(p), patternOfName
}

const (
	patternOfType = iota
	patternOfPrefix
	patternOfName
)

// covers reports whether every instance that other is on, p is on too.
func (p Pattern) covers(other Pattern) bool {
	text, place := p.split()
	otherText, otherPlace := other.split()
	if place == patternOfPrefix && otherPlace != patternOfType {
		return strings.HasPrefix(otherText, text)
	}
	return place == otherPlace && text == otherText
}

// AppGrant is one capability in an application: an action on a resource type's instances.
type AppGrant struct {
	App, Type, Action string
	On                Pattern
}

func (g AppGrant) compare(other AppGrant) int {
	if c := cmp.Or(strings.Compare(g.App, other.App), strings.Compare(g.Type, other.Type), strings.Compare(g.Action, other.Action)); c != 0 {
		return c
	}
	text, place := g.On.split()
	otherText, otherPlace := other.On.split()
	return cmp.Or(strings.Compare(text, otherText), cmp.Compare(place, otherPlace))
}

// covers reports whether whoever has g has other.
func (g AppGrant) covers(other AppGrant) bool {
	return g.App == other.App && g.Type == other.Type && g.Action == other.Action && g.On.covers(other.On)
}

// String writes a capability as people do: "app:billing:invoice|read", or with
// instances, "app:billing:invoice:2026-*|read".
func (g AppGrant) String() string {
	on := g.Type
	if g.On != "" {
		on += ":" + string(g.On)
	}
	return appPrefix + g.App + ":" + on + "|" + g.Action
}

const appPrefix = "app:"

// AppGrants are capabilities in applications: some, or all of every application, whatever
// it defines. The zero value grants nothing, and sets without such capabilities pay for
// one nil pointer. Values are not changed once made, and compare with [AppGrants.Equal].
type AppGrants struct{ of *appGrants }

// appGrants has grants in their order, none of which covers another: equal meanings have
// equal values. So among the grants that differ in patterns alone, the one that covers
// an instance, if any, is the last one that is not after it.
type appGrants struct {
	all    bool // then there are no others
	grants []AppGrant
}

// AllApps is all capabilities of every application, those not defined yet included.
func AllApps() AppGrants { return AppGrants{&allApps} }

var allApps = appGrants{all: true}

// AppGrantsOf is the set of grants. It may use their array.
func AppGrantsOf(grants []AppGrant) AppGrants {
	if !slices.IsSortedFunc(grants, AppGrant.compare) {
		slices.SortFunc(grants, AppGrant.compare)
	}
	kept := grants[:0]
	for _, g := range grants {
		// A grant comes right before those that it covers.
		if len(kept) == 0 || !kept[len(kept)-1].covers(g) {
			kept = append(kept, g)
		}
	}
	if len(kept) == 0 {
		return AppGrants{}
	}
	return AppGrants{&appGrants{grants: slices.Clip(kept)}}
}

// All reports whether a has all capabilities of every application.
func (a AppGrants) All() bool { return a.of != nil && a.of.all }

// Empty reports whether a grants nothing.
func (a AppGrants) Empty() bool { return a.of == nil }

// Len is how many grants a lists. It is 0 for all of every application.
func (a AppGrants) Len() int { return len(a.list()) }

// Each yields the grants that a lists, in order: none, if it has all of every application.
func (a AppGrants) Each() iter.Seq[AppGrant] { return slices.Values(a.list()) }

func (a AppGrants) list() []AppGrant {
	if a.of == nil {
		return nil
	}
	return a.of.grants
}

// Of returns the grants that a lists in one application.
func (a AppGrants) Of(app string) AppGrants {
	if a.All() {
		return AppGrants{}
	}
	return a.where(func(g AppGrant) bool { return g.App == app })
}

// Without returns the grants of a that are not among those that drop selects. All of
// every application stays all.
func (a AppGrants) Without(drop func(AppGrant) bool) AppGrants {
	return a.where(func(g AppGrant) bool { return !drop(g) })
}

func (a AppGrants) where(keep func(AppGrant) bool) AppGrants {
	list := a.list()
	n := 0
	for _, g := range list {
		if keep(g) {
			n++
		}
	}
	if n == len(list) {
		return a // also all of every application
	}
	kept := make([]AppGrant, 0, n)
	for _, g := range list {
		if keep(g) {
			kept = append(kept, g)
		}
	}
	return AppGrantsOf(kept)
}

// Allows reports whether a has a capability. It takes time that grows with the logarithm
// of the grants, and allocates nothing.
func (a AppGrants) Allows(want AppGrant) bool {
	if a.All() {
		return true
	}
	list := a.list()
	after := sort.Search(len(list), func(i int) bool { return list[i].compare(want) > 0 })
	return after > 0 && list[after-1].covers(want)
}

// Covers reports whether a has everything that other has. Only all of every application
// covers itself: applications may define more.
func (a AppGrants) Covers(other AppGrants) bool {
	if other.of == nil || a.All() {
		return true
	}
	if a.of == nil || other.All() {
		return false
	}
	for _, g := range other.of.grants {
		if !a.Allows(g) {
			return false
		}
	}
	return true
}

// Union is what a and other grant together.
func (a AppGrants) Union(other AppGrants) AppGrants {
	switch {
	case a.Covers(other):
		return a
	case other.Covers(a):
		return other
	default:
		return AppGrantsOf(slices.Concat(a.list(), other.list()))
	}
}

// Intersect is what both a and other grant: of two patterns, the one that the other covers.
func (a AppGrants) Intersect(other AppGrants) AppGrants {
	switch {
	case a.Covers(other):
		return other
	case other.Covers(a):
		return a
	}
	var both []AppGrant
	for g := range a.Each() {
		if other.Allows(g) {
			both = append(both, g)
		}
	}
	for g := range other.Each() {
		if a.Allows(g) {
			both = append(both, g)
		}
	}
	return AppGrantsOf(both)
}

// Minus returns the capabilities that a grants and other does not. The rest of a pattern
// is the pattern, and the rest of all is all.
func (a AppGrants) Minus(other AppGrants) AppGrants {
	if a.of == nil || other.of == nil {
		return a
	}
	if other.All() {
		return AppGrants{}
	}
	return a.Without(other.Allows)
}

// Equal reports whether a and other grant the same.
func (a AppGrants) Equal(other AppGrants) bool {
	return a.of == other.of || (a.of != nil && other.of != nil && a.All() == other.All() && slices.Equal(a.list(), other.list()))
}

// appUnion joins grants in applications. The first ones are shared until there are others.
type appUnion struct {
	first AppGrants
	more  []AppGrant
	all   bool
}

func (u *appUnion) add(a AppGrants) {
	switch {
	case a.of == nil || a.of == u.first.of:
	case a.All():
		u.all = true
	case u.first.of == nil:
		u.first = a
	default:
		u.more = append(u.more, a.of.grants...)
	}
}

func (u *appUnion) union() AppGrants {
	if u.all {
		return AllApps()
	}
	if len(u.more) == 0 {
		return u.first
	}
	return AppGrantsOf(append(u.more, u.first.list()...))
}
