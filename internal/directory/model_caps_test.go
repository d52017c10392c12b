package directory_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// facts is a set of capabilities the way the model sees it: "users|create",
// "dataset:logs:query|read", "view:*:share|read", "app:billing:report:2026-*|read".
type facts map[string]bool

// covers reports whether whoever has f could do everything in other.
func (f facts) covers(other facts) bool {
	for fact := range other {
		if !f.has(fact) {
			return false
		}
	}
	return true
}

func (f facts) has(fact string) bool {
	if strings.HasPrefix(fact, "app:") {
		return f[fact] || f["app:*"] || f.hasOnPrefix(fact)
	}
	if parts := strings.SplitN(fact, ":", 3); len(parts) == 3 && f[parts[0]+":*:"+parts[2]] {
		return true
	}
	return f[fact]
}

// hasOnPrefix says whether a pattern that a capability's in an application begins with has it.
func (f facts) hasOnPrefix(fact string) bool {
	on, action, _ := strings.Cut(fact, "|")
	resource := strings.LastIndexByte(on, ':') + 1
	for i := resource; i < len(on) && strings.Count(on, ":") == 3; i++ {
		if f[on[:i]+"*|"+action] {
			return true
		}
	}
	return false
}

func (f facts) and(other facts) facts {
	u := maps.Clone(f)
	if u == nil {
		u = make(facts)
	}
	maps.Copy(u, other)
	return u
}

// meet is what both f and other let somebody do.
func (f facts) meet(other facts) facts {
	both := make(facts)
	for fact := range f {
		if other.has(fact) {
			both[fact] = true
		}
	}
	for fact := range other {
		if f.has(fact) {
			both[fact] = true
		}
	}
	return both
}

func (f facts) sorted() []string { return slices.Sorted(maps.Keys(f)) }

// pure lists f without what a wildcard beside it says already.
func (f facts) pure() (list []string) {
	rest := maps.Clone(f)
	for _, fact := range f.sorted() {
		delete(rest, fact)
		if !rest.has(fact) {
			list = append(list, fact)
		}
		rest[fact] = true
	}
	return list
}

func (f facts) set(t testing.TB) authz.Set { return caps(t, f.sorted()...) }

func factsOf(s authz.Set) facts {
	f := make(facts)
	for _, name := range s.Names() {
		f[name] = true
	}
	return f
}

// The capabilities of the built-in roles, written by hand: a resource and the initials of its
// actions. Datasets and views are on "*".
var builtinFacts = map[directory.RoleID]facts{
	"owner": spell(`annotations crud, apiTokens crud, auditLog r, billing ru, dashboards crud, datasets crud, endpoints crud, flows crud,
		integrations crud, monitors crud, notifiers crud, rbac crud, sharedAccessKeys ru, users crud, views crud`,
		`data d, ingest c, query r, share crd, starredQueries crud, trim u, vacuum u, virtualFields crud`, `query r, share crd`).and(facts{"app:*": true}),
	"admin": spell(`annotations crud, apiTokens crud, auditLog r, dashboards crud, datasets crud, endpoints crud, flows crud,
		integrations crud, monitors crud, notifiers crud, rbac crud, sharedAccessKeys ru, users crud, views crud`,
		`data d, ingest c, query r, share crd, starredQueries crud, trim u, vacuum u, virtualFields crud`, `query r, share crd`).and(facts{"app:*": true}),
	"user": spell(`annotations crud, dashboards crud, datasets r, endpoints r, flows crud, integrations r, monitors crud,
		notifiers crud, users r, views crud`,
		`ingest c, query r, share crd, starredQueries crud, virtualFields crud`, `query r, share crd`),
	"read-only": spell(`annotations r, apiTokens r, dashboards r, datasets r, endpoints r, flows r, integrations r, monitors r,
		notifiers r, rbac r, users r, views r`,
		`query r, share r, starredQueries r, virtualFields r`, `query r, share r`),
	"none": {},
}

var builtinIDs = []directory.RoleID{"user", "admin", "none", "read-only", "owner"}

func spell(org, dataset, view string) facts {
	f := make(facts)
	actions := map[rune]string{'c': "create", 'r': "read", 'u': "update", 'd': "delete"}
	for prefix, text := range map[string]string{"": org, "dataset:*:": dataset, "view:*:": view} {
		for _, item := range strings.Split(text, ",") {
			resource, initials, _ := strings.Cut(strings.TrimSpace(item), " ")
			for _, c := range initials {
				f[prefix+resource+"|"+actions[c]] = true
			}
		}
	}
	return f
}

// atoms are what custom roles and tokens are drawn from: whatever opens an
// operation, something beyond admin, and names beside their wildcard.
var atoms = []string{
	"users|create", "users|read", "users|update", "users|delete",
	"rbac|create", "rbac|read", "rbac|update", "rbac|delete",
	"apiTokens|create", "apiTokens|read", "apiTokens|update", "apiTokens|delete",
	"billing|read", "auditLog|read",
	"dataset:*:query|read", "dataset:logs:query|read", "dataset:logs:ingest|create",
	"view:*:share|read", "view:v:share|read",
	"app:billing:invoice|read", "app:billing:invoice|approve",
	"app:billing:report:*|read", "app:billing:report:2026-*|read", "app:billing:report:2026-01|read", "app:billing:report:2025-*|read",
}

func drawFacts(t *rapid.T) facts {
	f := make(facts)
	switch below(t, 10, "kind of set") {
	case 9:
		return maps.Clone(builtinFacts["owner"])
	case 8:
		return maps.Clone(builtinFacts["admin"])
	case 7: // all that the operations need, as an integration has it
		for _, fact := range atoms[:12] {
			f[fact] = true
		}
		return f
	}
	for _, fact := range rapid.SliceOfN(rapid.SampledFrom(atoms), 0, 8).Draw(t, "capabilities") {
		f[fact] = true
	}
	return f.canonical()
}

// canonical leaves out capabilities in applications that a pattern beside them has.
func (f facts) canonical() facts {
	pure := f.pure()
	maps.DeleteFunc(f, func(fact string, _ bool) bool {
		return strings.HasPrefix(fact, "app:") && !slices.Contains(pure, fact)
	})
	return f
}
