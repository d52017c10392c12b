package directory

import (
	"maps"
	"runtime"
	"slices"

	"github.com/rosterhq/roster/internal/authz"
)

// AccessScope is what a capability is on.
type AccessScope string

// The three scopes, in the order in which an explanation has them.
const (
	ScopeOrg     AccessScope = "organization"
	ScopeDataset AccessScope = "dataset"
	ScopeView    AccessScope = "view"
)

// AccessKey names one capability.
type AccessKey struct {
	Scope AccessScope
	Name  string // the dataset or view; "*" for all
	Pair  authz.Pair
}

// AccessCapability is one capability that somebody has, with every reason for
// it: take the last one away and the capability is gone.
type AccessCapability struct {
	AccessKey
	Paths []Source // none for an API token, which has its own
}

// AccessQuery selects a part of an explanation.
type AccessQuery struct {
	// Only, if set, asks about one capability. A grant on "*" is one on every name.
	Only *AccessKey
	// After continues after the last capability of the page before.
	After AccessKey
	// Limit is how many capabilities a page has at most; 0: all there are. A page also
	// ends after maxPaths reasons.
	Limit int
}

// maxPaths bounds the reasons on a page, and with them its size. One capability may
// have more by itself.
const maxPaths = 10_000

// explanation lists the capabilities of sources.
type explanation struct {
	sources []Source
	roles   map[RoleID]int // places in sets
	sets    []authz.Set    // of each role once, however many groups give it
	grants  []authz.Grants // of each set on the name that is looked at
	looks   int
}

// yieldEvery is after how many names an explanation lets other goroutines run.
const yieldEvery = 16

func explain(sources []Source) *explanation {
	e := &explanation{sources: sources, roles: make(map[RoleID]int)}
	for _, s := range sources {
		if _, known := e.roles[s.Role.ID]; !known {
			e.roles[s.Role.ID] = len(e.sets)
			e.sets = append(e.sets, s.Role.Capabilities)
		}
	}
	e.grants = make([]authz.Grants, len(e.sets))
	return e
}

// page gives the capabilities that q selects, in the order of the scopes, the names and
// the vocabularies, and whether there are more. It works through what the page has, not
// through what comes after it.
func (e *explanation) page(q AccessQuery) (list []AccessCapability, more bool) {
	if q.Only != nil {
		if c := e.one(*q.Only); len(c.Paths) > 0 {
			list = append(list, c)
		}
		return list, false
	}
	paths := 0
	for _, scope := range []AccessScope{ScopeOrg, ScopeDataset, ScopeView} {
		if scopeOrder(scope) < scopeOrder(q.After.Scope) {
			continue
		}
		for _, name := range e.names(scope) {
			same := scope == q.After.Scope && name == q.After.Name
			if scope == q.After.Scope && name < q.After.Name {
				continue
			}
			pairs := scope.vocabulary().Pairs(e.look(scope, name))
			if same {
				pairs = behind(pairs, q.After.Pair, scope.vocabulary())
			}
			for _, pair := range pairs {
				if q.Limit > 0 && (len(list) == q.Limit || paths >= maxPaths) {
					return list, true
				}
				c := AccessCapability{AccessKey: AccessKey{scope, name, pair}}
				c.Paths = e.paths(scope, pair)
				paths += len(c.Paths)
				list = append(list, c)
			}
		}
	}
	return list, false
}

// one explains a single capability; without paths, nobody grants it.
func (e *explanation) one(key AccessKey) AccessCapability {
	e.look(key.Scope, key.Name)
	return AccessCapability{AccessKey: key, Paths: e.paths(key.Scope, key.Pair)}
}

// look finds what each set grants on a name, and gives what all of them do together.
func (e *explanation) look(scope AccessScope, name string) (union authz.Grants) {
	if e.looks++; e.looks%yieldEvery == 0 {
		runtime.Gosched()
	}
	for i, s := range e.sets {
		e.grants[i] = scope.grants(s, name)
		union |= e.grants[i]
	}
	return union
}

// paths are the sources that grant a pair on the name that was looked at.
func (e *explanation) paths(scope AccessScope, pair authz.Pair) (paths []Source) {
	g, ok := scope.vocabulary().Grant(pair)
	for _, s := range e.sources {
		if ok && e.grants[e.roles[s.Role.ID]].Covers(g) {
			paths = append(paths, s)
		}
	}
	return paths
}

// names are those of a scope that sets have, sorted.
func (e *explanation) names(scope AccessScope) []string {
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

// behind are the pairs that the vocabulary lists after one.
func behind(pairs []authz.Pair, last authz.Pair, v *authz.Vocabulary) []authz.Pair {
	order := v.Pairs(v.All())
	at := slices.Index(order, last)
	return slices.DeleteFunc(slices.Clone(pairs), func(p authz.Pair) bool { return slices.Index(order, p) <= at })
}

func scopeOrder(s AccessScope) int {
	return slices.Index([]AccessScope{"", ScopeOrg, ScopeDataset, ScopeView}, s)
}

func (s AccessScope) vocabulary() *authz.Vocabulary {
	return map[AccessScope]*authz.Vocabulary{ScopeOrg: authz.Org, ScopeDataset: authz.Dataset, ScopeView: authz.View}[s]
}

// named are a set's grants by name.
func (s AccessScope) named(set authz.Set) map[string]authz.Grants {
	if s == ScopeDataset {
		return set.Datasets
	}
	return set.Views
}

// grants is what a set grants on a name: a grant on "*" is one on every name.
func (s AccessScope) grants(set authz.Set, name string) authz.Grants {
	if s == ScopeOrg {
		return set.Org
	}
	return s.named(set)[authz.Wildcard] | s.named(set)[name]
}
