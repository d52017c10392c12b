package identity_test

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/identity"
)

type world struct{ *directorytest.World }

type member = directorytest.Member

// must returns the result of a call that has to succeed.
func must[T any](v T, err error) func(testing.TB) T { return directorytest.Must(v, err) }

// second is the error of a call that also has a result.
func second[T any](_ T, err error) error { return err }

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{directorytest.New(t)}
	w.Identity = identity.Options{}
	w.configure()
	return w
}

// configure replaces the services by others with options.
func (w *world) configure(options ...directory.Option) { w.Configure(options...) }

// nodes are w and another process on its database, for requests to race on both.
func (w *world) nodes() [2]*world {
	w.Helper()
	return [2]*world{w, {w.Beside()}}
}

func (w *world) same(what string, want, got any) {
	w.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("%s: -want +got\n%s", what, diff)
	}
}
