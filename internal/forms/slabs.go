package forms

import "sync"

// slabs cuts chunks from large pieces of memory, which the system is asked to map in
// huge pages: where a million forms are read in no order, a good part of what that
// takes is to find out where each one's page is. A piece is freed when all of it was
// used and nobody has anything of it any more.
type slabs struct {
	mu   sync.Mutex
	rest []byte // of the last piece
}

// slabSize is four huge pages (2 MiB each on most machines), of which three are
// whole, wherever it begins.
const slabSize = 8 << 20

// chunk gives an empty slice with room for size bytes.
func (s *slabs) chunk(size int) []byte {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.rest) < size {
		s.rest = make([]byte, slabSize)
		adviseHugePages(s.rest)
	}
	c := s.rest[:0:size]
	s.rest = s.rest[size:]
	return c
}
