// Package derived keeps values in memory that were made from sources, such as rows of a
// database, until a source changes. A kept value is never older than its sources, if each
// change is reported before it is acknowledged. No I/O.
package derived

import (
	"sync"
	"sync/atomic"
)

// Cache has tables of values that are made from sources of type S. The zero value is ready
// for use, and methods are safe for concurrent use.
type Cache[S comparable] struct {
	// epoch grows with every change. A reader loads it before it reads the sources, and the
	// value is kept only if the epoch is still the same.
	epoch atomic.Uint64

	mu     sync.Mutex
	stale  map[S]*atomic.Bool
	tables []interface{ Clear() }
}

// Epoch is to be read before the sources of a value are.
func (c *Cache[S]) Epoch() uint64 { return c.epoch.Load() }

// Changed drops what was made from sources that have changed, all at once: those that
// changed names.
func (c *Cache[S]) Changed(changed func(Drops[S])) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.epoch.Add(1)
	changed(Drops[S]{c})
}

// Drops is what a call of [Cache.Changed] can drop, until it returns.
type Drops[S comparable] struct{ cache *Cache[S] }

// Source drops what was made from a source.
func (d Drops[S]) Source(s S) {
	if stale := d.cache.stale[s]; stale != nil {
		stale.Store(true)
		delete(d.cache.stale, s)
	}
}

// Everything empties the cache.
func (d Drops[S]) Everything() { d.cache.clear() }

// Add makes a cache of another kind a table: it is emptied with the others.
func (c *Cache[S]) Add(table interface{ Clear() }) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.tables = append(c.tables, table)
}

// clear empties all tables. The caller holds the lock.
func (c *Cache[S]) clear() {
	for _, t := range c.tables {
		t.Clear()
	}
	c.stale = nil
}

// At runs keep, unless something has changed since an epoch: it might have been a source of
// what keep keeps.
func (c *Cache[S]) At(epoch uint64, keep func()) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.epoch.Load() == epoch {
		keep()
	}
}

// maxSources is how many sources a value has at most.
const maxSources = 4

// Table is a table of a [Cache], which is read without a lock.
type Table[S, K comparable, V any] struct {
	cache  *Cache[S]
	values sync.Map
	n      int // guarded by the cache's lock
	most   int
}

type value[V any] struct {
	value V
	stale [maxSources]*atomic.Bool // flags of its sources; nil for none
}

// NewTable adds a table to a cache. If it is full, the whole cache is cleared instead of
// evicting single values, so that reading does no bookkeeping.
func NewTable[S, K comparable, V any](c *Cache[S], most int) *Table[S, K, V] {
	t := &Table[S, K, V]{cache: c, most: most}
	c.Add(t)
	return t
}

// Get returns the value of a key, if there is one and no source of it has changed.
func (t *Table[S, K, V]) Get(k K) (v V, ok bool) {
	found, ok := t.values.Load(k)
	if !ok {
		return v, false
	}
	kept := found.(*value[V]) // Put stores nothing else
	for _, stale := range kept.stale {
		if stale != nil && stale.Load() {
			return v, false
		}
	}
	return kept.value, true
}

// Put keeps a value that was made from at most four sources, which were read at an epoch,
// unless something has changed since.
func (t *Table[S, K, V]) Put(epoch uint64, k K, v V, from ...S) {
	t.cache.At(epoch, func() {
		if t.n >= t.most {
			t.cache.clear()
		}
		kept := &value[V]{value: v}
		for i, s := range from {
			kept.stale[i] = t.cache.flag(s)
		}
		if _, had := t.values.Swap(k, kept); !had {
			t.n++
		}
	})
}

// flag returns the flag of a source. The caller holds the lock.
func (c *Cache[S]) flag(s S) *atomic.Bool {
	if c.stale == nil {
		c.stale = make(map[S]*atomic.Bool)
	}
	if c.stale[s] == nil {
		c.stale[s] = new(atomic.Bool)
	}
	return c.stale[s]
}

// Clear empties the table. The cache calls it with its lock held.
func (t *Table[S, K, V]) Clear() {
	t.values.Clear()
	t.n = 0
}
