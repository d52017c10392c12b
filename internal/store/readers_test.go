package store

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// A read waits for a place, and not for ever.
func TestReadsWaitForAWhile(t *testing.T) {
	opened, err := openEngine(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "roster.db"), Options{}, new(notifier))
	if err != nil {
		t.Fatal(err)
	}
	db := opened.(*sqliteEngine)
	t.Cleanup(func() { closing(t, db) })
	goOn := make(chan struct{})
	most := db.read.Stats().MaxOpenConnections - 1
	reading, ended := make(chan struct{}, most), make(chan error, most)
	for range most {
		go func() {
			ended <- db.Read(t.Context(), func(directory.Tx) error {
				reading <- struct{}{}
				<-goOn
				return nil
			})
		}()
	}
	for range most {
		<-reading
	}
	db.wait = 10 * time.Millisecond
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	nothing := func(directory.Tx) error { return nil }
	if err := db.Read(ctx, nothing); directory.CodeOf(err) != directory.Unavailable || err.Error() != errBusy.Error() {
		t.Errorf("error %v, want that the database is busy", err)
	}
	gone, leave := context.WithCancel(ctx)
	leave()
	if err := db.Read(gone, nothing); !errors.Is(err, context.Canceled) {
		t.Errorf("error %v, want that the caller has gone", err)
	}
	close(goOn)
	for range most {
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}
	if err := db.Read(ctx, nothing); err != nil {
		t.Errorf("afterwards: %v", err)
	}
}
