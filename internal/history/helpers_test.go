package history_test

import (
	"fmt"
	"strings"
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

// tellAccess writes what somebody may do, with every reason and its names.
func tellAccess(a directory.Access) string {
	var text strings.Builder
	for _, c := range a.Capabilities {
		fmt.Fprintf(&text, "%s:", c.Key)
		for _, p := range c.Paths {
			fmt.Fprintf(&text, " %s %q %v", p.Role.ID, p.Role.Name, p.Role.Capabilities.Names())
			if p.Group != nil {
				fmt.Fprintf(&text, " by %s %q", p.Group.ID, p.Group.Name)
			}
		}
		text.WriteByte('\n')
	}
	return text.String()
}

// listed collects a list of users.
type listed struct {
	users []directory.User
}

func (l *listed) Begin(string) error {
	return nil
}

func (l *listed) Changed() {}

func (l *listed) User(u directory.User) error {
	l.users = append(l.users, u)
	return nil
}

func (l *listed) Flush() error { return nil }

func (l *listed) ids() []directory.UserID {
	ids := []directory.UserID{}
	for _, u := range l.users {
		ids = append(ids, u.ID)
	}
	return ids
}
