package directory

import (
	"fmt"
	"strings"
	"testing"
)

func formOf(n int, text string) (UserID, string) {
	id := UserID(fmt.Sprintf("usr_%026d", n))
	return id, `{"id":"` + string(id) + `","text":"` + text + `"}`
}

// What was kept is found under its organisation, kind and id, and nowhere else.
func TestForms(t *testing.T) {
	f := newForms()
	id, form := formOf(1, "x")
	if _, ok := f.get("acme", 0, id); ok {
		t.Error("something is found before anything was kept")
	}
	f.keep("acme", 0, id, form)
	_, other := formOf(1, "other kind")
	f.keep("acme", 1, id, other)
	for kind, want := range []string{form, other} {
		if got, ok := f.get("acme", uint8(kind), id); !ok || got != want {
			t.Errorf("kind %d is %q, %v", kind, got, ok)
		}
	}
	if _, ok := f.get("elsewhere", 0, id); ok {
		t.Error("another organisation has it too")
	}
	if _, ok := f.get("acme", 2, id); ok {
		t.Error("another kind has it too")
	}
	_, newer := formOf(1, "newer")
	f.keep("acme", 0, id, newer)
	if got, _ := f.get("acme", 0, id); got != newer {
		t.Errorf("after another was kept it is %q", got)
	}
	f.drop("acme", id)
	for kind := range uint8(2) {
		if got, ok := f.get("acme", kind, id); ok {
			t.Errorf("dropped, kind %d is %q", kind, got)
		}
	}
	f.keep("acme", 0, id, form)
	f.keep("elsewhere", 0, id, form)
	f.dropOrg("acme")
	_, here := f.get("acme", 0, id)
	_, there := f.get("elsewhere", 0, id)
	if here || !there {
		t.Errorf("after one organisation was dropped: %v in it, %v elsewhere", here, there)
	}
	f.keep("acme", 0, id, form)
	f.clear()
	if _, ok := f.get("acme", 0, id); ok {
		t.Error("cleared, it is there")
	}
	f.keep("acme", 0, id, form)
	if got, ok := f.get("acme", 0, id); !ok || got != form {
		t.Errorf("kept after that, it is %q, %v", got, ok)
	}
	for what, form := range map[string]string{"without the id": "{}", "too long": strings.Repeat(string(id), maxForm/len(id)+1)} {
		f.keep("else", 0, id, form)
		if _, ok := f.get("else", 0, id); ok {
			t.Errorf("a form %s is kept", what)
		}
	}
	f.keep("acme", formKinds, id, form)
	if _, ok := f.get("acme", formKinds, id); ok {
		t.Error("a kind is kept that would not be dropped")
	}
}

// However much is kept, memory is bounded, what is found is right, and the
// newest is found.
func TestFormsMakeRoom(t *testing.T) {
	if testing.Short() {
		t.Skip("fills 192 MiB")
	}
	f := newForms()
	long := strings.Repeat("x", 3<<10)
	n := maxFormMemory/len(long) + 20_000
	for i := range n {
		id, form := formOf(i, long)
		f.keep("acme", 0, id, form)
	}
	found := 0
	for i := range n {
		id, want := formOf(i, long)
		got, ok := f.get("acme", 0, id)
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
		if s.next-s.first > maxFormChunks {
			t.Errorf("shard %d has %d chunks", i, s.next-s.first)
		}
		places += len(s.places)
	}
	if places != found {
		t.Errorf("%d places for %d that are found", places, found)
	}
}

// To find what is remembered must not allocate.
func TestFormAllocations(t *testing.T) {
	f := newForms()
	id, form := formOf(1, "x")
	f.keep("acme", 0, id, form)
	if n := testing.AllocsPerRun(100, func() { f.get("acme", 0, id) }); n != 0 {
		t.Errorf("%v allocations", n)
	}
}

func BenchmarkForms(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			f := newForms()
			ids := make([]UserID, n)
			for i := range n {
				id, form := formOf(i, strings.Repeat("x", 100))
				ids[i] = id
				f.keep("acme", 0, id, form)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, ok := f.get("acme", 0, ids[i*7919%n]); !ok {
					b.Fatal("it is gone")
				}
			}
		})
	}
}
