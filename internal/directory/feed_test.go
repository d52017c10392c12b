package directory_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// follow reads with the follower until it has seen n entries.
func follow(t *testing.T, w *world, name string, n int, handle func([]directory.Entry) (int, error)) (seen []int64, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	err = w.Follow(ctx, name, func(_ context.Context, batch []directory.Entry) (int, error) {
		handled, err := handle(batch)
		for _, e := range batch[:handled] {
			seen = append(seen, e.Seq)
		}
		if len(seen) >= n {
			cancel()
		}
		return handled, err
	})
	return seen, err
}

func whole(batch []directory.Entry) (int, error) { return len(batch), nil }

// A follower sees every entry, in order, once if all goes well, and goes on
// where it was.
func TestFollow(t *testing.T) {
	w := newWorld(t)
	for i := range 150 { // more than a batch
		must(w.CreateUser(t.Context(), w.byOwner(), directory.NewUser{Name: "X", Email: fmt.Sprintf("x%d@example.com", i), Role: "user"}))(t)
	}
	all := w.since(0)
	inParts := 0
	seen, err := follow(t, w, "mail", len(all), func(batch []directory.Entry) (int, error) {
		inParts++
		return (len(batch) + 1) / 2, nil // the rest comes again
	})
	if !errors.Is(err, context.Canceled) || len(seen) != len(all) || inParts < 3 {
		t.Fatalf("saw %d of %d entries in %d parts: %v", len(seen), len(all), inParts, err)
	}
	for i, e := range all {
		if seen[i] != e.Seq {
			t.Fatalf("entry %d is %d, want %d", i, seen[i], e.Seq)
		}
	}
	// Another follower begins at the beginning, this one goes on.
	other, _ := follow(t, w, "other", len(all), whole)
	if len(other) != len(all) {
		t.Errorf("another follower saw %d", len(other))
	}
	last := w.lastEntry()
	done := make(chan []int64)
	go func() {
		seen, _ := follow(t, w, "mail", 1, whole)
		done <- seen
	}()
	w.join("Late", "user")
	if seen := <-done; len(seen) == 0 || seen[0] != last+1 {
		t.Errorf("went on with %v after %d", seen, last)
	}
}

// What fails comes again; what was handled before it does not.
func TestFollowerThatFails(t *testing.T) {
	w := newWorld(t)
	failure := errors.New("mail is down")
	_, err := follow(t, w, "mail", 1, func([]directory.Entry) (int, error) { return 0, failure })
	if !errors.Is(err, failure) {
		t.Errorf("ended with %v", err)
	}
	_, err = follow(t, w, "mail", 3, func([]directory.Entry) (int, error) { return 2, failure })
	if !errors.Is(err, failure) {
		t.Errorf("ended with %v", err)
	}
	seen, _ := follow(t, w, "mail", 2, whole)
	if len(seen) != 2 || seen[0] != 3 {
		t.Errorf("afterwards it saw %v", seen)
	}
}
