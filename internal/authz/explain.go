package authz

import (
	"maps"
	"runtime"
	"slices"
)

// Scope is what a capability is on.
type Scope string

// The scopes, in the order in which an explanation has them.
const (
	ScopeOrg     Scope = "organization"
	ScopeDataset Scope = "dataset"
	ScopeView    Scope = "view"
	ScopeApp     Scope = "app"
)

// Key names one capability: in an application, by App alone.
type Key struct {
	Scope Scope
	Name  string // the dataset or view; "*" for all
	Pair  Pair
	App   AppGrant
}

// String writes a capability as people do, with its scope and name.
func (k Key) String() string {
	switch k.Scope {
	case ScopeOrg:
		return k.Pair.String()
	case ScopeApp:
		return k.App.String()
	default:
		return string(k.Scope) + ":" + k.Name + ":" + k.Pair.String()
	}
}

// AppKey names a capability in an application.
func AppKey(g AppGrant) Key { return Key{Scope: ScopeApp, App: g} }

// Explained is one capability that somebody has, with every reason for it: without its
// last path, the capability is gone.
type Explained[S any] struct {
	Key
	Paths []S
}

// Query selects a part of an explanation.
type Query struct {
	// Only, if set, asks about one capability. A grant on "*" is one on every name, and in
	// an application, one on a pattern is one on all that the pattern covers.
	Only *Key
	// Apps are what stands for all capabilities of every application: what the
	// applications define.
	Apps []AppGrant
	// After continues after the last capability of the page before.
	After Key
	// Limit is how many capabilities a page has at most; 0 stands for all. A page also
	// ends after [MaxPaths] reasons.
	Limit int
}

// MaxPaths bounds the reasons on a page, and with them its size. One capability may
// have more by itself.
const MaxPaths = 10_000

// Explanation lists the capabilities that sources grant together.
type Explanation[S any] struct {
	sources []S
	set     []int    // of each source; its place in sets
	sets    []Set    // each once, however many sources grant it
	grants  []Grants // of each set on the name that is looked at
	looks   int
}

// yieldEvery is after how many names an explanation lets other goroutines run.
const yieldEvery = 16

// Explain returns the explanation of sources. of returns the set that a source grants;
// sources with the same id grant the same set.
func Explain[S any, ID comparable](sources []S, of func(S) (ID, Set)) *Explanation[S] {
	e := &Explanation[S]{sources: sources, set: make([]int, len(sources))}
	places := make(map[ID]int)
	for i, s := range sources {
		id, set := of(s)
		place, ok := places[id]
		if !ok {
			place = len(e.sets)
			places[id] = place
			e.sets = append(e.sets, set)
		}
		e.set[i] = place
	}
	e.grants = make([]Grants, len(e.sets))
	return e
}

// Page returns the capabilities that q selects, ordered by scope, name and vocabulary,
// and whether there are more. The work it takes depends on the page, not on what comes
// after it.
func (e *Explanation[S]) Page(q Query) (list []Explained[S], more bool) {
	if q.Only != nil && q.Only.Scope == ScopeApp {
		if paths := e.appPaths(q.Only.App); len(paths) > 0 {
			list = append(list, Explained[S]{*q.Only, paths})
		}
		return list, false
	}
	if q.Only != nil {
		e.look(q.Only.Scope, q.Only.Name)
		if paths := e.paths(q.Only.Scope, q.Only.Pair); len(paths) > 0 {
			list = append(list, Explained[S]{*q.Only, paths})
		}
		return list, false
	}
	paths := 0
	for _, scope := range []Scope{ScopeOrg, ScopeDataset, ScopeView} {
		if scope.order() < q.After.Scope.order() {
			continue
		}
		for _, name := range e.names(scope) {
			if scope == q.After.Scope && name < q.After.Name {
				continue
			}
			pairs := scope.vocabulary().Pairs(e.look(scope, name))
			if scope == q.After.Scope && name == q.After.Name {
				pairs = scope.vocabulary().after(q.After.Pair, pairs)
			}
			for _, pair := range pairs {
				if q.Limit > 0 && (len(list) == q.Limit || paths >= MaxPaths) {
					return list, true
				}
				x := Explained[S]{Key{Scope: scope, Name: name, Pair: pair}, e.paths(scope, pair)}
				paths += len(x.Paths)
				list = append(list, x)
			}
		}
	}
	for _, g := range e.apps(q.Apps) {
		if q.After.Scope == ScopeApp && g.compare(q.After.App) <= 0 {
			continue
		}
		if q.Limit > 0 && (len(list) == q.Limit || paths >= MaxPaths) {
			return list, true
		}
		x := Explained[S]{AppKey(g), e.appPaths(g)}
		paths += len(x.Paths)
		list = append(list, x)
	}
	return list, false
}

// apps returns the capabilities in applications that sets list, in order. all stands for
// those of a set that has all of every application.
func (e *Explanation[S]) apps(all []AppGrant) (listed []AppGrant) {
	for _, s := range e.sets {
		if s.Apps.All() {
			listed = append(listed, all...)
		}
		listed = append(listed, s.Apps.list()...)
	}
	slices.SortFunc(listed, AppGrant.compare)
	return slices.Compact(listed)
}

// appPaths returns the sources that grant a capability in an application.
func (e *Explanation[S]) appPaths(g AppGrant) (paths []S) {
	grants := make([]bool, len(e.sets))
	for i, s := range e.sets {
		grants[i] = s.Apps.Allows(g)
	}
	for i, s := range e.sources {
		if grants[e.set[i]] {
			paths = append(paths, s)
		}
	}
	return paths
}

// look finds what each set grants on a name, and returns the union.
func (e *Explanation[S]) look(scope Scope, name string) (union Grants) {
	if e.looks++; e.looks%yieldEvery == 0 {
		runtime.Gosched()
	}
	for i, s := range e.sets {
		e.grants[i] = scope.grants(s, name)
		union |= e.grants[i]
	}
	return union
}

// paths returns the sources that grant a pair on the name that was looked at.
func (e *Explanation[S]) paths(scope Scope, pair Pair) (paths []S) {
	g, ok := scope.vocabulary().Grant(pair)
	if !ok {
		return nil
	}
	for i, s := range e.sources {
		if e.grants[e.set[i]].Covers(g) {
			paths = append(paths, s)
		}
	}
	return paths
}

// names returns the names of a scope that sets have, sorted.
func (e *Explanation[S]) names(scope Scope) []string {
	if scope == ScopeOrg {
		return []string{""}
	}
	all := make(map[string]bool)
	for _, s := range e.sets {
		for name := range scope.named(s) {
			all[name] = true
		}
	}
	return slices.Sorted(maps.Keys(all))
}

// after returns those of pairs that the vocabulary lists after last.
func (v *Vocabulary) after(last Pair, pairs []Pair) []Pair {
	order := v.Pairs(v.All())
	at := slices.Index(order, last)
	return slices.DeleteFunc(pairs, func(p Pair) bool { return slices.Index(order, p) <= at })
}

func (s Scope) order() int {
	return slices.Index([]Scope{"", ScopeOrg, ScopeDataset, ScopeView, ScopeApp}, s)
}

func (s Scope) vocabulary() *Vocabulary {
	switch s {
	case ScopeDataset:
		return Dataset
	case ScopeView:
		return View
	default:
		return Org
	}
}

// named returns a set's grants by name.
func (s Scope) named(set Set) map[string]Grants {
	if s == ScopeDataset {
		return set.Datasets
	}
	return set.Views
}

// grants returns what a set grants on a name. A grant on "*" is one on every name.
func (s Scope) grants(set Set, name string) Grants {
	if s == ScopeOrg {
		return set.Org
	}
	return s.named(set)[Wildcard] | s.named(set)[name]
}
