package schedules_test

import (
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/schedules"
)

// Scheduling takes the permission that doing it now takes.
func TestScheduleTakesThePermissionOfTheAct(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	managing := w.Role("Managing", "users|read", "users|update")
	weak, remover := w.Join("Weak", managing.ID), w.Join("Remover", w.Role("Removing", "users|read", "users|delete").ID)
	admin, plain, owner := w.Join("Admin", "admin"), w.Join("Plain", "user"), w.Join("Second", "owner")
	invited := w.Invite(w.Tenant("Rival"), "user")
	for what, try := range map[string]struct {
		by   member
		of   directory.User
		act  directory.ScheduledAct
		code directory.Code
	}{
		"suspend without users|update":           {plain, weak.User, directory.ScheduledSuspension, directory.Forbidden},
		"remove without users|delete":            {weak, plain.User, directory.ScheduledRemoval, directory.Forbidden},
		"remove without users|update":            {remover, plain.User, directory.ScheduledRemoval, directory.Forbidden},
		"suspend an owner as an admin":           {admin, owner.User, directory.ScheduledSuspension, directory.Forbidden},
		"remove an owner as an admin":            {admin, owner.User, directory.ScheduledRemoval, directory.Forbidden},
		"reactivate an owner as an admin":        {admin, owner.User, directory.ScheduledReactivation, directory.Forbidden},
		"reactivate an admin as one who is less": {weak, admin.User, directory.ScheduledReactivation, directory.Forbidden},
		"suspend an invitation":                  {admin, invited, directory.ScheduledSuspension, directory.Conflict},
		"reactivate an invitation":               {admin, invited, directory.ScheduledReactivation, directory.Conflict},
		"something else":                         {admin, plain.User, "promote", directory.Invalid},
		"somebody who is not there":              {admin, directory.User{ID: "usr_none"}, directory.ScheduledSuspension, directory.NotFound},
	} {
		w.Refused(what, try.code, "", func() error { return second(w.schedule(w.By(try.by), try.of.ID, try.act)) })
	}
	for what, at := range map[string]time.Time{
		"no time": {}, "now": w.Clock(), "the past": w.Clock().Add(-time.Hour), "too late": w.Clock().Add(schedules.MaxAhead + time.Second),
	} {
		w.Refused(what, directory.Invalid, "at", func() error {
			return second(w.UpdateSchedule(t.Context(), w.By(admin), plain.ID, directory.ScheduledSuspension, schedules.NewSchedule{At: at}))
		})
	}
	// An API token can't schedule what comes after its own end, when it would not run.
	token := must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{
		Name: "short", Capabilities: caps(t, "users|read", "users|update"), ExpiresAt: w.Clock().Add(30 * time.Minute),
	}))(t)
	w.Refused("beyond the token's end", directory.Invalid, "at", func() error {
		return second(w.schedule(w.As(token.Secret, ""), plain.ID, directory.ScheduledSuspension))
	})
	must(w.schedule(w.By(admin), invited.ID, directory.ScheduledRemoval))(t)
	// Not for the last owner: neither now nor by racing for it.
	must(w.schedule(w.ByOwner(), owner.ID, directory.ScheduledRemoval))(t)
	w.Wants("remove the second owner", "", w.RemoveUser(t.Context(), w.ByOwner(), owner.ID))
	w.Refused("the last owner", directory.Conflict, "", func() error {
		return second(w.schedule(w.ByOwner(), w.Owner.ID, directory.ScheduledSuspension))
	})
}

// A user can't put off what others have decided about them, nor can one who could not
// give them back what they would lose.
func TestOnlyThoseWhoCouldReactivateCancel(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	weak := w.Join("Weak", w.Role("Managing", "users|read", "users|update", "users|delete").ID)
	leaver, admin := w.Join("Leaver", "admin"), w.Join("Admin", "admin")
	hers := must(w.CreateAPIToken(t.Context(), w.By(leaver), credentials.NewAPIToken{Name: "hers", Capabilities: w.By(leaver).Principal.Capabilities}))(t)
	for _, act := range []directory.ScheduledAct{directory.ScheduledSuspension, directory.ScheduledRemoval} {
		must(w.schedule(w.ByOwner(), leaver.ID, act))(t)
		for what, call := range map[string]directory.Call{
			"the user": w.By(leaver), "their token": w.As(hers.Secret, ""), "one who is less": w.By(weak),
		} {
			w.Refused(what+" cancels", directory.Forbidden, "", func() error { return w.DeleteSchedule(t.Context(), call, leaver.ID, act) })
			for _, d := range []time.Duration{time.Minute, 24 * time.Hour} {
				w.Refused(what+" changes it", directory.Forbidden, "", func() error {
					return second(w.UpdateSchedule(t.Context(), call, leaver.ID, act, schedules.NewSchedule{At: w.Clock().Add(d)}))
				})
			}
		}
		w.Wants("an equal cancels", "", w.DeleteSchedule(t.Context(), w.By(admin), leaver.ID, act))
		w.Wants("again", directory.NotFound, w.DeleteSchedule(t.Context(), w.By(admin), leaver.ID, act))
	}
	// A person can change their own schedules with any of their tokens.
	made := must(w.schedule(w.By(leaver), leaver.ID, directory.ScheduledRemoval))(t)
	again := must(w.UpdateSchedule(t.Context(), w.InSession(w.SignIn(leaver.User), w.Org.ID), leaver.ID, directory.ScheduledRemoval, schedules.NewSchedule{At: made.At}))(t)
	if !again.CreatedAt.Equal(made.CreatedAt) {
		t.Errorf("the same again made a new one: %+v", again)
	}
	w.Wants("cancel one's own", "", w.DeleteSchedule(t.Context(), w.By(leaver), leaver.ID, directory.ScheduledRemoval))
	// To cancel a reactivation takes access away, which needs no right to give it.
	must(w.schedule(w.ByOwner(), leaver.ID, directory.ScheduledReactivation))(t)
	w.Wants("cancel a reactivation", "", w.DeleteSchedule(t.Context(), w.By(weak), leaver.ID, directory.ScheduledReactivation))
}

// A schedule counts against its limit, and ends with its user.
func TestSchedulesAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane, john := w.Join("Jane", "user"), w.Join("John", "user")
	l := limits.Default()
	l.Schedules = 1
	w.Configure(directory.WithLimits(l))
	must(w.schedule(w.ByOwner(), jane.ID, directory.ScheduledSuspension))(t)
	w.Refused("another", directory.LimitExceeded, "", func() error { return second(w.schedule(w.ByOwner(), john.ID, directory.ScheduledSuspension)) })
	w.Pass(time.Minute)
	must(w.schedule(w.ByOwner(), jane.ID, directory.ScheduledSuspension))(t) // replaces it
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), jane.ID))
	must(w.schedule(w.ByOwner(), john.ID, directory.ScheduledSuspension))(t)
}
