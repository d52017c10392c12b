// Package forms remembers how things of tenants are written down, such as a user's
// representation in a protocol, by the thing's id and the kind of form.
package forms

import (
	"hash/maphash"
	"sync"
)

// Cache remembers a million forms and more without a pointer for each: what the
// garbage collector has to follow it follows again and again, in the time of
// requests. When there is no more room, the oldest are forgotten. It is safe for
// concurrent use.
type Cache struct {
	seed maphash.Seed

	// Each tenant's entries are cached under a number. Dropping the number drops them all.
	mu      sync.RWMutex
	tenants map[string]uint64
	last    uint64

	slabs  slabs
	shards [shards]shard
}

const (
	// Kinds is one more than the greatest kind of form there may be.
	Kinds = 4
	// MaxForm is how many bytes a form may have that is to be remembered.
	MaxForm = 4 << 10

	shards     = 16
	maxTenants = 100_000
	maxMemory  = 192 << 20 // of the forms, in all
)

// New makes an empty cache.
func New() *Cache { return &Cache{seed: maphash.MakeSeed()} }

// Get finds a form. It does not allocate.
func (c *Cache) Get(tenant string, kind uint8, id string) (form string, ok bool) {
	number, ok := c.number(tenant)
	if !ok {
		return "", false
	}
	k := c.key(number, kind, id)
	s := c.shard(k)
	s.mu.RLock()
	defer s.mu.RUnlock()
	_, r, ok := s.find(k)
	return r.form, ok
}

// Keep remembers a form in place of an earlier one. It must hold the id, or it is
// not remembered.
func (c *Cache) Keep(tenant string, kind uint8, id, form string) {
	if kind >= Kinds || len(form) > MaxForm {
		return
	}
	k := c.key(c.numberOrNew(tenant), kind, id)
	s := c.shard(k)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.keep(k, form, c)
}

// Drop forgets all forms of a thing.
func (c *Cache) Drop(tenant, id string) {
	number, ok := c.number(tenant)
	if !ok {
		return
	}
	for kind := range uint8(Kinds) {
		k := c.key(number, kind, id)
		s := c.shard(k)
		s.mu.Lock()
		s.drop(k)
		s.mu.Unlock()
	}
}

// DropTenant forgets all of a tenant.
func (c *Cache) DropTenant(tenant string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.tenants, tenant)
}

// Clear forgets everything.
func (c *Cache) Clear() {
	c.mu.Lock()
	c.tenants = nil
	c.mu.Unlock()
	for i := range c.shards {
		s := &c.shards[i]
		s.mu.Lock()
		s.clear()
		s.mu.Unlock()
	}
}

func (c *Cache) number(tenant string) (number uint64, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	number, ok = c.tenants[tenant]
	return number, ok
}

func (c *Cache) numberOrNew(tenant string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if number, ok := c.tenants[tenant]; ok {
		return number
	}
	if c.tenants == nil || len(c.tenants) >= maxTenants {
		c.tenants = make(map[string]uint64)
	}
	c.last++
	c.tenants[tenant] = c.last
	return c.last
}

// key is what a form is found by.
type key struct {
	hash   uint64
	tenant uint64
	kind   uint8
	id     string
}

func (c *Cache) key(tenant uint64, kind uint8, id string) key {
	const odd = 0x9e3779b97f4a7c15 // spreads small numbers over all bits
	return key{maphash.String(c.seed, id) ^ (tenant<<8|uint64(kind))*odd, tenant, kind, id}
}

func (c *Cache) shard(k key) *shard { return &c.shards[k.hash%shards] }
