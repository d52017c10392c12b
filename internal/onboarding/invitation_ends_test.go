package onboarding_test

import (
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
)

// state is what the organization sees of its one invitation.
func (w *world) state() onboarding.InvitationState {
	w.Helper()
	open := must(w.ListOrgInvitations(w.Context(), w.ByOwner(), onboarding.InvitationQuery{Limit: 10}))(w)
	if len(open) != 1 {
		w.Fatalf("%d invitations, want 1", len(open))
	}
	return open[0].State
}

func (w *world) accept(m member) error {
	return second(w.AcceptInvitation(w.Context(), w.By(m), w.Org.ID))
}

// An invitation can be accepted until its time is over, which is the operator's choice.
// Resending it starts the time again.
func TestInvitationExpires(t *testing.T) {
	t.Parallel()
	for _, ttl := range []time.Duration{0, time.Hour} {
		w := newWorld(t)
		want := directory.InvitationTTL
		if ttl > 0 {
			want = ttl
			w.Configure(directory.WithInvitationTTL(ttl))
		}
		rival := w.Tenant("Rival")
		u := w.Invite(rival, "user")
		if got := u.ExpiresAt.Sub(u.CreatedAt); got != want {
			t.Errorf("open for %s, want %s", got, want)
		}
		w.Pass(want - time.Microsecond)
		if got := w.state(); got != onboarding.InvitationOpen {
			t.Errorf("a moment before the end: %s", got)
		}
		w.Pass(time.Microsecond)
		if got := w.state(); got != onboarding.InvitationExpired {
			t.Errorf("at the end: %s", got)
		}
		w.Refused("accept", directory.Conflict, "", func() error { return w.accept(rival) })
		if mine := must(w.ListInvitations(t.Context(), w.By(rival)))(t); len(mine) != 0 {
			t.Errorf("still listed: %+v", mine)
		}
		again := must(w.ResendInvitation(t.Context(), w.ByOwner(), u.ID))(t)
		if got := again.User.ExpiresAt.Sub(u.ExpiresAt); got != want || again.State != onboarding.InvitationOpen {
			t.Errorf("resent as %+v, open for %s", again, got)
		}
		w.Wants("accept what was resent", "", w.accept(rival))
		w.Wants("replay", "", w.CheckLog(t.Context(), w.Org.ID))
	}
}

// An invitation lapses when its inviter could not give the role any more. One who still
// can may resend it.
func TestInvitationLapses(t *testing.T) {
	t.Parallel()
	type inviter struct {
		member
		token credentials.IssuedAPIToken
	}
	for what, c := range map[string]struct {
		byToken bool
		lose    func(w *world, by inviter) error
	}{
		"the inviter is removed": {false, func(w *world, by inviter) error { return w.RemoveUser(w.Context(), w.ByOwner(), by.ID) }},
		"the inviter is demoted": {false, func(w *world, by inviter) error {
			return second(w.UpdateUserRole(w.Context(), w.ByOwner(), by.ID, "read-only"))
		}},
		"the token is deleted": {true, func(w *world, by inviter) error {
			return w.DeleteAPIToken(w.Context(), w.ByOwner(), by.token.ID)
		}},
		"the token is regenerated and ends": {true, func(w *world, by inviter) error {
			err := second(w.RegenerateAPIToken(w.Context(), w.ByOwner(), by.token.ID, credentials.Regeneration{}))
			w.Pass(time.Hour)
			return err
		}},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			rival := w.Tenant("Rival")
			by := inviter{w.Join("Ann", "admin"), w.Token("users|create")}
			call := w.By(by.member)
			if c.byToken {
				call = w.As(by.token.Secret, "")
			}
			u := must(w.CreateUser(t.Context(), call, members.NewUser{Name: "R", Email: rival.Email, Role: "user"}))(t)
			if got := w.state(); got != onboarding.InvitationOpen {
				t.Fatalf("at first: %s", got)
			}
			w.Wants("lose", "", c.lose(w, by))
			if got := w.state(); got != onboarding.InvitationLapsed {
				t.Errorf("now: %s", got)
			}
			w.Refused("accept", directory.Conflict, "", func() error { return w.accept(rival) })
			must(w.ResendInvitation(t.Context(), w.ByOwner(), u.ID))(t)
			w.Wants("accept what was resent", "", w.accept(rival))
			w.Wants("replay", "", w.CheckLog(t.Context(), w.Org.ID))
		})
	}
}

// An address whose invitation has expired can be added again, and not before.
func TestExpiredInvitationIsReplaced(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	old := w.Invite(rival, "admin")
	again := members.NewUser{Name: "R", Email: rival.Email, Role: "user"}
	w.Refused("while it is open", directory.Conflict, "email", func() error { return second(w.CreateUser(t.Context(), w.ByOwner(), again)) })
	w.Pass(directory.InvitationTTL)
	from := w.LastEntry()
	u := must(w.CreateUser(t.Context(), w.ByOwner(), again))(t)
	if u.ID == old.ID || !u.Invited || u.Role.ID != "user" {
		t.Errorf("added as %+v", u)
	}
	w.Wants("the old one", directory.NotFound, second(w.GetUser(t.Context(), w.ByOwner(), old.ID)))
	entries := w.Since(from)
	if len(entries) != 2 || entries[0].Action != "expireInvitation" || entries[0].Actor.Kind != directory.ActorSystem || entries[1].Action != "createUser" {
		t.Errorf("entries %+v", entries)
	}
	w.Wants("accept", "", w.accept(rival))
	w.Wants("replay", "", w.CheckLog(t.Context(), w.Org.ID))
}

// The sweep drops what expired longer than the grace ago, and nothing else.
func TestSweepDropsExpiredInvitations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	early, late, joined := w.Tenant("Early"), w.Tenant("Late"), w.Tenant("Joined")
	gone, accepted := w.Invite(early, "user"), w.Invite(joined, "user")
	w.Wants("accept", "", w.accept(joined))
	w.Pass(time.Hour)
	kept := w.Invite(late, "user")
	w.Pass(directory.InvitationTTL + onboarding.InvitationGrace - time.Hour)
	w.Wants("sweep", "", w.DropInvitations(t.Context()))
	w.User(gone.ID) // its last moment
	w.Pass(time.Microsecond)
	w.Wants("sweep again", "", w.DropInvitations(t.Context()))
	w.Wants("what expired", directory.NotFound, second(w.GetUser(t.Context(), w.ByOwner(), gone.ID)))
	w.User(kept.ID)
	w.User(accepted.ID)
	last := w.Since(w.LastEntry() - 1)
	if e := last[len(last)-1]; e.Action != "expireInvitation" || e.Actor.Kind != directory.ActorSystem || e.Target.ID != string(gone.ID) {
		t.Errorf("the last entry is %+v", e)
	}
	w.Wants("replay", "", w.CheckLog(t.Context(), w.Org.ID))
}
