package forms

import (
	"encoding/binary"
	"strings"
	"sync"
	"unsafe"
)

// shard has the forms of some keys. They stand one behind the other in chunks,
// which are numbered one after the other, from first up to before next; a chunk's
// place in the ring is its number modulo the most there may be.
type shard struct {
	mu          sync.RWMutex
	places      places // of records, as if the ring were one text
	ring        [maxChunks]chunk
	first, next uint64
}

const (
	chunkSize = 64 << 10
	maxChunks = maxMemory / shards / chunkSize
	_         = uint(maxPlace - maxChunks*chunkSize) // all places fit
)

// chunk only grows, up to its capacity, and never moves: what was read of it stays.
type chunk []byte

// text gives a part of a chunk. A string may stand for it, since nothing that was
// written is written again.
func (c chunk) text(from, to uint64) string {
	part := c[from:to]
	return unsafe.String(unsafe.SliceData(part), len(part)) //nolint:gosec // said above
}

// record is a form as it stands in a chunk, behind a head that has the tenant, the
// form's length, the place and length of the id in it, and the kind.
type record struct {
	tenant   uint64
	kind     uint8
	id, form string
}

const headSize = 8 + 2 + 2 + 1 + 1

func (r record) is(k key) bool { return r.tenant == k.tenant && r.kind == k.kind && r.id == k.id }

func (s *shard) read(place uint64) (r record) {
	c, begin := s.ring[place/chunkSize], place%chunkSize
	head := c[begin : begin+headSize]
	r.tenant, r.kind = binary.LittleEndian.Uint64(head), head[13]
	size, at := uint64(binary.LittleEndian.Uint16(head[8:])), uint64(binary.LittleEndian.Uint16(head[10:]))
	r.form = c.text(begin+headSize, begin+headSize+size)
	r.id = r.form[at : at+uint64(head[12])]
	return r
}

// find gives a key's record, and the slot of its place.
func (s *shard) find(k key) (slot int, r record, ok bool) {
	for slot, place := range s.places.candidates(k.hash) {
		if r = s.read(place); r.is(k) {
			return slot, r, true
		}
	}
	return 0, record{}, false
}

func (s *shard) drop(k key) {
	if slot, _, ok := s.find(k); ok {
		s.places.remove(slot)
	}
}

func (s *shard) keep(k key, form string, c *Cache) {
	at := strings.Index(form, k.id)
	if at < 0 || len(k.id) > 0xff {
		return
	}
	var head [headSize]byte
	binary.LittleEndian.PutUint64(head[0:], k.tenant)
	binary.LittleEndian.PutUint16(head[8:], uint16(len(form))) //nolint:gosec // at most MaxForm
	binary.LittleEndian.PutUint16(head[10:], uint16(at))       //nolint:gosec // less than that
	head[12], head[13] = uint8(len(k.id)), k.kind              //nolint:gosec // checked
	if s.first == s.next || len(*s.last())+headSize+len(form) > chunkSize {
		s.grow(c)
	}
	s.drop(k)
	last := s.last()
	s.places.put(k.hash, placeIn(s.next-1, len(*last)))
	*last = append(append(*last, head[:]...), form...)
}

func (s *shard) last() *chunk { return &s.ring[(s.next-1)%maxChunks] }

func placeIn(chunk uint64, at int) uint64 {
	return chunk%maxChunks*chunkSize + uint64(at) //nolint:gosec // no length is negative
}

// grow begins a chunk, in place of the oldest if there are enough.
func (s *shard) grow(c *Cache) {
	if s.next-s.first == maxChunks {
		s.dropFirst(c)
	}
	s.ring[s.next%maxChunks] = c.slabs.chunk(chunkSize)
	s.next++
}

func (s *shard) dropFirst(c *Cache) {
	oldest := &s.ring[s.first%maxChunks]
	for at := 0; at < len(*oldest); {
		place := placeIn(s.first, at)
		r := s.read(place)
		if slot, ok := s.places.at(c.key(r.tenant, r.kind, r.id).hash, place); ok {
			s.places.remove(slot)
		}
		at += headSize + len(r.form)
	}
	*oldest = nil
	s.first++
}

func (s *shard) clear() {
	s.places, s.first = places{}, s.next
	clear(s.ring[:])
}
