package auditlog_test

import (
	"testing"

	"github.com/rosterhq/roster/internal/directorytest"
)

type world struct{ *directorytest.World }

// must returns the result of a call that has to succeed.
func must[T any](v T, err error) func(testing.TB) T { return directorytest.Must(v, err) }

func newWorld(t testing.TB) *world {
	t.Helper()
	return &world{directorytest.New(t)}
}
