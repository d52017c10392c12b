package directory

import (
	"sync"
	"sync/atomic"

	"github.com/rosterhq/roster/internal/forms"
)

// The sizes of the cache. When it is full, it is cleared instead of evicting single
// values, so that requests do no bookkeeping.
const (
	maxPrincipals = 100_000
	maxVersions   = 100_000
)

// memory keeps what requests read most, so that a request for a known user with a
// known token touches no database. It is never ahead of the database and, from a
// commit's answer on, never behind it: [memory.committed] invalidates what a commit
// changed before the commit returns, and a value that was read before a commit is
// not cached after it.
type memory struct {
	// epoch grows with everything that is forgotten. A reader notes it before it
	// reads the database, and what it read is kept only if it is still the same.
	epoch atomic.Uint64

	principals recall[principalKey, *Principal]
	versions   recall[OrgID, string] // of lists
	forms      *forms.Cache

	mu      sync.Mutex
	sources map[source]*atomic.Bool
}

type principalKey struct {
	hash SecretHash
	org  OrgID // as the request named it
}

// source is something that remembered values were made of. Its flag is shared
// by all of them and turns true when it has changed.
type source struct {
	kind sourceKind
	id   string
}

type sourceKind uint8

const (
	ofAccount sourceKind = iota // its memberships and name
	ofToken
	ofGroups // an organization's groups, roles and settings
	ofLog    // an organization's log
)

// recall is a map that is read without a lock.
type recall[K comparable, V any] struct {
	values sync.Map
	n      int // guarded by memory.mu
}

type remembered[V any] struct {
	value   V
	changed [3]*atomic.Bool // of its sources; nil for none
}

func (r *recall[K, V]) get(k K) (v V, ok bool) {
	found, ok := r.values.Load(k)
	if !ok {
		return v, false
	}
	entry := found.(*remembered[V]) //nolint:forcetypeassert // put stores nothing else
	for _, changed := range entry.changed {
		if changed != nil && changed.Load() {
			return v, false
		}
	}
	return entry.value, true
}

// keep remembers a value that was read since epoch, unless anything was
// forgotten meanwhile: it might have been this.
func keep[K comparable, V any](m *memory, r *recall[K, V], most int, epoch uint64, k K, v V, of ...source) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch.Load() != epoch {
		return
	}
	if r.n >= most {
		m.clear()
	}
	entry := &remembered[V]{value: v}
	for i, s := range of {
		if m.sources == nil {
			m.sources = make(map[source]*atomic.Bool)
		}
		if m.sources[s] == nil {
			m.sources[s] = new(atomic.Bool)
		}
		entry.changed[i] = m.sources[s]
	}
	if _, had := r.values.Swap(k, entry); !had {
		r.n++
	}
}

func (m *memory) keepPrincipal(epoch uint64, k principalKey, p *Principal) {
	of := []source{{ofToken, string(p.TokenID)}}
	if p.Kind == PersonalToken {
		of = append(of, source{ofAccount, string(p.AccountID)}, source{ofGroups, string(p.OrgID)})
	}
	keep(m, &m.principals, maxPrincipals, epoch, k, p, of...)
}

func (m *memory) keepVersion(epoch uint64, org OrgID, version string) {
	keep(m, &m.versions, maxVersions, epoch, org, version, source{ofLog, string(org)})
}

func (m *memory) keepForm(epoch uint64, org OrgID, kind uint8, id UserID, form string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.epoch.Load() == epoch {
		m.forms.Keep(string(org), kind, string(id), form)
	}
}

// clear is called with the lock held.
func (m *memory) clear() {
	m.principals.values.Clear()
	m.versions.values.Clear()
	m.principals.n, m.versions.n = 0, 0
	m.sources = nil
	m.forms.Clear()
}

// forget clears the cache: the database changed, and it is unknown what changed.
func (m *memory) forget() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch.Add(1)
	m.clear()
}

// committed drops what was made of anything that entries tell of.
func (m *memory) committed(entries []Entry) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.epoch.Add(1)
	for i := range entries {
		m.drop(&entries[i])
	}
}

// drop invalidates what an entry of this kind can change. An unrecognized kind
// clears the whole cache, so that a new kind can't leave stale values.
func (m *memory) drop(e *Entry) {
	if e.Outcome != Done {
		return
	}
	m.dropSource(ofLog, string(e.OrgID))
	switch e.Target.Type {
	case "auditLog", "webhook": // nothing is remembered of them
	case "organization":
		if e.Before != nil || e.After == nil { // of a new one neither
			m.clear()
		}
	case "user":
		m.forms.Drop(string(e.OrgID), e.Target.ID)
		m.dropSource(ofAccount, string(e.account()))
	case "apiToken", "personalToken":
		m.dropSource(ofToken, e.Target.ID)
	case "group", "orgSettings":
		m.dropSource(ofGroups, string(e.OrgID))
	case "role":
		m.dropSource(ofGroups, string(e.OrgID))
		m.forms.DropTenant(string(e.OrgID))
	default:
		m.clear()
	}
}

func (m *memory) dropSource(kind sourceKind, id string) {
	s := source{kind, id}
	if changed := m.sources[s]; changed != nil {
		changed.Store(true)
		delete(m.sources, s)
	}
}
