// Package collector settles how often Go's garbage collector works for a server.
package collector

import (
	"os"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"sync"
)

// spare is how much garbage may gather in any case. By itself Go collects a small
// heap whenever four megabytes have gathered, which is dozens of times a second.
const spare = 16 << 20

// Settle starts a collection when the garbage is as large as the memory that the
// collector scans, plus [spare]. Most of a large heap is cached users without pointers.
// Go's default would let garbage grow with them, and push everything else out of the
// processor's caches.
//
// The setting applies until release is called. If GOGC or GOMEMLIMIT is set, Settle
// changes nothing.
func Settle() (release func()) {
	if os.Getenv("GOGC") != "" || os.Getenv("GOMEMLIMIT") != "" {
		return func() {}
	}
	s := &settling{percent: 100}
	s.before = debug.SetGCPercent(s.percent)
	s.adjust()
	s.atNextCycle()
	return s.release
}

type settling struct {
	mu       sync.Mutex
	released bool
	before   int
	percent  int
}

// atNextCycle has the percentage adjusted after each collection: that is when
// what nothing refers to is finalised.
func (s *settling) atNextCycle() {
	type sentinel struct{ _ [16]byte }
	runtime.SetFinalizer(new(sentinel), func(*sentinel) {
		if s.adjust() {
			s.atNextCycle()
		}
	})
}

// adjust reports whether it is to be called again.
func (s *settling) adjust() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.released {
		return false
	}
	// To set it stops the world for a moment, so small differences are let be.
	if p := percent(measure()); p > s.percent*11/10 || p < s.percent*9/10 {
		s.percent = p
		debug.SetGCPercent(p)
	}
	return true
}

func (s *settling) release() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.released = true
	debug.SetGCPercent(s.before)
}

// percent is GOGC for a heap of which so much is live, and so much of that has to
// be gone through.
func percent(live, scanned uint64) int {
	live = max(live, 1<<20)
	return int((100*(spare+min(scanned, live)) + live - 1) / live) //nolint:gosec // some thousands at most
}

func measure() (live, scanned uint64) {
	samples := []metrics.Sample{{Name: "/gc/heap/live:bytes"}, {Name: "/gc/scan/heap:bytes"}}
	metrics.Read(samples)
	return samples[0].Value.Uint64(), samples[1].Value.Uint64()
}
