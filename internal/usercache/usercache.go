// Package usercache holds users of organizations in the wire formats of protocols, by
// id and by email address, and other things that are made of an organization.
package usercache

import (
	"encoding/binary"
	"sync"

	"github.com/VictoriaMetrics/fastcache"
)

const (
	// Formats is how many wire formats there can be.
	Formats = 4
	// MaxUser is how many bytes a cached user has at most. Put ignores larger ones.
	MaxUser = 4 << 10

	maxMemory = 256 << 20 // a million users and more
	maxOrgs   = 100_000
)

// Cache is safe for concurrent use, and its size is bounded: the oldest users make
// room for new ones. It holds no pointers, so the garbage collector does not scan it.
//
// Users are invalidated by their ids. The entry of an address has only the id of the
// user who had it last. It is a hint: [Cache.ByEmail] returns the user with that id if
// they are cached and have the address. So hints need no invalidation.
type Cache struct {
	entries *fastcache.Cache

	// The keys of an organization's entries begin with its number. Numbers are never
	// used again, so an organization that loses its number has no entries.
	mu      sync.RWMutex
	numbers map[string]uint64
	last    uint64
}

// New makes an empty cache.
func New() *Cache { return &Cache{entries: fastcache.New(maxMemory)} }

// User identifies a user. Email is a key: two addresses are the same if their keys are.
type User struct{ Org, ID, Email string }

// hint takes the place of the format in the key of an address.
const hint = Formats

// keySize is enough for ids and most addresses. Longer keys are allocated.
const keySize = 96

func appendKey(b []byte, number uint64, format uint8, name string) []byte {
	return append(append(binary.LittleEndian.AppendUint64(b, number), format), name...)
}

// ByID returns a copy of the user with an id.
func (c *Cache) ByID(org string, format uint8, id string) (wire []byte, ok bool) {
	number, ok := c.number(org)
	if !ok {
		return nil, false
	}
	_, wire, ok = c.get(number, format, id)
	return wire, ok
}

// ByEmail returns a copy of the user with an address. Addresses must be unique in an
// organization. A user is found if [Cache.PutHint] was called for them.
func (c *Cache) ByEmail(org string, format uint8, email string) (wire []byte, ok bool) {
	number, ok := c.number(org)
	if !ok {
		return nil, false
	}
	var key, id [keySize]byte
	found, ok := c.entries.HasGet(id[:0], appendKey(key[:0], number, hint, email))
	if !ok {
		return nil, false
	}
	has, wire, ok := c.get(number, format, string(found))
	if !ok || string(has) != email {
		return nil, false
	}
	return wire, true
}

// get returns a user's address and wire format. Both stand in one value, so that they
// are of one version of the user.
func (c *Cache) get(number uint64, format uint8, id string) (email, wire []byte, ok bool) {
	var key [keySize]byte
	value, ok := c.entries.HasGet(nil, appendKey(key[:0], number, format, id))
	if !ok {
		return nil, nil, false
	}
	n := 2 + binary.LittleEndian.Uint16(value)
	return value[2:n], value[n:], true
}

// Put stores a user in a wire format.
func (c *Cache) Put(format uint8, u User, wire []byte) {
	size := 2 + len(u.Email) + len(wire)
	if format >= Formats || size > MaxUser {
		return
	}
	value := binary.LittleEndian.AppendUint16(make([]byte, 0, size), uint16(len(u.Email))) // at most MaxUser
	value = append(append(value, u.Email...), wire...)
	c.entries.Set(appendKey(nil, c.numberOrNew(u.Org), format, u.ID), value)
}

// PutHint stores that an address was looked up and was u's.
func (c *Cache) PutHint(u User) {
	c.entries.Set(appendKey(nil, c.numberOrNew(u.Org), hint, u.Email), []byte(u.ID))
}

// Drop removes a user in all wire formats.
func (c *Cache) Drop(org, id string) {
	number, ok := c.number(org)
	if !ok {
		return
	}
	for format := range uint8(Formats) {
		c.entries.Del(appendKey(nil, number, format, id))
	}
}

// DropOrg removes all users of an organization.
func (c *Cache) DropOrg(org string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.numbers, org)
}

// Clear removes all users.
func (c *Cache) Clear() {
	c.mu.Lock()
	clear(c.numbers)
	c.mu.Unlock()
	c.entries.Reset()
}

func (c *Cache) number(org string) (number uint64, ok bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	number, ok = c.numbers[org]
	return number, ok
}

func (c *Cache) numberOrNew(org string) uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	if number, ok := c.numbers[org]; ok {
		return number
	}
	if c.numbers == nil || len(c.numbers) >= maxOrgs {
		c.numbers = make(map[string]uint64)
	}
	c.last++
	c.numbers[org] = c.last
	return c.last
}
