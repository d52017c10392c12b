package schedules_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/schedules"
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

// nodes are w and another process on its database, for requests to race on both.
func (w *world) nodes() [2]*world {
	w.Helper()
	return [2]*world{w, {w.Beside()}}
}

// suspend suspends a user of the first organization.
func (w *world) suspend(u directory.User) {
	w.Helper()
	must(w.UpdateUserStatus(w.Context(), w.ByOwner(), u.ID, directory.Suspended))(w)
}

// schedule schedules an act in an hour.
func (w *world) schedule(call directory.Call, id directory.UserID, act directory.ScheduledAct) (directory.Schedule, error) {
	return w.UpdateSchedule(w.Context(), call, id, act, schedules.NewSchedule{At: w.Clock().Add(time.Hour)})
}

// carryOut carries out everything that is due.
func (w *world) carryOut() {
	w.Helper()
	r := schedules.New(w.DB, w.Service)
	for n := 1; n > 0; {
		n = must(r.Once(w.Context(), func(err error) { w.Errorf("carry out: %v", err) }))(w)
	}
}

// pending lists what is scheduled, with the reasons of what failed.
func (w *world) pending() (list []string) {
	w.Helper()
	for _, s := range must(w.ListSchedules(w.Context(), w.ByOwner(), ""))(w) {
		line := string(s.Act)
		if s.Failed() {
			line += ": " + s.Failure
		}
		list = append(list, line)
	}
	return list
}

// logged lists the entries after a position as "action by kind".
func (w *world) logged(after int64) (list []string) {
	w.Helper()
	for _, e := range w.Since(after) {
		list = append(list, fmt.Sprintf("%s by %s", e.Action, e.Actor.Kind))
	}
	return list
}
