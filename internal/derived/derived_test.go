package derived_test

import (
	"sync"
	"sync/atomic"
	"testing"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/derived"
)

// pair is a value made from two sources.
type pair struct{ a, b int }

// world is some sources, with a cache of pairs of them.
type world struct {
	cache   derived.Cache[int]
	pairs   *derived.Table[int, [2]int, pair]
	sources [4]int
}

// TestNothingStaleIsFound holds the cache against the sources themselves, with readers that
// keep what they read before a change only after it.
func TestNothingStaleIsFound(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		var w world
		w.pairs = derived.NewTable[int, [2]int, pair](&w.cache, 3)
		source := rapid.IntRange(0, len(w.sources)-1)
		type reader struct {
			epoch uint64
			key   [2]int
			read  pair
		}
		var reading []reader
		t.Repeat(map[string]func(*rapid.T){
			"read": func(t *rapid.T) {
				k := [2]int{source.Draw(t, "a"), source.Draw(t, "b")}
				reading = append(reading, reader{w.cache.Epoch(), k, pair{w.sources[k[0]], w.sources[k[1]]}})
			},
			"put": func(t *rapid.T) {
				for _, r := range reading {
					w.pairs.Put(r.epoch, r.key, r.read, r.key[0], r.key[1])
					if got, ok := w.pairs.Get(r.key); r.epoch == w.cache.Epoch() && (!ok || got != r.read) {
						t.Fatalf("%v is not kept: %v %v", r.key, got, ok)
					}
				}
				reading = nil
			},
			"change": func(t *rapid.T) {
				w.cache.Changed(func(drop derived.Drops[int]) {
					for _, s := range rapid.SliceOfN(source, 1, 3).Draw(t, "sources") {
						w.sources[s]++
						drop.Source(s)
					}
				})
			},
			"change anything": func(*rapid.T) {
				for s := range w.sources {
					w.sources[s]++
				}
				w.cache.Changed(derived.Drops[int].Everything)
			},
			"": func(t *rapid.T) {
				for a := range w.sources {
					for b := range w.sources {
						if got, ok := w.pairs.Get([2]int{a, b}); ok && got != (pair{w.sources[a], w.sources[b]}) {
							t.Fatalf("of %d and %d there is %v, and the sources are %v", a, b, got, w.sources)
						}
					}
				}
			},
		})
	})
}

func TestFullTableEmptiesAll(t *testing.T) {
	var cache derived.Cache[int]
	small, other := derived.NewTable[int, int, string](&cache, 2), derived.NewTable[int, int, string](&cache, 2)
	other.Put(0, 1, "other")
	for k := range 3 {
		small.Put(0, k, "kept")
	}
	for k, want := range []bool{false, false, true} {
		if _, ok := small.Get(k); ok != want {
			t.Errorf("%d is there: %v", k, ok)
		}
	}
	if _, ok := other.Get(1); ok {
		t.Error("the other table has its value still")
	}
}

// TestRaceChangesAreSeen checks that no reader finds a value that is older than a change
// that has returned.
func TestRaceChangesAreSeen(t *testing.T) {
	var cache derived.Cache[string]
	table := derived.NewTable[string, string, int64](&cache, 10)
	var source atomic.Int64
	var readers sync.WaitGroup
	done := make(chan struct{})
	for range 4 {
		readers.Go(func() {
			for {
				select {
				case <-done:
					return
				default:
				}
				least := source.Load() - 1 // the change of the last one may be under way
				if got, ok := table.Get("k"); ok {
					if got < least {
						t.Errorf("found %d after a change to %d", got, least)
						return
					}
					continue
				}
				epoch := cache.Epoch()
				table.Put(epoch, "k", source.Load(), "s")
			}
		})
	}
	for range 2000 {
		source.Add(1)
		cache.Changed(func(drop derived.Drops[string]) { drop.Source("s") })
	}
	close(done)
	readers.Wait()
}
