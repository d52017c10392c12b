package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/store"
)

// appendEntry appends to a log of its own, so that nobody waits for a number.
func appendEntry(tx directory.Tx, action string) error {
	last, _, err := tx.LastOrgEntry(directory.OrgID(action))
	if err != nil {
		return err
	}
	return tx.AppendEntry(directory.Entry{At: time.Now(), OrgID: directory.OrgID(action), Sequence: last + 1, Action: action})
}

func actionsAfter(t *testing.T, db *store.Store, after int64) (actions []string, last int64) {
	t.Helper()
	last = after
	err := db.Read(t.Context(), func(tx directory.Tx) error {
		list, err := tx.Entries(after, 1000)
		for _, e := range list {
			actions, last = append(actions, e.Action), e.Position
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return actions, last
}

// A commit with a later number does not hide one with an earlier number that is
// still under way, whatever becomes of it.
func TestPostgresFeedWaitsForEarlierNumbers(t *testing.T) {
	t.Parallel()
	for _, outcome := range []string{"committed", "undone"} {
		t.Run(outcome, func(t *testing.T) {
			url := directorytest.Postgres(t)
			one, two := openPostgres(t, url), openPostgres(t, url)
			defer closing(t, one)
			defer closing(t, two)
			numbered, finish, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
			undone := errors.New("undone")
			go func() {
				ended <- one.Write(t.Context(), func(tx directory.Tx) error {
					err := appendEntry(tx, "earlier")
					close(numbered)
					<-finish
					if outcome == "undone" {
						return undone
					}
					return err
				})
			}()
			<-numbered
			if err := two.Write(t.Context(), func(tx directory.Tx) error { return appendEntry(tx, "later") }); err != nil {
				t.Fatal(err)
			}
			for range 20 {
				if early, _ := actionsAfter(t, two, 0); len(early) > 0 {
					t.Fatalf("a reader of the log is given %v and will never look for what comes before it", early)
				}
				time.Sleep(20 * time.Millisecond)
			}
			close(finish)
			want := []string{"earlier", "later"}
			if err := <-ended; outcome == "undone" {
				want = want[1:]
			} else if err != nil {
				t.Fatal(err)
			}
			if err := two.Settled(t.Context()); err != nil {
				t.Fatal(err)
			}
			if got, _ := actionsAfter(t, two, 0); fmt.Sprint(got) != fmt.Sprint(want) {
				t.Errorf("the log has %v, want %v", got, want)
			}
		})
	}
}

// A node that looks while the only transaction there is has its number, and has
// not committed, is told of it when it has. PostgreSQL's snapshots don't show
// that transaction: nothing younger has ended.
func TestPostgresFeedHearsOfTheLastTransaction(t *testing.T) {
	t.Parallel()
	url := directorytest.Postgres(t)
	one, two := openPostgres(t, url), openPostgres(t, url)
	defer closing(t, one)
	defer closing(t, two)
	var mu sync.Mutex
	var told []string
	two.Observe(directory.Observer{
		Changed: func() {},
		Committed: func(entries []directory.Entry) {
			mu.Lock()
			defer mu.Unlock()
			for _, e := range entries {
				told = append(told, e.Action)
			}
		},
	})
	await(t, "in touch", two.InTouch)
	err := one.Write(t.Context(), func(tx directory.Tx) error {
		err := appendEntry(tx, "last")
		time.Sleep(300 * time.Millisecond) // the other looks three times
		if early, _ := actionsAfter(t, two, 0); len(early) > 0 {
			t.Errorf("a reader of the log is given %v before it is committed", early)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	await(t, "told", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return fmt.Sprint(told) == "[last]"
	})
	await(t, "in the log", func() bool {
		actions, _ := actionsAfter(t, two, 0)
		return fmt.Sprint(actions) == "[last]"
	})
}

// A reader who began before an entry was committed sees nothing of the log beyond
// it, however far the log has come since.
func TestPostgresFeedKeepsToItsSnapshot(t *testing.T) {
	t.Parallel()
	url := directorytest.Postgres(t)
	one, two := openPostgres(t, url), openPostgres(t, url)
	defer closing(t, one)
	defer closing(t, two)
	numbered, finish, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- one.Write(t.Context(), func(tx directory.Tx) error {
			err := appendEntry(tx, "earlier")
			close(numbered)
			<-finish
			return err
		})
	}()
	<-numbered
	if err := two.Write(t.Context(), func(tx directory.Tx) error { return appendEntry(tx, "later") }); err != nil {
		t.Fatal(err)
	}
	err := two.Read(t.Context(), func(tx directory.Tx) error {
		if last, err := tx.LastEntry(); err != nil || last != 2 {
			t.Errorf("last entry %d, %v", last, err)
		}
		close(finish)
		if err := errors.Join(<-ended, two.Settled(t.Context())); err != nil {
			return err
		}
		list, err := tx.Entries(0, 10)
		if len(list) > 0 {
			t.Errorf("a reader is given %s, and not what comes before it", list[0].Action)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// More than a node can tell of one by one makes it forget everything; it is in
// touch again soon, and a reader of the log gets it all.
func TestPostgresFeedTakesManyAtOnce(t *testing.T) {
	t.Parallel()
	url := directorytest.Postgres(t)
	db := openPostgres(t, url)
	defer closing(t, db)
	var forgot atomic.Int32
	db.Observe(directory.Observer{
		Changed: func() { forgot.Add(1) },
		Committed: func(entries []directory.Entry) {
			// A node that lost touch meanwhile joins in the middle of them.
			if len(entries) > 10_000 {
				t.Errorf("told of %d entries one by one", len(entries))
			}
		},
	})
	await(t, "in touch", db.InTouch)
	before := forgot.Load()
	const many = 20_000
	dbtest.Exec(t, url, fmt.Sprintf(`INSERT INTO entries (sequence, at, org_id, actor, actor_id, action, outcome, reason, target_type, target_id, target_name, trace_id, remote_addr, user_agent)
		SELECT 100 + generate_series, 1, 'acme', '{}', '', 'a', '', '', '', '', '', '', '', '' FROM generate_series(1, %d)`, many))
	await(t, "forgetful", func() bool { return forgot.Load() > before })
	await(t, "in touch again", db.InTouch)
	var after int64
	await(t, "at the end of the log", func() bool {
		_, after = actionsAfter(t, db, after)
		return after == many
	})
}

// Many write, some change their minds; a reader who goes from number to number
// gets each entry once.
func TestPostgresFeedMissesNothing(t *testing.T) {
	t.Parallel()
	url := directorytest.Postgres(t)
	nodes := []*store.Store{openPostgres(t, url), openPostgres(t, url)}
	reader := openPostgres(t, url)
	for _, db := range append(nodes, reader) {
		t.Cleanup(func() { closing(t, db) })
	}
	const writers, writes = 10, 30
	var writing sync.WaitGroup
	for w := range writers {
		writing.Go(func() {
			for n := range writes {
				err := nodes[w%len(nodes)].Write(t.Context(), func(tx directory.Tx) error {
					err := appendEntry(tx, fmt.Sprintf("%d-%d", w, n))
					time.Sleep(time.Duration((w*7+n*13)%5) * time.Millisecond)
					if n%3 == 0 {
						return errors.Join(err, context.Canceled)
					}
					return err
				})
				if err != nil && n%3 != 0 {
					t.Errorf("write: %v", err)
				}
			}
		})
	}
	done := make(chan struct{})
	go func() {
		writing.Wait()
		close(done)
	}()
	seen := make(map[string]int)
	var last int64
	for over := false; !over; {
		changed := reader.Changed()
		select {
		case <-done:
			if err := reader.Settled(t.Context()); err != nil {
				t.Fatal(err)
			}
			over = true
		case <-changed:
		}
		var actions []string
		actions, last = actionsAfter(t, reader, last)
		for _, action := range actions {
			seen[action]++
		}
	}
	for action, times := range seen {
		if times != 1 {
			t.Errorf("%s came %d times", action, times)
		}
	}
	if want := writers * (writes - writes/3); len(seen) != want {
		t.Errorf("%d entries came, want %d", len(seen), want)
	}
}

// A node that the database can't be reached from knows that it is out of touch,
// refuses, and finds back by itself; so also where connections just fall silent.
func TestPostgresCutOff(t *testing.T) {
	t.Parallel()
	for name, between := range map[string]func(*dbtest.Proxy){"cut": (*dbtest.Proxy).Cut, "held": (*dbtest.Proxy).Hold} {
		t.Run(name, func(t *testing.T) {
			proxy := dbtest.NewProxy(t, directorytest.Postgres(t))
			db := openPostgresWith(t, proxy.URL, store.Options{})
			defer closing(t, db)
			write := func() error {
				return db.Write(t.Context(), func(tx directory.Tx) error { return appendEntry(tx, "a") })
			}
			await(t, "in touch", db.InTouch)
			if err := write(); err != nil {
				t.Fatal(err)
			}
			between(proxy)
			time.Sleep(1100 * time.Millisecond)
			if db.InTouch() {
				t.Error("in touch, a second after it was cut off")
			}
			if err := write(); directory.CodeOf(err) != directory.Unavailable {
				t.Errorf("write: %v, want it to be unavailable", err)
			}
			err := db.Read(t.Context(), func(tx directory.Tx) error {
				_, err := tx.LastEntry()
				return err
			})
			if directory.CodeOf(err) != directory.Unavailable {
				t.Errorf("read: %v, want it to be unavailable", err)
			}
			proxy.Restore()
			await(t, "in touch again", db.InTouch)
			await(t, "writing again", func() bool { return write() == nil })
		})
	}
}

// await waits for what must come by itself.
func await(t *testing.T, what string, is func() bool) {
	t.Helper()
	for begun := time.Now(); !is(); time.Sleep(10 * time.Millisecond) {
		if time.Since(begun) > 2*time.Minute {
			t.Fatalf("never %s", what)
		}
	}
}

// TestPostgresLead checks that one candidate leads, and another takes over when the
// leader's connection is cut.
func TestPostgresLead(t *testing.T) {
	t.Parallel()
	url := directorytest.Postgres(t)
	proxy := dbtest.NewProxy(t, url)
	first, second := openPostgres(t, proxy.URL), openPostgres(t, url)
	defer closing(t, first)
	defer closing(t, second)
	ctx, stop := context.WithCancel(t.Context())
	leads := make(chan string)
	lead := func(db *store.Store, name string) func() {
		return func() {
			err := db.Lead(ctx, "mail", func(ctx context.Context) error {
				leads <- name
				<-ctx.Done()
				return ctx.Err()
			})
			if !errors.Is(err, context.Canceled) {
				t.Errorf("%s: %v", name, err)
			}
		}
	}
	var both sync.WaitGroup
	defer both.Wait()
	defer stop()
	both.Go(lead(first, "first"))
	if name := <-leads; name != "first" {
		t.Fatalf("%s leads", name)
	}
	both.Go(lead(second, "second"))
	select {
	case name := <-leads:
		t.Fatalf("%s leads too", name)
	case <-time.After(1500 * time.Millisecond):
	}
	proxy.Cut()
	select {
	case name := <-leads:
		if name != "second" {
			t.Fatalf("%s leads while it is cut off", name)
		}
	case <-time.After(2 * time.Minute):
		t.Fatal("nobody takes over")
	}
}
