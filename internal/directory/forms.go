package directory

import (
	"encoding/binary"
	"hash/maphash"
	"strings"
	"sync"
)

// UserForm is a way to write a user down that depends on nothing but the user,
// such as a protocol's representation. Kinds tell forms apart; the text must hold
// the user's id, or it is not remembered.
type UserForm struct {
	Kind  uint8
	Write func(User) string
}

// forms remembers the forms of users. A million of them are kept without a
// pointer of their own: what the garbage collector has to follow it follows
// again and again, in the time of requests. They stand one behind the other in
// chunks, the oldest of which makes room for new ones.
type forms struct {
	seed maphash.Seed

	// What is kept of an organisation is kept under a number; to forget all of it,
	// the number is given up.
	mu   sync.RWMutex
	orgs map[OrgID]uint64
	next uint64

	shards [formShards]formShard
}

const (
	formShards    = 16
	formChunk     = 64 << 10
	maxFormOrgs   = 100_000
	maxForm       = 4 << 10   // a longer one is not remembered
	maxFormMemory = 192 << 20 // of chunks, in all
	maxFormChunks = maxFormMemory / formShards / formChunk
	// formKinds is one more than the greatest kind of form there may be.
	formKinds = 4
)

type formShard struct {
	mu     sync.RWMutex
	places map[uint64]uint64 // by hash: a chunk's number, and where in the chunk
	// Chunks are numbered one after the other, from first; a chunk's place in the
	// ring is its number modulo the most there may be.
	ring        [maxFormChunks]*chunk
	first, next uint64
}

// chunk is text that only grows, and never moves: what was read of it stays.
type chunk struct {
	strings.Builder
	text string
}

// A record is its head and the form. The head has the organisation's number, the
// form's length, the place and length of the id in the form, and the kind.
const formHead = 8 + 2 + 2 + 1 + 1

func newForms() *forms { return &forms{seed: maphash.MakeSeed()} }

func (f *forms) org(id OrgID) (number uint64, ok bool) {
	f.mu.RLock()
	defer f.mu.RUnlock()
	number, ok = f.orgs[id]
	return number, ok
}

func (f *forms) orgOrNew(id OrgID) uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	if number, ok := f.orgs[id]; ok {
		return number
	}
	if f.orgs == nil || len(f.orgs) >= maxFormOrgs {
		f.orgs = make(map[OrgID]uint64)
	}
	f.next++
	f.orgs[id] = f.next
	return f.next
}

func (f *forms) hash(org uint64, kind uint8, id string) uint64 {
	const odd = 0x9e3779b97f4a7c15 // spreads small numbers over all bits
	return maphash.String(f.seed, id) ^ (org<<8|uint64(kind))*odd
}

func (f *forms) shard(hash uint64) *formShard { return &f.shards[hash%formShards] }

// get finds the form of a user.
func (f *forms) get(org OrgID, kind uint8, id UserID) (form string, ok bool) {
	number, ok := f.org(org)
	if !ok {
		return "", false
	}
	hash := f.hash(number, kind, string(id))
	s := f.shard(hash)
	s.mu.RLock()
	defer s.mu.RUnlock()
	place, ok := s.places[hash]
	if !ok {
		return "", false
	}
	r := s.record(place)
	return r.form, r.org == number && r.kind == kind && r.id == string(id)
}

// keep remembers a form in place of an earlier one.
func (f *forms) keep(org OrgID, kind uint8, id UserID, form string) {
	at := strings.Index(form, string(id))
	if at < 0 || len(form) > maxForm || len(id) > 0xff || kind >= formKinds {
		return
	}
	number := f.orgOrNew(org)
	var head [formHead]byte
	binary.LittleEndian.PutUint64(head[0:], number)
	binary.LittleEndian.PutUint16(head[8:], uint16(len(form))) //nolint:gosec // at most maxForm
	binary.LittleEndian.PutUint16(head[10:], uint16(at))       //nolint:gosec // less than that
	head[12], head[13] = uint8(len(id)), kind                  //nolint:gosec // checked
	hash := f.hash(number, kind, string(id))
	s := f.shard(hash)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.first == s.next || s.last().Len()+formHead+len(form) > formChunk {
		s.grow(f)
	}
	c := s.last()
	s.places[hash] = (s.next-1)*formChunk + uint64(c.Len()) //nolint:gosec // no length is negative
	c.Write(head[:])
	c.WriteString(form)
	c.text = c.String()
}

func (s *formShard) last() *chunk { return s.ring[(s.next-1)%maxFormChunks] }

// grow begins a chunk, in place of the oldest if there are enough.
func (s *formShard) grow(f *forms) {
	if s.places == nil {
		s.places = make(map[uint64]uint64)
	}
	if s.next-s.first == maxFormChunks {
		s.dropFirst(f)
	}
	c := new(chunk)
	c.Grow(formChunk)
	s.ring[s.next%maxFormChunks] = c
	s.next++
}

func (s *formShard) dropFirst(f *forms) {
	end := uint64(len(s.ring[s.first%maxFormChunks].text))
	for at := uint64(0); at < end; {
		place := s.first*formChunk + at
		r := s.record(place)
		if hash := f.hash(r.org, r.kind, r.id); s.places[hash] == place {
			delete(s.places, hash)
		}
		at += formHead + uint64(len(r.form))
	}
	s.ring[s.first%maxFormChunks] = nil
	s.first++
}

type formRecord struct {
	org      uint64
	kind     uint8
	id, form string
}

func (s *formShard) record(place uint64) (r formRecord) {
	text := s.ring[place/formChunk%maxFormChunks].text[place%formChunk:]
	for i := range 8 {
		r.org |= uint64(text[i]) << (8 * i)
	}
	size, at := int(text[8])|int(text[9])<<8, int(text[10])|int(text[11])<<8
	r.kind, r.form = text[13], text[formHead:formHead+size]
	r.id = r.form[at : at+int(text[12])]
	return r
}

// drop forgets the forms of a user, of whatever kind.
func (f *forms) drop(org OrgID, id UserID) {
	number, ok := f.org(org)
	if !ok {
		return
	}
	for kind := range uint8(formKinds) {
		hash := f.hash(number, kind, string(id))
		s := f.shard(hash)
		s.mu.Lock()
		delete(s.places, hash)
		s.mu.Unlock()
	}
}

// dropOrg forgets all of an organisation.
func (f *forms) dropOrg(id OrgID) {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.orgs, id)
}

// clear forgets everything.
func (f *forms) clear() {
	f.mu.Lock()
	f.orgs = nil
	f.mu.Unlock()
	for i := range f.shards {
		s := &f.shards[i]
		s.mu.Lock()
		s.places, s.first = nil, s.next
		clear(s.ring[:])
		s.mu.Unlock()
	}
}
