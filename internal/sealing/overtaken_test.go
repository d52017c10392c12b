package sealing_test

import (
	"context"
	"sync"
	"testing"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/sealing"
)

// interrupted is a store in which something happens before the first write.
type interrupted struct {
	directory.Store
	once   sync.Once
	before func()
}

func (s *interrupted) Write(ctx context.Context, fn func(directory.Tx) error) error {
	s.once.Do(s.before)
	return s.Store.Write(ctx, fn)
}

// A sealer that lost the lead does not move the cursor back.
func TestOvertakenSealerKeepsTheCursor(t *testing.T) {
	w := newWorld(t)
	cursor := func() (at int64) {
		t.Helper()
		w.Wants("read the cursor", "", w.DB.Read(t.Context(), func(tx directory.Tx) (err error) {
			at, err = tx.Cursor("seal")
			return err
		}))
		return at
	}
	var successor int64
	w.Settle()
	late := sealing.New(&interrupted{Store: w.DB, before: func() {
		w.Join("Jane", "user")
		if failures := w.seal(); len(failures) > 0 {
			t.Error(failures)
		}
		successor = cursor()
	}}, dbtest.Keys(), w.Clock)
	if _, err := late.Once(t.Context(), func(err error) { t.Error(err) }); err != nil {
		t.Fatal(err)
	}
	if at := cursor(); at != successor || at == 0 {
		t.Errorf("the cursor is at %d, its successor had moved it to %d", at, successor)
	}
	if _, err := w.verify(w.evidence()); err != nil {
		t.Error(err)
	}
}
