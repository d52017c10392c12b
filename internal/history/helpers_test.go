package history_test

import (
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/history"
)

type world struct{ *directorytest.World }

// must returns the result of a call that has to succeed.
func must[T any](v T, err error) func(testing.TB) T { return directorytest.Must(v, err) }

// newWorld reads the past in small batches.
func newWorld(t testing.TB) *world {
	t.Helper()
	return &world{directorytest.New(t, directory.WithPast(history.InBatches(3)))}
}

// now is the clock as entries have it.
func (w *world) now() time.Time { return w.Clock().UTC().Truncate(time.Microsecond) }
