package members_test

import (
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/history"
)

type world struct{ *directorytest.World }

type (
	member = directorytest.Member
	listed = directorytest.Listed
)

var caps = directorytest.Caps

// must returns the result of a call that has to succeed.
func must[T any](v T, err error) func(testing.TB) T { return directorytest.Must(v, err) }

// inBatches reads the past in small batches.
func inBatches() directory.Option { return directory.WithPast(history.InBatches(3)) }

func newWorld(t testing.TB) *world {
	t.Helper()
	return &world{directorytest.New(t, inBatches())}
}

// nodes are w and another process on its database, for requests to race on both.
func (w *world) nodes() [2]*world {
	w.Helper()
	return [2]*world{w, {w.Beside(inBatches())}}
}

// now is the clock as entries have it.
func (w *world) now() time.Time { return w.Clock().UTC().Truncate(time.Microsecond) }
