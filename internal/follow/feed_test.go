package follow_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/follow"
	"github.com/rosterhq/roster/internal/members"
)

// world has feeds of its log.
type world struct{ *directorytest.World }

func newWorld(t testing.TB) *world { return &world{directorytest.New(t)} }

func (w *world) feed(name string) follow.Feed {
	return follow.Feed{Store: w.DB, Clock: w.Clock, Follower: name}
}

// read reads with the follower until it has handed over n entries, and gives those
// that did not fail.
func read(t *testing.T, w *world, name string, n int, handle func(directory.Entry) (bool, error)) (seen []int64, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	err = w.feed(name).Run(ctx, func(_ context.Context, e directory.Entry) (bool, error) {
		done, err := handle(e)
		if err == nil {
			seen = append(seen, e.Position)
		}
		if len(seen) >= n {
			cancel()
		}
		return done, err
	})
	return seen, err
}

func done(directory.Entry) (bool, error) { return true, nil }

// A follower sees every entry, in order, once if all goes well, and goes on
// where it was.
func TestFollow(t *testing.T) {
	w := newWorld(t)
	for i := range 150 { // more than a batch
		directorytest.Must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "X", Email: fmt.Sprintf("x%d@example.com", i), Role: "user"}))(t)
	}
	all := w.Since(0)
	seen, err := read(t, w, "mail", len(all), done)
	if !errors.Is(err, context.Canceled) || len(seen) != len(all) {
		t.Fatalf("saw %d of %d entries: %v", len(seen), len(all), err)
	}
	for i, e := range all {
		if seen[i] != e.Position {
			t.Fatalf("entry %d is %d, want %d", i, seen[i], e.Position)
		}
	}
	// Another follower begins at the beginning, this one goes on.
	other, _ := read(t, w, "other", len(all), done)
	if len(other) != len(all) {
		t.Errorf("another follower saw %d", len(other))
	}
	last := all[len(all)-1].Position
	late := make(chan []int64)
	go func() {
		seen, _ := read(t, w, "mail", 1, done)
		late <- seen
	}()
	w.Join("Late", "user")
	if seen := <-late; len(seen) == 0 || seen[0] != last+1 {
		t.Errorf("went on with %v after %d", seen, last)
	}
}

// TestFailedEntryIsHandledAgain checks that a failed entry is handled again, and earlier entries
// are not.
func TestFailedEntryIsHandledAgain(t *testing.T) {
	w := newWorld(t)
	all := w.Since(0)
	failure := errors.New("mail is down")
	for range 2 {
		_, err := read(t, w, "mail", len(all), func(e directory.Entry) (bool, error) {
			if e.Position == all[2].Position {
				return false, failure
			}
			return true, nil
		})
		if !errors.Is(err, failure) {
			t.Errorf("ended with %v", err)
		}
	}
	seen, _ := read(t, w, "mail", len(all)-2, done)
	if len(seen) != len(all)-2 || seen[0] != all[2].Position {
		t.Errorf("afterwards it saw %v of %d", seen, len(all))
	}
}

// TestFollowerThatPutsOff checks that a deferred entry is handled again, also after a
// restart, without blocking other entries.
func TestFollowerThatPutsOff(t *testing.T) {
	w := newWorld(t)
	all := w.Since(0)
	first, second := all[0].Position, all[2].Position
	bothWait := func(e directory.Entry) (bool, error) { return e.Position != first && e.Position != second, nil }
	if seen, _ := read(t, w, "mail", len(all), bothWait); len(seen) != len(all) {
		t.Fatalf("saw %v of %d", seen, len(all))
	}
	onlySecond := func(e directory.Entry) (bool, error) { return e.Position != second, nil }
	if seen, _ := read(t, w, "mail", 2, onlySecond); !slices.Equal(seen, []int64{first, second}) {
		t.Errorf("after a restart it saw %v", seen)
	}
	w.Join("Jane", "user")
	later := w.Since(all[len(all)-1].Position)
	added := later[len(later)-1].Position
	seen, _ := read(t, w, "mail", len(later)+2, func(e directory.Entry) (bool, error) {
		w.Pass(time.Hour) // so that it is due again
		return e.Position != second && e.Position != added, nil
	})
	if again := seen[len(later):]; len(again) != 2 || !slices.Contains(again, second) || !slices.Contains(again, added) {
		t.Errorf("two wait, of which %d is new; it saw %v", added, seen)
	}
	if seen, _ = read(t, w, "mail", 2, done); len(seen) != 2 || !slices.Contains(seen, second) || !slices.Contains(seen, added) {
		t.Errorf("after another restart it saw %v", seen)
	}
	w.Join("John", "user")
	later = w.Since(added)
	if seen, _ = read(t, w, "mail", len(later), done); len(seen) != len(later) || seen[0] != later[0].Position {
		t.Errorf("nothing waits; it saw %v", seen)
	}
}

// TestFollowerPutsOffWhatIsDeleted checks that a deferred entry is dropped when its
// organization is deleted.
func TestFollowerPutsOffWhatIsDeleted(t *testing.T) {
	w := newWorld(t)
	all := w.Since(0)
	if seen, _ := read(t, w, "mail", len(all), func(directory.Entry) (bool, error) { return false, nil }); len(seen) != len(all) {
		t.Fatalf("saw %v of %d", seen, len(all))
	}
	w.Wants("delete", "", w.DeleteOrg(t.Context(), w.Owner.OrgID))
	ctx, stop := context.WithTimeout(t.Context(), 2*time.Minute)
	defer stop()
	var seen []int64
	var ended sync.WaitGroup
	ended.Go(func() {
		_ = w.feed("mail").Run(ctx, func(_ context.Context, e directory.Entry) (bool, error) {
			seen = append(seen, e.Position)
			return true, nil
		})
	})
	log := w.Since(0)
	last := log[len(log)-1].Position
	waits := func() bool {
		for i := range all {
			if w.cursor(t, fmt.Sprintf("mail waiting %d", i)) != 0 {
				return true
			}
		}
		return w.cursor(t, "mail") != last
	}
	for waits() && ctx.Err() == nil {
		time.Sleep(time.Millisecond)
		w.Pass(time.Minute) // a store that shows what is new with a delay is asked again
	}
	if ctx.Err() != nil {
		t.Error("what is deleted still waits")
	}
	stop()
	ended.Wait()
	if !slices.Equal(seen, []int64{last}) {
		t.Errorf("saw %v, want %d alone", seen, last)
	}
}

// A process that does not know that it leads no more undoes nothing that the one
// that leads has stored.
func TestFollowerThatIsOvertaken(t *testing.T) {
	w := newWorld(t)
	all := w.Since(0)
	_, err := read(t, w, "mail", len(all), func(directory.Entry) (bool, error) {
		err := w.DB.Write(t.Context(), func(tx directory.Tx) error {
			return errors.Join(tx.SetCursor("mail", all[1].Position), tx.SetCursor("mail waiting 0", all[1].Position))
		})
		return false, err
	})
	if err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if at, waits := w.cursor(t, "mail"), w.cursor(t, "mail waiting 0"); at != all[1].Position || waits != all[1].Position {
		t.Errorf("at %d, and %d waits; want %d", at, waits, all[1].Position)
	}
}

func (w *world) cursor(t *testing.T, name string) (at int64) {
	t.Helper()
	err := w.DB.Read(t.Context(), func(tx directory.Tx) (err error) {
		if at, err = tx.Cursor(name); directory.CodeOf(err) == directory.NotFound {
			at, err = 0, nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return at
}

// An old leader that has not noticed its loss may have deferred an entry since the new
// leader read the cursors. The new leader reads them again before it uses the same place.
func TestFollowerThatIsOvertakenBetweenBatches(t *testing.T) {
	w := newWorld(t)
	all := w.Since(0)
	ended, seen := make(chan error, 1), make(chan int64, 100)
	go func() {
		ended <- w.feed("mail").Run(t.Context(), func(_ context.Context, e directory.Entry) (bool, error) {
			seen <- e.Position
			return false, nil
		})
	}()
	for range all {
		<-seen
	}
	last := all[len(all)-1].Position
	for w.cursor(t, "mail") != last {
		time.Sleep(time.Millisecond)
	}
	err := w.DB.Write(t.Context(), func(tx directory.Tx) error {
		return errors.Join(tx.SetCursor("mail", last+1), tx.SetCursor(fmt.Sprintf("mail waiting %d", len(all)), last+1))
	})
	if err != nil {
		t.Fatal(err)
	}
	w.Join("Jane", "user")
	if err := <-ended; err == nil || errors.Is(err, context.Canceled) {
		t.Errorf("ended with %v", err)
	}
	if waits := w.cursor(t, fmt.Sprintf("mail waiting %d", len(all))); waits != last+1 {
		t.Errorf("%d waits where the other put %d", waits, last+1)
	}
}

// TestSkippedIsNotWaitedFor checks that skipped entries, deferred ones included, never
// come again.
func TestSkippedIsNotWaitedFor(t *testing.T) {
	w := newWorld(t)
	if _, err := read(t, w, "mail", len(w.Since(0)), func(directory.Entry) (bool, error) { return false, nil }); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	skipped := make(chan error, 1)
	go func() { skipped <- w.feed("mail").Skip(ctx) }()
	for w.cursor(t, "mail waiting 0") != 0 {
		time.Sleep(time.Millisecond)
	}
	cancel()
	if err := <-skipped; err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	w.Pass(60 * 24 * time.Hour)
	before := len(w.Since(0))
	w.Join("Jane", "user")
	news := w.Since(0)[before:]
	seen, err := read(t, w, "mail", len(news), done)
	if !errors.Is(err, context.Canceled) || len(seen) != len(news) || seen[0] != news[0].Position {
		t.Errorf("saw %v, %v; want %d entries from %d on", seen, err, len(news), news[0].Position)
	}
}

// The lag is the age of the first entry that a follower has not handled.
func TestLag(t *testing.T) {
	w := newWorld(t)
	metrics := prometheus.NewRegistry()
	metrics.MustRegister(follow.NewLag(w.DB, w.Clock, "mail"))
	seconds := func() (lag float64) {
		answer := httptest.NewRecorder()
		promhttp.HandlerFor(metrics, promhttp.HandlerOpts{}).ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
		_, value, _ := strings.Cut(answer.Body.String(), `roster_log_follower_behind_seconds{follower="mail"} `)
		if _, err := fmt.Sscan(value, &lag); err != nil {
			t.Fatalf("%v in %s", err, answer.Body)
		}
		return lag
	}
	directorytest.Must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "X", Email: "x@example.com", Role: "user"}))(t)
	w.Settle()
	w.Pass(time.Minute)
	if got := seconds(); got < 60 {
		t.Errorf("a minute after an entry that nobody read, the lag is %v", got)
	}
	if _, err := read(t, w, "mail", len(w.Since(0)), done); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	if got := seconds(); got != 0 {
		t.Errorf("after all entries were handled, the lag is %v", got)
	}
}
