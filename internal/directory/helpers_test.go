package directory_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/history"
	"github.com/rosterhq/roster/internal/identity"
)

// world is a [directorytest.World] in which anybody may create organizations.
type world struct{ *directorytest.World }

type (
	member  = directorytest.Member
	records = directorytest.Records
	listed  = directorytest.Listed
)

var (
	caps      = directorytest.Caps
	outcome   = directorytest.Outcome
	atOnce    = directorytest.AtOnce
	tallyOf   = directorytest.Tally
	newIssuer = directorytest.NewIssuer
	person    = directorytest.Person
)

// must returns the result of a call that has to succeed.
func must[T any](v T, err error) func(testing.TB) T { return directorytest.Must(v, err) }

// anybody lets anybody create organizations, and the past be read in small batches.
func anybody(options ...directory.Option) []directory.Option {
	return append([]directory.Option{directory.WithPast(history.InBatches(3))}, options...)
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{directorytest.New(t, anybody()...)}
	w.Identity = identity.Options{}
	w.Configure(anybody()...)
	return w
}

// configure replaces the services by others with options.
func (w *world) configure(options ...directory.Option) {
	w.Configure(append([]directory.Option{directory.WithPast(history.InBatches(3))}, options...)...)
}

// nodes are w and another process on its database, for requests to race on both.
func (w *world) nodes() [2]*world {
	w.Helper()
	return [2]*world{w, {w.Beside(anybody()...)}}
}

// now is the clock as entries have it.
func (w *world) now() time.Time { return w.Clock().UTC().Truncate(time.Microsecond) }

func sorted[T ~string](ids ...T) []T {
	slices.Sort(ids)
	return ids
}

// second is the error of a call that also has a result.
func second[T any](_ T, err error) error { return err }
