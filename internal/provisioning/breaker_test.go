package provisioning_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/provisioning"
)

// fill makes users u0, u1, … until there are so many with the owner.
func (w *world) fill(users int) (made []provisioning.Person) {
	w.Helper()
	for i := range users - 1 {
		made = append(made, w.create(fmt.Sprintf("u%d", i)))
	}
	return made
}

func (w *world) status() provisioning.Status {
	w.Helper()
	return directorytest.Must(w.GetStatus(w.Context(), w.call()))(w)
}

func TestBreakerHoldsADirectoryThatTakesTooMuch(t *testing.T) {
	w := newWorld(t)
	users := w.fill(40) // 20 % are 8
	for i, u := range users[:8] {
		if i%2 == 0 {
			w.Wants("suspend", "", w.suspend(u.ID))
		} else {
			w.Wants("remove", "", w.Provisioner.DeleteUser(t.Context(), w.call(), u.ID, nil))
		}
	}
	w.Wants("remove one who counts already", "", w.Provisioner.DeleteUser(t.Context(), w.call(), users[0].ID, nil))
	before := w.last()
	w.Wants("one too many", directory.Conflict, w.suspend(users[8].ID))
	if got := w.actions(before); !slices.Equal(got, []string{"holdProvisioning"}) {
		t.Errorf("entries %v", got)
	}
	before = w.last()
	w.Wants("again", directory.Conflict, w.suspend(users[8].ID))
	w.Wants("remove another", directory.Conflict, w.Provisioner.DeleteUser(t.Context(), w.call(), users[9].ID, nil))
	if got := w.actions(before); len(got) != 0 {
		t.Errorf("entries while it is held: %v", got)
	}
	if !w.person(users[8].ID).Profile.Active {
		t.Error("the user was suspended")
	}
	w.create("late")
	w.Pass(2 * time.Hour)
	w.Wants("the hold does not end by itself", directory.Conflict, w.suspend(users[8].ID))
	hold := w.status().Breaker.Hold
	if hold == nil || hold.WouldBe != 9 || hold.Present != 40 || hold.Percent != 20 || hold.Actor.TokenID != w.token.ID {
		t.Errorf("hold %+v", hold)
	}
	w.checkLog()
}

func TestBreakerCountsWithinAnHour(t *testing.T) {
	w := newWorld(t)
	users := w.fill(20)
	for _, u := range users[:5] {
		w.Wants("suspend", "", w.suspend(u.ID))
	}
	w.Pass(time.Hour)
	for _, u := range users[5:10] {
		w.Wants("suspend in the next hour", "", w.suspend(u.ID))
	}
	w.Wants("the sixth", directory.Conflict, w.suspend(users[10].ID))
}

func TestOwnerApprovesOrEndsAHold(t *testing.T) {
	w := newWorld(t)
	users := w.fill(30)
	for _, u := range users[:6] {
		w.Wants("suspend", "", w.suspend(u.ID))
	}
	w.Wants("the seventh", directory.Conflict, w.suspend(users[6].ID))
	_, err := w.ApproveHold(t.Context(), w.call())
	w.Wants("approve by the directory", directory.Forbidden, err)
	_, err = w.ApproveHold(t.Context(), w.By(w.Join("Adam", "admin")))
	w.Wants("approve by an admin", directory.Forbidden, err)
	before := w.last()
	directorytest.Must(w.EndHold(t.Context(), w.ByOwner()))(t)
	_, err = w.EndHold(t.Context(), w.ByOwner())
	w.Wants("end again", directory.Conflict, err)
	for _, u := range users[6:11] {
		w.Wants("suspend after the hold", "", w.suspend(u.ID))
	}
	w.Wants("too many again", directory.Conflict, w.suspend(users[11].ID))
	directorytest.Must(w.ApproveHold(t.Context(), w.ByOwner()))(t)
	for _, u := range users[11:25] {
		w.Wants("suspend after the approval", "", w.suspend(u.ID))
	}
	got := slices.DeleteFunc(w.actions(before), func(a string) bool { return a == "updateUserStatus" })
	if !slices.Equal(got, []string{"endProvisioningHold", "holdProvisioning", "approveProvisioning"}) {
		t.Errorf("entries %v", got)
	}
	w.checkLog()
}

func TestBreakerCountsMembersOfManagedGroups(t *testing.T) {
	w := newWorld(t)
	var ids []directory.UserID
	for _, u := range w.fill(20) {
		ids = append(ids, u.ID)
	}
	g, h := w.createGroup("G", ids...), w.createGroup("H", ids...)
	remove := func(id directory.GroupID, users []directory.UserID) error {
		_, err := w.modifyGroup(id, func(c *provisioning.GroupChange) { c.Remove = users })
		return err
	}
	w.Wants("some", "", remove(g.ID, ids[:5]))
	w.Wants("the same out of another group", "", remove(h.ID, ids[:5]))
	before := w.last()
	w.Wants("one more", directory.Conflict, remove(g.ID, ids[5:6]))
	if got := w.actions(before); !slices.Equal(got, []string{"holdProvisioning"}) {
		t.Errorf("entries %v", got)
	}
	w.Wants("the group", directory.Conflict, w.Provisioner.DeleteGroup(t.Context(), w.call(), g.ID, nil))
	if n := len(w.members(g.ID)); n != 14 {
		t.Errorf("%d members are left", n)
	}
}

func TestStatusShowsTheLastRun(t *testing.T) {
	w := newWorld(t)
	jane, john := w.create("jane"), w.create("john")
	g := w.createGroup("G", jane.ID)
	w.Wants("suspend", "", w.suspend(jane.ID))
	w.Wants("remove", "", w.Provisioner.DeleteUser(t.Context(), w.call(), john.ID, nil))
	w.Wants("delete", "", w.Provisioner.DeleteGroup(t.Context(), w.call(), g.ID, nil))
	w.Wants("the last owner", directory.Conflict, w.suspend(w.Owner.ID))
	r := w.status().Run
	if r.Created != 2 || r.Suspended != 1 || r.Removed != 1 || r.GroupsCreated != 1 || r.GroupsRemoved != 1 || len(r.Refusals) != 1 || r.Actor.TokenID != w.token.ID {
		t.Errorf("run %+v", r)
	}
	if d := r.Refusals[0]; d.Code != directory.Conflict || d.Operation != "updateUserProfile" {
		t.Errorf("refusal %+v", d)
	}
	for range 50 {
		w.Wants("the last owner", directory.Conflict, w.suspend(w.Owner.ID))
	}
	if n := len(w.status().Run.Refusals); n != 20 {
		t.Errorf("%d refusals are kept", n)
	}
	w.Pass(11 * time.Minute)
	w.create("late")
	if r := w.status().Run; r.Created != 1 || r.Removed != 0 || len(r.Refusals) != 0 {
		t.Errorf("the next run %+v", r)
	}
}
