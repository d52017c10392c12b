package access_test

import (
	"testing"

	"github.com/rosterhq/roster/internal/directorytest"
)

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

// ids is a list as members and roles are given by.
func ids[T any](list ...T) *[]T { return &list }
