package schedules_test

import (
	"context"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/schedules"
)

// Several processes that each believe to lead carry a schedule out once, while its maker
// loses the role or cancels it: either it took place before, or not at all.
func TestScheduleRunsOnceAgainstRaces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nodes := w.nodes()
	for round := range 6 {
		jane, maker := w.Join(fmt.Sprintf("Jane%d", round), "user"), w.Join(fmt.Sprintf("Maker%d", round), "admin")
		must(w.schedule(w.By(maker), jane.ID, directory.ScheduledSuspension))(t)
		byMaker := nodes[1].By(maker)
		w.Pass(time.Hour)
		since := w.LastEntry()
		answers := directorytest.AtOnce(5, func(i int) error {
			switch {
			case i < 3:
				_, err := schedules.New(nodes[i%2].DB, nodes[i%2].Service).Once(t.Context(), func(err error) { t.Error(err) })
				return err
			case i == 3 && round%2 == 0:
				return second(nodes[0].UpdateUserRole(t.Context(), nodes[0].ByOwner(), maker.ID, "user"))
			case i == 4 && round%2 == 1:
				return nodes[1].DeleteSchedule(t.Context(), byMaker, jane.ID, directory.ScheduledSuspension)
			}
			return nil
		})
		ran, ended := 0, 0
		for _, e := range w.Since(since) {
			switch e.Action {
			case "runUserSchedule":
				ran++
			case "failUserSchedule", "deleteUserSchedule":
				ended++
			}
		}
		if ran+ended != 1 || w.User(jane.ID).Suspended != (ran == 1) {
			t.Errorf("round %d: carried out %d times, ended otherwise %d times, suspended %v, %v", round, ran, ended, w.User(jane.ID).Suspended, directorytest.Tally(answers))
		}
	}
	w.Wants("the log", "", w.CheckLog(t.Context(), w.Org.ID))
}

// Many schedules due at once in one organization don't delay those of another.
func TestTurnsOfSchedulesAreFair(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	theirs := must(w.CreateUser(t.Context(), w.By(rival), members.NewUser{Name: "Jane", Email: "jane@rival.example", Role: "user"}))(t)
	jane := w.Join("Jane", "user")
	w.Wants("fill", "", w.DB.Write(t.Context(), func(tx directory.Tx) error {
		for i := range 200 {
			u := directory.User{
				ID: directory.UserID(fmt.Sprintf("usr_%03d", i)), OrgID: w.Org.ID, AccountID: jane.AccountID, Email: fmt.Sprintf("u%d@example.com", i),
				Role: directory.RoleRef{ID: "user"}, Invited: true, InvitedBy: directory.Actor{Kind: directory.ActorSystem}, CreatedAt: w.Clock(),
			}
			if err := tx.CreateUser(u, u.Email); err != nil {
				return err
			}
			s := directory.Schedule{
				OrgID: w.Org.ID, UserID: u.ID, Act: directory.ScheduledRemoval, At: w.Clock().Add(time.Minute), DueAt: w.Clock().Add(time.Minute), CreatedAt: w.Clock(),
				CreatedBy: directory.Actor{Kind: directory.ActorAccount, AccountID: w.Owner.AccountID, UserID: w.Owner.ID},
			}
			if err := tx.PutSchedule(s); err != nil {
				return err
			}
		}
		return nil
	}))
	must(w.schedule(w.By(rival), theirs.ID, directory.ScheduledSuspension))(t)
	w.Pass(time.Hour)
	n := must(schedules.New(w.DB, w.Service).Once(t.Context(), func(err error) { t.Error(err) }))(t)
	if got := must(w.GetUser(t.Context(), w.By(rival), theirs.ID))(t); !got.Suspended || n > 20 {
		t.Errorf("the first turn carried out %d, and the other organization's user is %s", n, got.Status())
	}
	w.carryOut()
	if left := w.pending(); len(left) > 0 {
		t.Errorf("left: %d", len(left))
	}
}

// The loop of one node carries out what is due, and that of another takes over.
func TestRunnerCarriesOutAndEnds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "user")
	must(w.schedule(w.ByOwner(), jane.ID, directory.ScheduledSuspension))(t)
	w.Pass(2 * time.Hour) // while the server was off
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var loop sync.WaitGroup
	loop.Go(func() { schedules.New(w.DB, w.Service).Run(ctx, func(err error) { t.Error(err) }) })
	late := time.After(2 * time.Minute)
	for waiting := true; waiting; {
		changes := w.Appended(w.Org.ID) // also of what was written before
		if w.User(jane.ID).Suspended {
			break
		}
		select {
		case <-changes:
		case <-late:
			t.Error("nothing was carried out")
			waiting = false
		}
	}
	stop()
	loop.Wait()
}
