package store

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
)

func openFile(t *testing.T, path string) *sqliteEngine {
	t.Helper()
	opened, err := openEngine(t.Context(), "sqlite:"+path, Options{}, new(notifier))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, opened) })
	return opened.(*sqliteEngine)
}

func as(ctx context.Context, tenant string) context.Context {
	return directory.ForTenant(ctx, directory.OrgTenant(directory.OrgID(tenant)))
}

// waitFor waits for what other goroutines do.
func waitFor(t *testing.T, what string, is func() bool) {
	t.Helper()
	for begun := time.Now(); !is(); time.Sleep(time.Millisecond) {
		if time.Since(begun) > time.Minute {
			t.Fatalf("never: %s", what)
		}
	}
}

// held keeps the writer busy until release is called, so that jobs wait.
func held(t *testing.T, db *sqliteEngine) (release func()) {
	t.Helper()
	begun, goOn, ended := make(chan struct{}), make(chan struct{}), make(chan error, 1)
	go func() {
		ended <- db.Write(t.Context(), func(directory.Tx) error {
			close(begun)
			<-goOn
			return nil
		})
	}()
	<-begun
	return func() {
		close(goOn)
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
}

// A thousand writes of one organization that wait delay another's by one of them.
func TestWritersTakeTurns(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "roster.db"))
	release := held(t, db)
	var mu sync.Mutex
	var order []string
	var writing sync.WaitGroup
	write := func(tenant string) {
		writing.Go(func() {
			err := db.Write(as(t.Context(), tenant), func(directory.Tx) error {
				mu.Lock()
				defer mu.Unlock()
				order = append(order, tenant)
				return nil
			})
			if err != nil {
				t.Errorf("%s: %v", tenant, err)
			}
		})
	}
	const many = 1000
	for range many {
		write("a")
	}
	waitFor(t, "all of a wait", func() bool { return db.writer.waiting() == many })
	write("b")
	waitFor(t, "b waits", func() bool { return db.writer.waiting() == many+1 })
	release()
	writing.Wait()
	if len(order) != many+1 || (order[0] != "b" && order[1] != "b") {
		t.Errorf("%d writes, the first two of %v; want b among them", len(order), order[:2])
	}
}

// A write whose caller has gone while it waited is answered at once and never run.
func TestAbandonedWriteIsNotRun(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "roster.db"))
	release := held(t, db)
	ctx, leave := context.WithCancel(as(t.Context(), "a"))
	ran, answered := false, make(chan error, 1)
	go func() {
		answered <- db.Write(ctx, func(directory.Tx) error {
			ran = true
			return nil
		})
	}()
	waitFor(t, "the write waits", func() bool { return db.writer.waiting() == 1 })
	leave()
	if err := <-answered; !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that it was canceled", err)
	}
	if n := db.writer.waiting(); n != 0 {
		t.Errorf("%d still wait", n)
	}
	release()
	if err := db.Write(t.Context(), func(directory.Tx) error { return nil }); err != nil {
		t.Error(err)
	}
	if ran {
		t.Error("it was run")
	}
}

// A hundred reads of one organization leave places for another's, which need not
// wait.
func TestReadersLeaveRoom(t *testing.T) {
	db := openFile(t, filepath.Join(t.TempDir(), "roster.db"))
	leaveRoom(t, db, db.read.Stats().MaxOpenConnections-1)
}

func TestPostgresReadersLeaveRoom(t *testing.T) {
	opened, err := openEngine(t.Context(), dbtest.Postgres(t), Options{}, new(notifier))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { closing(t, opened) })
	db := opened.(*postgresEngine)
	leaveRoom(t, db, db.db.Stats().MaxOpenConnections-reserved)
}

func leaveRoom(t *testing.T, db engine, places int) {
	t.Helper()
	ctx, cancel := context.WithCancel(as(t.Context(), "a"))
	var reading sync.WaitGroup
	defer reading.Wait()
	defer cancel()
	begun := make(chan struct{}, 100)
	for range 100 {
		reading.Go(func() {
			_ = db.Read(ctx, func(directory.Tx) error {
				begun <- struct{}{}
				<-ctx.Done()
				return nil
			})
		})
	}
	for range places / 2 {
		<-begun
	}
	err := db.Read(as(t.Context(), "b"), func(directory.Tx) error { return nil })
	if err != nil || len(begun) > 0 {
		t.Errorf("b: %v, and %d of a read more than half", err, len(begun))
	}
}

// A write for a tenant that takes too long is undone, whatever it makes of the
// error; the operator's goes on. It loops until it is stopped, so a writer that
// does not stop it never answers.
func TestLongWriteIsUndone(t *testing.T) {
	t.Run("sqlite", func(t *testing.T) {
		db := openFile(t, filepath.Join(t.TempDir(), "roster.db"))
		db.writer.budget = time.Millisecond
		longWrite(t, db)
	})
	t.Run("postgres", func(t *testing.T) {
		opened, err := openEngine(t.Context(), dbtest.Postgres(t), Options{}, new(notifier))
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { closing(t, opened) })
		opened.(*postgresEngine).budget = time.Millisecond
		longWrite(t, opened)
	})
}

func longWrite(t *testing.T, db engine) {
	t.Helper()
	create := func(tx directory.Tx, id string) error {
		return tx.CreateOrg(directory.Org{ID: directory.OrgID(id), Name: id, CreatedAt: time.Unix(1, 0)})
	}
	for name, fn := range map[string]func(directory.Tx) error{
		"statements": func(tx directory.Tx) error {
			_ = create(tx, "long")
			for {
				if _, err := tx.CountOrgs(); err != nil {
					return nil //nolint:nilerr // as if nothing had happened
				}
			}
		},
		"no statements": func(tx directory.Tx) error {
			err := create(tx, "long")
			time.Sleep(5 * time.Millisecond)
			return err
		},
	} {
		err := db.Write(as(t.Context(), "a"), fn)
		if directory.CodeOf(err) != directory.LimitExceeded {
			t.Errorf("%s: error %v, want limit_exceeded", name, err)
		}
	}
	err := db.Write(t.Context(), func(tx directory.Tx) error {
		time.Sleep(5 * time.Millisecond)
		n, err := tx.CountOrgs()
		if err == nil && n != 0 {
			err = fmt.Errorf("%d organizations were kept", n)
		}
		return errors.Join(err, create(tx, "operators"))
	})
	if err != nil {
		t.Errorf("the operator: %v", err)
	}
}

// Another process gets its turn to write while a server is flooded: it waits for a
// few transactions, and not for a moment by chance between two.
func TestAnotherProcessWritesDuringAFlood(t *testing.T) {
	path := filepath.Join(t.TempDir(), "roster.db")
	server, admin := openFile(t, path), openFile(t, path)
	var done sync.WaitGroup
	defer done.Wait()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var written atomic.Int64
	for i := range 64 {
		done.Go(func() {
			for n := 0; ctx.Err() == nil; n++ {
				id := directory.OrgID(fmt.Sprint("o", i, "-", n))
				_ = server.Write(as(ctx, "a"), func(tx directory.Tx) error {
					time.Sleep(3 * time.Millisecond) // a group has few of them
					written.Add(1)
					return tx.CreateOrg(directory.Org{ID: id, Name: "flood", CreatedAt: time.Unix(1, 0)})
				})
			}
		})
	}
	waitFor(t, "flooded", func() bool { return server.writer.waiting() > 1 })
	var during []int64
	for i := range 15 {
		id := directory.OrgID(fmt.Sprint("admin", i))
		before := written.Load()
		err := admin.Write(ctx, func(tx directory.Tx) error {
			return tx.CreateOrg(directory.Org{ID: id, Name: "admin", CreatedAt: time.Unix(1, 0)})
		})
		if err != nil {
			t.Fatalf("the operator: %v", err)
		}
		during = append(during, written.Load()-before)
	}
	slices.Sort(during)
	t.Logf("writes of the server during each of the operator's: %v", during)
	if most := during[len(during)-1]; most > 100 { // thousands without the lock
		t.Errorf("the server makes %d writes while the operator waits for one, want a few groups of them", most)
	}
}
