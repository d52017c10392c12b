package store_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/store"
)

// A transaction reads tokens as the database has them, whatever the writer caches.
func TestTokensAreReadAsTheyAre(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
	open := func() *store.Store {
		s, err := store.Open(t.Context(), url, directorytest.StoreOptions)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { s.Close() })
		return s
	}
	s, other := open(), open()
	write := func(s *store.Store, fn func(directory.Tx) error) error { return s.Write(t.Context(), fn) }
	make1 := func(tx directory.Tx) error {
		return tx.CreateAPIToken(directory.APITokenRecord{ID: "tok_1", OrgID: "acme", Name: "one", CreatedAt: time.Unix(1, 0)})
	}
	want := func(when, name string) {
		t.Helper()
		for range 2 { // as it is read, and as it is kept then
			err := write(s, func(tx directory.Tx) error {
				r, err := tx.APIToken("acme", "tok_1")
				if code := directory.CodeOf(err); err != nil && code != directory.NotFound {
					return err
				}
				if got := r.Name + r.ExpiresAt.Format("05"); err == nil && got != name || err != nil && name != "" {
					t.Errorf("%s: %q, %v; want %q", when, got, err, name)
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	steps := []struct {
		name string
		of   *store.Store
		fn   func(directory.Tx) error
		want string
	}{
		{"made", s, func(tx directory.Tx) error {
			return errors.Join(tx.CreateOrg(directory.Org{ID: "acme", Name: "Acme"}), make1(tx))
		}, "one00"},
		{"expired", s, func(tx directory.Tx) error { return tx.ExpireAPIToken("acme", "tok_1", time.Unix(7, 0)) }, "one07"},
		{"deleted", s, func(tx directory.Tx) error { return tx.DeleteAPIToken("acme", "tok_1") }, ""},
		{"made again", s, make1, "one00"},
		{"expired by another process", other, func(tx directory.Tx) error { return tx.ExpireAPIToken("acme", "tok_1", time.Unix(9, 0)) }, "one09"},
		{"deleted by another process", other, func(tx directory.Tx) error { return tx.DeleteAPIToken("acme", "tok_1") }, ""},
		{"made by another process", other, make1, "one00"},
		{"gone with its organization", s, func(tx directory.Tx) error { return tx.DeleteOrg("acme") }, ""},
	}
	for _, step := range steps {
		if err := write(step.of, step.fn); err != nil {
			t.Fatalf("%s: %v", step.name, err)
		}
		want(step.name, step.want)
	}
	undone := errors.New("undone")
	err := write(s, func(tx directory.Tx) error {
		if err := errors.Join(tx.CreateOrg(directory.Org{ID: "acme", Name: "Acme"}), make1(tx)); err != nil {
			return err
		}
		if _, err := tx.APIToken("acme", "tok_1"); err != nil {
			return err
		}
		return undone
	})
	if !errors.Is(err, undone) {
		t.Fatal(err)
	}
	want("undone", "")
}

// A transaction reads a log's end as the database has it, whatever the writer caches.
func TestEndsAreReadAsTheyAre(t *testing.T) {
	t.Parallel()
	url := "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
	var stores [2]*store.Store
	for i := range stores {
		var err error
		if stores[i], err = store.Open(t.Context(), url, directorytest.StoreOptions); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { stores[i].Close() })
	}
	last := int64(0)
	undone := errors.New("undone")
	for i := range 60 {
		want := undone
		err := stores[i/5%2].Write(t.Context(), func(tx directory.Tx) error {
			for range i%3 + 1 {
				number, at, err := tx.LastOrgEntry("acme")
				if err != nil {
					return err
				}
				e := directory.Entry{OrgID: "acme", Sequence: number + 1, Action: "x", At: time.UnixMicro(number + 1).UTC()}
				if number > 0 && at != time.UnixMicro(number).UTC() {
					t.Errorf("entry %d is of %v", number, at)
				}
				if err := tx.AppendEntry(e); err != nil {
					return err
				}
			}
			if i%4 == 3 {
				return undone
			}
			want = nil
			last += int64(i%3 + 1)
			return nil
		})
		if !errors.Is(err, want) {
			t.Fatalf("write %d: %v, want %v", i, err, want)
		}
		if i == 30 {
			err = stores[0].Write(t.Context(), func(tx directory.Tx) error { return tx.DropEntries("acme", last) })
			last = 0
		}
		if err != nil && !errors.Is(err, undone) {
			t.Fatal(err)
		}
		err = stores[(i+1)%2].Read(t.Context(), func(tx directory.Tx) error {
			number, _, err := tx.LastOrgEntry("acme")
			if number != last {
				t.Errorf("after write %d the last entry is %d, want %d", i, number, last)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}
