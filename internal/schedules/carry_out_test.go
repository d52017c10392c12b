package schedules_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/schedules"
)

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
	later := schedules.NewSchedule{At: w.Clock().Add(2 * time.Hour), Revoke: directory.Revocation{Tokens: true}}
	must(w.CreateAPIToken(t.Context(), w.By(admin), credentials.NewAPIToken{Name: "hers", Capabilities: caps(t, "users|read")}))(t)
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
	token := must(w.CreateAPIToken(t.Context(), w.By(jane), credentials.NewAPIToken{Name: "hers", Capabilities: caps(t, "users|read")}))(t)
	weak := w.Join("Weak", w.Role("Removing", "users|read", "users|update", "users|delete").ID)
	in := schedules.NewSchedule{At: w.Clock().Add(time.Hour), Revoke: directory.Revocation{Tokens: true}}
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

// A schedule runs with what its maker may do when its time comes; without that nothing
// happens, and the reason is kept, logged, and not tried again.
func TestScheduleFailsIfItsMakerLostThePermission(t *testing.T) {
	t.Parallel()
	admins := map[string]func(w *world, maker member, token credentials.IssuedAPIToken){
		"missing permission users|delete": func(w *world, maker member, _ credentials.IssuedAPIToken) {
			must(w.UpdateUserRole(w.Context(), w.ByOwner(), maker.ID, "user"))(w)
		},
		"or not a member": func(w *world, maker member, _ credentials.IssuedAPIToken) {
			w.Wants("remove", "", w.RemoveUser(w.Context(), w.ByOwner(), maker.ID))
		},
		"the user who scheduled it is": func(w *world, maker member, _ credentials.IssuedAPIToken) {
			w.Wants("remove", "", w.RemoveUser(w.Context(), w.ByOwner(), maker.ID))
			w.Join("Maker", "admin") // another user with the same address
		},
		"it is suspended": func(w *world, maker member, _ credentials.IssuedAPIToken) { w.suspend(maker.User) },
		"was deleted or has ended": func(w *world, _ member, token credentials.IssuedAPIToken) {
			w.Wants("delete", "", w.DeleteAPIToken(w.Context(), w.ByOwner(), token.ID))
		},
		"API token that scheduled it": func(w *world, _ member, token credentials.IssuedAPIToken) {
			must(w.RegenerateAPIToken(w.Context(), w.ByOwner(), token.ID, credentials.Regeneration{}))(w)
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
			// A person with the permission schedules it again, and old failures are dropped.
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

// A failure that may pass is tried again later and later, and not for ever.
func TestScheduleIsRetriedAFewTimes(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "admin")
	in := schedules.NewSchedule{At: w.Clock().Add(time.Hour), Revoke: directory.Revocation{Tokens: true}}
	must(w.UpdateSchedule(t.Context(), w.ByOwner(), jane.ID, directory.ScheduledRemoval, in))(t)
	w.Wants("fill", "", w.DB.Write(t.Context(), func(tx directory.Tx) error {
		for i := range members.MaxRevoked + 1 {
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
