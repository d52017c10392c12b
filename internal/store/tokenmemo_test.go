package store_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/store"
)

// Whatever the writer keeps of tokens, a transaction reads what the database has.
func TestTokensAreReadAsTheyAre(t *testing.T) {
	url := "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
	open := func() *store.Store {
		s, err := store.Open(t.Context(), url, store.Options{})
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
		{"gone with its organisation", s, func(tx directory.Tx) error { return tx.DeleteOrg("acme") }, ""},
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
