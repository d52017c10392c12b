package directory_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/schedules"
)

// schedule schedules an act in an hour.
func (w *world) schedule(call directory.Call, id directory.UserID, act directory.ScheduledAct) (directory.Schedule, error) {
	return w.UpdateSchedule(w.Context(), call, id, act, directory.NewSchedule{At: w.Clock().Add(time.Hour)})
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

func TestScheduleIsCarriedOutAtItsTimeAndNotBefore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane, admin := w.Join("Jane", "user"), w.Join("Admin", "admin")
	session := w.SignIn(jane.User)
	made := must(w.schedule(w.By(admin), jane.ID, directory.ScheduledSuspension))(t)
	if made.CreatedBy.UserID != admin.ID || made.CreatedBy.Name != "" {
		t.Errorf("made by %+v", made.CreatedBy)
	}
	since := w.LastEntry()
	w.Pass(time.Hour - 2*time.Microsecond) // the schedule is on a whole microsecond
	w.carryOut()
	if got := w.logged(since); len(got) > 0 || w.User(jane.ID).Suspended {
		t.Fatalf("before its time: %q", got)
	}
	w.Pass(2 * time.Microsecond)
	w.carryOut()
	if got, want := w.logged(since), []string{"updateUserStatus by system", "runUserSchedule by system"}; !slices.Equal(got, want) {
		t.Errorf("logged %q, want %q", got, want)
	}
	entries := w.Since(since)
	if last := entries[len(entries)-1]; last.Target.ID != string(jane.ID) || !strings.Contains(string(last.Before), string(admin.ID)) {
		t.Errorf("the entry does not name who scheduled it: %s", last.Before)
	}
	_, err := w.Authenticate(t.Context(), jane.Secret, w.Org.ID)
	w.Wants("the suspended user", directory.Forbidden, err)
	w.Ended("the session", session, w.Org.ID)

	// A leave that was scheduled as a whole, with a server that was off in between.
	must(w.schedule(w.By(admin), jane.ID, directory.ScheduledReactivation))(t)
	later := directory.NewSchedule{At: w.Clock().Add(2 * time.Hour), Revoke: directory.Revocation{Tokens: true}}
	must(w.CreateAPIToken(t.Context(), w.By(admin), directory.NewAPIToken{Name: "hers", Capabilities: caps(t, "users|read")}))(t)
	must(w.UpdateSchedule(t.Context(), w.By(admin), jane.ID, directory.ScheduledRemoval, later))(t)
	since = w.LastEntry()
	w.Pass(24 * time.Hour)
	w.carryOut()
	want := []string{"updateUserStatus by system", "runUserSchedule by system", "removeUserFromOrg by system", "runUserSchedule by system"}
	if got := w.logged(since); !slices.Equal(got, want) || len(w.pending()) > 0 {
		t.Errorf("caught up with %q, left %q", got, w.pending())
	}
	w.Dead("the removed user", jane.Secret)
	w.Wants("the log", "", w.CheckLog(t.Context(), w.Org.ID))
	w.NoSecrets()
}

// A scheduled offboarding revokes what the user made, with the rights of its maker.
func TestScheduledRemovalRevokes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "admin")
	token := must(w.CreateAPIToken(t.Context(), w.By(jane), directory.NewAPIToken{Name: "hers", Capabilities: caps(t, "users|read")}))(t)
	weak := w.Join("Weak", w.Role("Removing", "users|read", "users|update", "users|delete").ID)
	in := directory.NewSchedule{At: w.Clock().Add(time.Hour), Revoke: directory.Revocation{Tokens: true}}
	w.Refused("revoke tokens without the permission", directory.Forbidden, "", func() error {
		return second(w.UpdateSchedule(t.Context(), w.By(weak), jane.ID, directory.ScheduledRemoval, in))
	})
	must(w.UpdateSchedule(t.Context(), w.ByOwner(), jane.ID, directory.ScheduledRemoval, in))(t)
	since := w.LastEntry()
	w.Pass(time.Hour)
	w.carryOut()
	if got, want := w.logged(since), []string{"removeUserFromOrg by system", "deleteAPIToken by system", "runUserSchedule by system"}; !slices.Equal(got, want) {
		t.Errorf("logged %q, want %q", got, want)
	}
	w.Dead("the token", token.Secret)
}

// Whoever may not do something now may not schedule it either.
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
		"no time": {}, "now": w.Clock(), "the past": w.Clock().Add(-time.Hour), "too late": w.Clock().Add(directory.MaxScheduleAhead + time.Second),
	} {
		w.Refused(what, directory.Invalid, "at", func() error {
			return second(w.UpdateSchedule(t.Context(), w.By(admin), plain.ID, directory.ScheduledSuspension, directory.NewSchedule{At: at}))
		})
	}
	// An API token can't schedule what comes after its own end, when it would not run.
	token := must(w.CreateAPIToken(t.Context(), w.ByOwner(), directory.NewAPIToken{
		Name: "short", Capabilities: caps(t, "users|read", "users|update"), ExpiresAt: w.Clock().Add(30 * time.Minute),
	}))(t)
	w.Refused("beyond the token's end", directory.Invalid, "at", func() error {
		return second(w.schedule(w.As(token.Secret, ""), plain.ID, directory.ScheduledSuspension))
	})
	must(w.schedule(w.By(admin), invited.ID, directory.ScheduledRemoval))(t)
	// Of the last owner: neither now nor by racing for it.
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
	hers := must(w.CreateAPIToken(t.Context(), w.By(leaver), directory.NewAPIToken{Name: "hers", Capabilities: w.By(leaver).Principal.Capabilities}))(t)
	for _, act := range []directory.ScheduledAct{directory.ScheduledSuspension, directory.ScheduledRemoval} {
		must(w.schedule(w.ByOwner(), leaver.ID, act))(t)
		for what, call := range map[string]directory.Call{
			"the user": w.By(leaver), "their token": w.As(hers.Secret, ""), "one who is less": w.By(weak),
		} {
			w.Refused(what+" cancels", directory.Forbidden, "", func() error { return w.DeleteSchedule(t.Context(), call, leaver.ID, act) })
			for _, d := range []time.Duration{time.Minute, 24 * time.Hour} {
				w.Refused(what+" changes it", directory.Forbidden, "", func() error {
					return second(w.UpdateSchedule(t.Context(), call, leaver.ID, act, directory.NewSchedule{At: w.Clock().Add(d)}))
				})
			}
		}
		w.Wants("an equal cancels", "", w.DeleteSchedule(t.Context(), w.By(admin), leaver.ID, act))
		w.Wants("again", directory.NotFound, w.DeleteSchedule(t.Context(), w.By(admin), leaver.ID, act))
	}
	// What they scheduled themselves is theirs to change, with whichever token.
	made := must(w.schedule(w.By(leaver), leaver.ID, directory.ScheduledRemoval))(t)
	again := must(w.UpdateSchedule(t.Context(), w.InSession(w.SignIn(leaver.User), w.Org.ID), leaver.ID, directory.ScheduledRemoval, directory.NewSchedule{At: made.At}))(t)
	if !again.CreatedAt.Equal(made.CreatedAt) {
		t.Errorf("the same again made a new one: %+v", again)
	}
	w.Wants("cancel one's own", "", w.DeleteSchedule(t.Context(), w.By(leaver), leaver.ID, directory.ScheduledRemoval))
	// To cancel a reactivation takes access away, which needs no right to give it.
	must(w.schedule(w.ByOwner(), leaver.ID, directory.ScheduledReactivation))(t)
	w.Wants("cancel a reactivation", "", w.DeleteSchedule(t.Context(), w.By(weak), leaver.ID, directory.ScheduledReactivation))
}

// A schedule runs with what its maker may do when its time comes; without that nothing
// happens, and the reason is kept, logged, and not tried again.
func TestScheduleFailsIfItsMakerLostThePermission(t *testing.T) {
	t.Parallel()
	admins := map[string]func(w *world, maker member, token directory.IssuedAPIToken){
		"missing permission users|delete": func(w *world, maker member, _ directory.IssuedAPIToken) {
			must(w.UpdateUserRole(w.Context(), w.ByOwner(), maker.ID, "user"))(w)
		},
		"or not a member": func(w *world, maker member, _ directory.IssuedAPIToken) {
			w.Wants("remove", "", w.RemoveUser(w.Context(), w.ByOwner(), maker.ID))
		},
		"the user who scheduled it is": func(w *world, maker member, _ directory.IssuedAPIToken) {
			w.Wants("remove", "", w.RemoveUser(w.Context(), w.ByOwner(), maker.ID))
			w.Join("Maker", "admin") // another user with the same address
		},
		"it is suspended": func(w *world, maker member, _ directory.IssuedAPIToken) { w.suspend(maker.User) },
		"was deleted or has ended": func(w *world, _ member, token directory.IssuedAPIToken) {
			w.Wants("delete", "", w.DeleteAPIToken(w.Context(), w.ByOwner(), token.ID))
		},
		"API token that scheduled it": func(w *world, _ member, token directory.IssuedAPIToken) {
			must(w.RegenerateAPIToken(w.Context(), w.ByOwner(), token.ID, directory.Regeneration{}))(w)
		},
	}
	for why, lose := range admins {
		t.Run(why, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			jane, maker := w.Join("Jane", "user"), w.Join("Maker", "admin")
			token := w.Token("users|update", "users|delete")
			by := w.By(maker)
			if strings.Contains(why, "token") || strings.Contains(why, "deleted") {
				by = w.As(token.Secret, "")
			}
			must(w.schedule(by, jane.ID, directory.ScheduledRemoval))(t)
			lose(w, maker, token)
			w.Pass(time.Hour)
			since := w.LastEntry()
			w.carryOut()
			w.carryOut()
			if got, want := w.logged(since), []string{"failUserSchedule by system"}; !slices.Equal(got, want) {
				t.Errorf("logged %q, want %q", got, want)
			}
			if got := w.pending(); len(got) != 1 || !strings.Contains(got[0], why) {
				t.Errorf("pending %q, want the reason %q", got, why)
			}
			if u := w.User(jane.ID); u.Suspended {
				t.Errorf("the user is %+v", u)
			}
			// Whoever may do it schedules it again, and old failures are forgotten.
			must(w.schedule(w.ByOwner(), jane.ID, directory.ScheduledRemoval))(t)
			if got := w.pending(); !slices.Equal(got, []string{"remove"}) {
				t.Errorf("scheduled again: %q", got)
			}
		})
	}
}

func TestFailedScheduleIsForgotten(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane, maker := w.Join("Jane", "user"), w.Join("Maker", "admin")
	must(w.schedule(w.By(maker), jane.ID, directory.ScheduledRemoval))(t)
	must(w.schedule(w.ByOwner(), jane.ID, directory.ScheduledReactivation))(t)
	w.suspend(maker.User)
	w.Pass(time.Hour)
	w.carryOut()
	w.Pass(29 * 24 * time.Hour)
	w.Wants("sweep", "", w.Sweep(t.Context()))
	if len(w.pending()) != 1 {
		t.Errorf("after 29 days: %q", w.pending())
	}
	w.Pass(2 * 24 * time.Hour)
	w.Wants("sweep", "", w.Sweep(t.Context()))
	if len(w.pending()) != 0 {
		t.Errorf("after 31 days: %q", w.pending())
	}
}

// Both owners were to go: the second schedule finds that nobody else is left.
func TestScheduleKeepsTheLastOwner(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := w.Join("Other", "owner")
	must(w.schedule(w.ByOwner(), other.ID, directory.ScheduledSuspension))(t)
	must(w.schedule(w.By(other), w.Owner.ID, directory.ScheduledSuspension))(t)
	w.Pass(time.Hour)
	w.carryOut()
	active := 0
	for _, id := range []directory.UserID{other.ID, w.Owner.ID} {
		w.Wants("read", "", w.DB.Read(t.Context(), func(tx directory.Tx) error {
			u, err := tx.User(w.Org.ID, id)
			if !u.Suspended {
				active++
			}
			return err
		}))
	}
	if active != 1 {
		t.Errorf("%d owners are left", active)
	}
}

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
		answers := atOnce(5, func(i int) error {
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
			t.Errorf("round %d: carried out %d times, ended otherwise %d times, suspended %v, %v", round, ran, ended, w.User(jane.ID).Suspended, tallyOf(answers))
		}
	}
	w.Wants("the log", "", w.CheckLog(t.Context(), w.Org.ID))
}

// Many schedules due at once in one organization don't delay those of another.
func TestTurnsOfSchedulesAreFair(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	theirs := must(w.CreateUser(t.Context(), w.By(rival), directory.NewUser{Name: "Jane", Email: "jane@rival.example", Role: "user"}))(t)
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
	changes := w.Appended(w.Org.ID)
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	var loop sync.WaitGroup
	loop.Go(func() { schedules.New(w.DB, w.Service).Run(ctx, func(err error) { t.Error(err) }) })
	select {
	case <-changes:
	case <-time.After(2 * time.Minute):
		t.Error("nothing was carried out")
	}
	stop()
	loop.Wait()
	if !w.User(jane.ID).Suspended {
		t.Error("the user is not suspended")
	}
}

// A failure that may pass is tried again later and later, and not for ever.
func TestScheduleIsRetriedAFewTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "admin")
	in := directory.NewSchedule{At: w.Clock().Add(time.Hour), Revoke: directory.Revocation{Tokens: true}}
	must(w.UpdateSchedule(t.Context(), w.ByOwner(), jane.ID, directory.ScheduledRemoval, in))(t)
	w.Wants("fill", "", w.DB.Write(t.Context(), func(tx directory.Tx) error {
		for i := range directory.MaxRevoked + 1 {
			err := tx.CreateAPIToken(directory.APITokenRecord{
				ID: directory.TokenID(fmt.Sprintf("tok_%04d", i)), OrgID: w.Org.ID, MakerID: jane.ID, Hash: directory.SecretHash{byte(i), byte(i >> 8), 1}, CreatedAt: w.Clock(),
			})
			if err != nil {
				return err
			}
		}
		return nil
	}))
	w.Pass(time.Hour)
	since, tries := w.LastEntry(), 0
	for tries < 20 && len(w.logged(since)) == 0 {
		tries++
		w.carryOut()
		w.carryOut() // not due again yet
		w.Pass(6 * time.Minute)
	}
	if got := w.pending(); tries != 10 || len(got) != 1 || !strings.Contains(got[0], "1001") || w.User(jane.ID).ID == "" {
		t.Errorf("after %d tries: %q", tries, got)
	}
}

// A schedule counts against its limit, and ends with its user.
func TestSchedulesAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane, john := w.Join("Jane", "user"), w.Join("John", "user")
	l := limits.Default()
	l.Schedules = 1
	w.configure(directory.WithLimits(l))
	must(w.schedule(w.ByOwner(), jane.ID, directory.ScheduledSuspension))(t)
	w.Refused("another", directory.LimitExceeded, "", func() error { return second(w.schedule(w.ByOwner(), john.ID, directory.ScheduledSuspension)) })
	w.Pass(time.Minute)
	must(w.schedule(w.ByOwner(), jane.ID, directory.ScheduledSuspension))(t) // replaces it
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), jane.ID))
	must(w.schedule(w.ByOwner(), john.ID, directory.ScheduledSuspension))(t)
}
