package directory

import (
	"context"

	"github.com/rosterhq/roster/internal/derived"
)

// Cached is a table in the cache of a service, for what another package reads from the
// store again and again.
type Cached[K comparable, V any] struct {
	service *Service
	table   *derived.Table[Origin, K, V]
}

// NewCached adds a table to the cache of a service. If it has so many values that there is
// no room for another, the whole cache is cleared.
func NewCached[K comparable, V any](s *Service, most int) *Cached[K, V] {
	return &Cached[K, V]{s, derived.NewTable[Origin, K, V](&s.cache.Cache, most)}
}

// Get returns the value of a key, unless it is not cached or the cache can't be trusted.
func (c *Cached[K, V]) Get(k K) (v V, ok bool) {
	v, ok = c.table.Get(k)
	return v, ok && c.service.store.InTouch()
}

// Read reads the value of a key from the store, and caches it until something changes that
// it was made from: at most four origins.
func (c *Cached[K, V]) Read(ctx context.Context, k K, read func(Tx) (V, []Origin, error)) (v V, err error) {
	var from []Origin
	epoch := c.service.cache.Epoch()
	err = c.service.store.Read(ctx, func(tx Tx) error {
		v, from, err = read(tx)
		return err
	})
	if err == nil {
		c.table.Put(epoch, k, v, from...)
	}
	return v, err
}

// Epoch is to be read before what a value for [Cached.Put] is made from.
func (c *Cached[K, V]) Epoch() uint64 { return c.service.cache.Epoch() }

// Put caches the value of a key that was read since an epoch, unless something has changed
// meanwhile, until something changes that it was made from: at most four origins.
func (c *Cached[K, V]) Put(epoch uint64, k K, v V, from ...Origin) { c.table.Put(epoch, k, v, from...) }
