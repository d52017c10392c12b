package onboarding_test

import (
	"context"
	"errors"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/text"
)

// world is a [directorytest.World] in which anybody may create organizations.
type world struct{ *directorytest.World }

type member = directorytest.Member

var caps = directorytest.Caps

// must returns the result of a call that has to succeed.
func must[T any](v T, err error) func(testing.TB) T { return directorytest.Must(v, err) }

// second is the error of a call that also has a result.
func second[T any](_ T, err error) error { return err }

func newWorld(t testing.TB) *world {
	t.Helper()
	return &world{directorytest.New(t)}
}

// allow replaces the services by others that let some accounts create organizations.
func (w *world) allow(who onboarding.OrgCreation) {
	w.Onboarding.OrgCreation = who
	w.Configure()
}

// account finds the account with an address.
func (w *world) account(email string) (a directory.Account, ok bool) {
	w.Helper()
	err := w.DB.Read(w.Context(), func(tx directory.Tx) (err error) {
		a, err = tx.AccountByEmail(text.FoldKey(email))
		return err
	})
	if err != nil && directory.CodeOf(err) != directory.NotFound {
		w.Fatal(err)
	}
	return a, err == nil
}

var errCut = errors.New("cut off")

// cutOff is a store whose writes fail when now says so.
type cutOff struct {
	directory.Store
	now func() bool
}

func (s cutOff) Write(ctx context.Context, fn func(directory.Tx) error) error {
	if s.now() {
		return errCut
	}
	return s.Store.Write(ctx, fn)
}
