package directory

import (
	"sync"
	"sync/atomic"

	"github.com/rosterhq/roster/internal/text"
	"github.com/rosterhq/roster/internal/usercache"
)

// The sizes of the cache. When a table is full, the whole cache is cleared instead of
// evicting single values, so that requests do no bookkeeping.
const (
	maxPrincipals = 100_000
	maxVersions   = 100_000
	maxApps       = 10_000
	maxAccess     = 200_000
)

// cache holds what requests read most, so that a request for a cached user with a
// cached token reads no database. It is never ahead of the database and, once a commit
// has returned, never behind it: [cache.committed] invalidates what a commit changed
// before the commit returns, and a value that was read before a commit does not enter
// the cache after it.
type cache struct {
	// epoch grows with every invalidation. A reader loads it before it reads the
	// database, and the value enters the cache only if the epoch is still the same.
	epoch atomic.Uint64

	principals table[principalKey, *Principal]
	versions   table[OrgID, string] // of lists
	apps       table[appKey, Application]
	access     table[accessKey, *HeldAccess]
	users      *usercache.Cache // and views

	mu      sync.Mutex
	sources map[source]*atomic.Bool
}

type principalKey struct {
	hash SecretHash
	org  OrgID // as the request named it
}

// table is a map that is read without a lock.
type table[K comparable, V any] struct {
	values sync.Map
	n      int // guarded by cache.mu
}

type cached[V any] struct {
	value V
	stale [4]*atomic.Bool // flags of its sources; nil for none
}

func (t *table[K, V]) get(k K) (v V, ok bool) {
	found, ok := t.values.Load(k)
	if !ok {
		return v, false
	}
	entry := found.(*cached[V]) // put stores nothing else
	for _, stale := range entry.stale {
		if stale != nil && stale.Load() {
			return v, false
		}
	}
	return entry.value, true
}

// put stores a value that was read at an epoch, unless something was invalidated
// since: it might have been this value.
func put[K comparable, V any](c *cache, t *table[K, V], most int, epoch uint64, k K, v V, from ...source) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch.Load() != epoch {
		return
	}
	if t.n >= most {
		c.clear()
	}
	entry := &cached[V]{value: v}
	for i, s := range from {
		if c.sources == nil {
			c.sources = make(map[source]*atomic.Bool)
		}
		if c.sources[s] == nil {
			c.sources[s] = new(atomic.Bool)
		}
		entry.stale[i] = c.sources[s]
	}
	if _, had := t.values.Swap(k, entry); !had {
		t.n++
	}
}

func (c *cache) putPrincipal(epoch uint64, k principalKey, p *Principal) {
	if p.awaitsIssuer {
		return // it ends with a sign-in, which invalidates nothing
	}
	from := []source{credentialSource(p.Kind, p.TokenID)}
	if p.Kind == AppClient {
		from = append(from, appSource(p.OrgID, p.App))
	}
	if p.Kind.ofAccount() {
		from = append(from, source{kind: ofAccount, id: string(p.AccountID)}, source{kind: ofGroups, id: string(p.OrgID)})
	}
	put(c, &c.principals, maxPrincipals, epoch, k, p, from...)
}

func (c *cache) putVersion(epoch uint64, org OrgID, version string) {
	put(c, &c.versions, maxVersions, epoch, org, version, source{kind: ofLog, id: string(org)})
}

// putUser stores a user by id, and by address if they were looked up by it.
func (c *cache) putUser(epoch uint64, format WireFormat, u User, wire []byte, byEmail bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch.Load() != epoch {
		return
	}
	k := usercache.User{Org: string(u.OrgID), ID: string(u.ID), Email: text.FoldKey(u.Email)}
	c.users.Put(format.Kind, k, wire)
	if byEmail {
		c.users.PutHint(k)
	}
}

// clear empties the cache. The caller holds the lock.
func (c *cache) clear() {
	c.principals.values.Clear()
	c.versions.values.Clear()
	c.apps.values.Clear()
	c.access.values.Clear()
	c.principals.n, c.versions.n, c.apps.n, c.access.n = 0, 0, 0, 0
	c.sources = nil
	c.users.Clear()
}

// invalidate empties the cache: the database changed, and it is unknown what changed.
func (c *cache) invalidate() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch.Add(1)
	c.clear()
}

// committed invalidates everything that the entries of a commit can have changed.
func (c *cache) committed(entries []Entry) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch.Add(1)
	for i := range entries {
		for s := range entries[i].changed {
			c.drop(s)
		}
	}
}

// drop invalidates what was made from a source.
func (c *cache) drop(s source) {
	switch s.kind {
	case ofAnything:
		c.clear()
	case ofViews:
		c.users.DropOrg(viewsOf(s.in))
	case ofSchemas:
		c.users.DropOrg(schemasOf(s.in))
	case ofUsers:
		c.users.DropOrg(string(s.in))
	case ofUser:
		c.users.Drop(string(s.in), s.id)
	}
	if stale := c.sources[s]; stale != nil {
		stale.Store(true)
		delete(c.sources, s)
	}
}
