package forms

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func formOf(n int, text string) (id, form string) {
	id = fmt.Sprintf("usr_%026d", n)
	return id, `{"id":"` + id + `","text":"` + text + `"}`
}

// TestForms checks that a cached value is found only under its tenant, kind and id.
func TestForms(t *testing.T) {
	f := New()
	id, form := formOf(1, "x")
	if _, ok := f.Get("acme", 0, id); ok {
		t.Error("something is found before anything was kept")
	}
	f.Keep("acme", 0, id, form)
	_, other := formOf(1, "other kind")
	f.Keep("acme", 1, id, other)
	for kind, want := range []string{form, other} {
		if got, ok := f.Get("acme", uint8(kind), id); !ok || got != want {
			t.Errorf("kind %d is %q, %v", kind, got, ok)
		}
	}
	if _, ok := f.Get("elsewhere", 0, id); ok {
		t.Error("another tenant has it too")
	}
	if _, ok := f.Get("acme", 2, id); ok {
		t.Error("another kind has it too")
	}
	_, newer := formOf(1, "newer")
	f.Keep("acme", 0, id, newer)
	if got, _ := f.Get("acme", 0, id); got != newer {
		t.Errorf("after another was kept it is %q", got)
	}
	f.Drop("acme", id)
	for kind := range uint8(2) {
		if got, ok := f.Get("acme", kind, id); ok {
			t.Errorf("dropped, kind %d is %q", kind, got)
		}
	}
	f.Keep("acme", 0, id, form)
	f.Keep("elsewhere", 0, id, form)
	f.DropTenant("acme")
	_, here := f.Get("acme", 0, id)
	_, there := f.Get("elsewhere", 0, id)
	if here || !there {
		t.Errorf("after one tenant was dropped: %v in it, %v elsewhere", here, there)
	}
	f.Keep("acme", 0, id, form)
	f.Clear()
	if _, ok := f.Get("acme", 0, id); ok {
		t.Error("cleared, it is there")
	}
	f.Keep("acme", 0, id, form)
	if got, ok := f.Get("acme", 0, id); !ok || got != form {
		t.Errorf("kept after that, it is %q, %v", got, ok)
	}
	for what, form := range map[string]string{"without the id": "{}", "too long": strings.Repeat(id, MaxForm/len(id)+1)} {
		f.Keep("else", 0, id, form)
		if _, ok := f.Get("else", 0, id); ok {
			t.Errorf("a form %s is kept", what)
		}
	}
	f.Keep("acme", Kinds, id, form)
	if _, ok := f.Get("acme", Kinds, id); ok {
		t.Error("a kind is kept that would not be dropped")
	}
}

// However much is kept, memory is bounded, what is found is right, and the
// newest is found.
func TestFormsMakeRoom(t *testing.T) {
	if testing.Short() {
		t.Skip("fills 192 MiB")
	}
	f := New()
	long := strings.Repeat("x", 3<<10)
	n := maxMemory/len(long) + 20_000
	for i := range n {
		id, form := formOf(i, long)
		f.Keep("acme", 0, id, form)
	}
	found := 0
	for i := range n {
		id, want := formOf(i, long)
		got, ok := f.Get("acme", 0, id)
		if ok {
			found++
		}
		if ok && got != want || !ok && i > n-1000 {
			t.Fatalf("%d of %d: %v, %.50q", i, n, ok, got)
		}
	}
	if found == n || found < n/2 {
		t.Errorf("%d of %d are found", found, n)
	}
	places := 0
	for i := range f.shards {
		s := &f.shards[i]
		if s.next-s.first > maxChunks {
			t.Errorf("shard %d has %d chunks", i, s.next-s.first)
		}
		for _, slot := range s.places.slots {
			if slot != 0 {
				places++
			}
		}
	}
	if places != found {
		t.Errorf("%d places for %d that are found", places, found)
	}
}

// To find what is remembered must not allocate.
func TestFormAllocations(t *testing.T) {
	f := New()
	id, form := formOf(1, "x")
	f.Keep("acme", 0, id, form)
	if n := testing.AllocsPerRun(100, func() { f.Get("acme", 0, id) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkForms(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := New()
			ids := make([]string, n)
			for i := range n {
				id, form := formOf(i, strings.Repeat("x", 100))
				ids[i] = id
				f.Keep("acme", 0, id, form)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, ok := f.Get("acme", 0, ids[i*7919%n]); !ok {
					b.Fatal("it is gone")
				}
			}
		})
	}
}

// TestFormsInParallel checks that a value found during concurrent puts, drops and clears
// was cached under its key, and stays readable.
func TestFormsInParallel(t *testing.T) {
	f := New()
	var all sync.WaitGroup
	const ids, rounds = 50, 2000
	for g := range 8 {
		all.Go(func() {
			held := make(map[string]string)
			for i := range rounds {
				id, form := formOf((i*7+g)%ids, strings.Repeat("x", 1<<10))
				switch {
				case g == 0 && i%100 == 99:
					f.Clear()
				case g == 1 && i%10 == 9:
					f.Drop("acme", id)
				case g == 2 && i%50 == 49:
					f.DropTenant("acme")
				default:
					f.Keep("acme", 0, id, form)
				}
				if got, ok := f.Get("acme", 0, id); ok {
					held[id] = got
				}
			}
			for n := range ids {
				id, want := formOf(n, strings.Repeat("x", 1<<10))
				if got, ok := held[id]; ok && got != want {
					t.Errorf("%s is %.60q", id, got)
				}
			}
		})
	}
	all.Wait()
}

// To forget everything, which a change may do that is not known to be about users,
// costs no more memory than what was kept since.
func TestClearGoesOnInTheSamePiece(t *testing.T) {
	f := New()
	id, form := formOf(1, "x")
	pieces := make(map[*byte]bool)
	for range slabSize/chunkSize - 1 {
		f.Keep("acme", 0, id, form)
		pieces[&f.slabs.rest[len(f.slabs.rest)-1]] = true
		f.Clear()
	}
	if len(pieces) != 1 {
		t.Errorf("%d pieces were allocated, want 1", len(pieces))
	}
}
