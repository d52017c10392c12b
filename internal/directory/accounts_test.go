package directory_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
)

// account reads the account of an address; ok is false where there is none.
func (w *world) account(email string) (a directory.Account, ok bool) {
	w.Helper()
	err := w.db.Read(w.Context(), func(tx directory.Tx) (err error) {
		a, err = tx.AccountByEmail(directory.FoldKey(email))
		return err
	})
	if err != nil && directory.CodeOf(err) != directory.NotFound {
		w.Fatal(err)
	}
	return a, err == nil
}

func (w *world) dead(what, secret string) {
	w.Helper()
	for _, org := range []directory.OrgID{"", w.org.ID} {
		_, err := w.Authenticate(w.Context(), secret, org)
		w.wants(what, directory.Unauthenticated, err)
	}
}

// Rule 9: the account and its tokens go with the last membership, and the same
// address is somebody new afterwards.
func TestAccountEndsWithItsLastMembership(t *testing.T) {
	w := newWorld(t)
	jane := w.join("Jane", "admin")
	second := must(w.CreatePersonalToken(t.Context(), w.by(jane), directory.NewPersonalToken{Name: "second"}))(t)
	made := must(w.CreateAPIToken(t.Context(), w.by(jane), directory.NewAPIToken{Name: "hers", Capabilities: caps(t, "users|read")}))(t)

	w.wants("remove", "", w.RemoveUser(t.Context(), w.byOwner(), jane.ID))
	if a, ok := w.account(jane.Email); ok {
		t.Errorf("the account is there still: %v", a)
	}
	w.dead("first token", jane.secret)
	w.dead("second token", second.Secret)
	w.as(made.Secret, "") // it is the organization's, not hers
	_, err := w.CreatePersonalTokenFor(t.Context(), jane.Email, directory.NewPersonalToken{Name: "x"})
	w.wants("a token for nobody", directory.NotFound, err)

	w.pass(time.Second)
	again := must(w.CreateUser(t.Context(), w.byOwner(), directory.NewUser{Name: "Another Jane", Email: strings.ToUpper(jane.Email), Role: "user"}))(t)
	if again.ID == jane.ID || again.AccountID == jane.AccountID || again.Invited || again.Name != "Another Jane" {
		t.Errorf("the newcomer is %+v", again)
	}
	w.dead("first token after the return", jane.secret)
	w.dead("second token after the return", second.Secret)
	if p := w.by(w.withToken(again)).Principal; p.UserID != again.ID || p.Role != "user" {
		t.Errorf("the newcomer acts as %+v", p)
	}
}

func TestAccountLivesWhileItHasAMembership(t *testing.T) {
	w := newWorld(t)
	rival := w.tenant("Rival")
	there := w.invite(rival, "user")
	must(w.AcceptInvitation(t.Context(), w.by(rival), w.org.ID))(t)
	w.wants("remove from one", "", w.RemoveUser(t.Context(), w.byOwner(), there.ID))

	_, err := w.Authenticate(t.Context(), rival.secret, w.org.ID)
	w.wants("there", directory.Forbidden, err)
	if p := w.as(rival.secret, "").Principal; p.OrgID != rival.OrgID || p.Role != "owner" {
		t.Errorf("at home it acts as %+v", p)
	}
	if a, ok := w.account(rival.Email); !ok || a.ID != rival.AccountID {
		t.Errorf("the account is %v, %t", a, ok)
	}
}

// To decline takes nothing from the account, nor does an invitation withdrawn.
func TestInvitationsDoNotEndAccounts(t *testing.T) {
	w := newWorld(t)
	rival := w.tenant("Rival")
	w.invite(rival, "user")
	w.wants("decline", "", w.DeclineInvitation(t.Context(), w.by(rival), w.org.ID))
	w.by(rival)
	invited := w.invite(rival, "user")
	w.wants("withdraw", "", w.RemoveUser(t.Context(), w.byOwner(), invited.ID))
	w.by(rival)
}

// Invitations that are open when the account ends are no longer to somebody who
// is there: they are as if the address had come only now. The oldest is a
// membership at once, the others stay invitations of the new account.
func TestOpenInvitationsOutliveTheAccount(t *testing.T) {
	w := newWorld(t)
	jane := w.join("Jane", "user")
	first, second := w.tenant("First"), w.tenant("Second")
	inviteTo := func(owner member, name string) directory.User {
		w.pass(time.Second)
		return must(w.CreateUser(t.Context(), w.by(owner), directory.NewUser{Name: name, Email: strings.ToUpper(jane.Email), Role: "admin"}))(t)
	}
	older, newer := inviteTo(second, "Jane of Second"), inviteTo(first, "Jane of First")
	last := w.lastEntry()
	w.wants("remove", "", w.RemoveUser(t.Context(), w.byOwner(), jane.ID))

	w.dead("the old token", jane.secret)
	a, ok := w.account(jane.Email)
	if !ok || a.ID == jane.AccountID || a.Name != "Jane of Second" || a.Email != older.Email {
		t.Errorf("the account is %+v, %t", a, ok)
	}
	user := func(owner member, id directory.UserID) directory.User {
		return must(w.GetUser(t.Context(), w.by(owner), id))(t)
	}
	older.AccountID, newer.AccountID = a.ID, a.ID
	older.Invited = false
	if diff := cmp.Diff([]directory.User{older, newer}, []directory.User{user(second, older.ID), user(first, newer.ID)}); diff != "" {
		t.Errorf("users (-want +got):\n%s", diff)
	}
	found := false
	for _, e := range w.since(last) {
		found = found || e.OrgID == second.OrgID && e.Action == directory.OpAcceptInvitation.Name && e.Target.ID == string(older.ID)
		if e.OrgID == first.OrgID {
			t.Errorf("the other organization's log tells of %+v", e)
		}
	}
	if !found {
		t.Errorf("the log holds %+v", w.since(last))
	}

	back := w.withToken(older)
	if p := w.as(back.secret, "").Principal; p.OrgID != second.OrgID || p.Role != "admin" {
		t.Errorf("the new account acts as %+v", p)
	}
	if open := must(w.ListInvitations(t.Context(), w.as(back.secret, "")))(t); len(open) != 1 || open[0].Org.ID != first.OrgID {
		t.Errorf("open invitations %v", open)
	}
	must(w.AcceptInvitation(t.Context(), w.as(back.secret, ""), first.OrgID))(t)
	w.dead("the old token in the end", jane.secret)
}

// To delete an organization takes no lock for each of its users: PostgreSQL has room
// for some thousands.
func TestDeletedOrganizationsTakeFewLocks(t *testing.T) {
	w := newWorld(t)
	rival := w.tenant("Rival")
	for i := range 30 {
		must(w.CreateUser(t.Context(), w.by(rival), directory.NewUser{Name: "X", Email: fmt.Sprintf("x%d@example.net", i), Role: "user"}))(t)
	}
	w.invite(rival, "user")
	must(w.AcceptInvitation(t.Context(), w.by(rival), w.org.ID))(t)
	locks := 0
	counting := directory.NewService(lockCounter{w.db, &locks}, dbtest.Keys(), w.clock.Now)
	w.wants("delete", "", counting.DeleteOrg(t.Context(), rival.OrgID))
	if locks > 3 { // the organization, and who is in another
		t.Errorf("%d locks", locks)
	}
	if _, ok := w.account("x7@example.net"); ok {
		t.Error("an account without memberships is there still")
	}
	w.as(rival.secret, w.org.ID)
}

type lockCounter struct {
	directory.Store
	locks *int
}

func (s lockCounter) Write(ctx context.Context, fn func(directory.Tx) error) error {
	return s.Store.Write(ctx, func(tx directory.Tx) error { return fn(countedTx{tx, s.locks}) })
}

type countedTx struct {
	directory.Tx
	locks *int
}

func (t countedTx) Lock(l directory.Lock) error {
	*t.locks++
	return t.Tx.Lock(l)
}

// What follows from a removal in another organization is written down there as
// the server's own doing: who removed whom elsewhere is no concern of its log.
func TestOtherLogsDoNotTellWhoRemoved(t *testing.T) {
	w := newWorld(t)
	rival := w.tenant("Rival")
	remover := w.byOwner()
	remover.RemoteAddr, remover.UserAgent, remover.TraceID = "10.1.2.3", "acme-internal/1.0", "trace-of-acme"
	machine := w.as(w.apiToken, "")
	machine.RemoteAddr = "10.1.2.4"
	for what, remove := range map[string]func(member) error{
		"an owner":     func(m member) error { return w.RemoveUser(t.Context(), remover, m.ID) },
		"an API token": func(m member) error { return w.RemoveUser(t.Context(), machine, m.ID) },
		"a deletion": func(m member) error {
			other := w.tenant("Other")
			u := must(w.CreateUser(t.Context(), w.by(other), directory.NewUser{Name: m.Name, Email: m.Email, Role: "user"}))(t)
			must(w.AcceptInvitation(t.Context(), w.by(m), u.OrgID))(t)
			w.wants("leave", "", w.RemoveUser(t.Context(), remover, m.ID))
			return w.DeleteOrg(t.Context(), other.OrgID)
		},
	} {
		m := w.join(strings.ReplaceAll(what, " ", ""), "user")
		must(w.CreateUser(t.Context(), w.by(rival), directory.NewUser{Name: "Theirs", Email: m.Email, Role: "user"}))(t)
		last := w.lastEntry()
		w.wants(what, "", remove(m))
		found := false
		for _, e := range w.since(last) {
			if e.OrgID != rival.OrgID {
				continue
			}
			found = true
			want := directory.Actor{Kind: directory.ActorSystem, Name: "roster"}
			if e.Action != "acceptInvitation" || e.Actor != want || e.RemoteAddr+e.UserAgent+e.TraceID != "" {
				t.Errorf("%s: the other organization's log tells of %+v", what, e)
			}
		}
		if !found {
			t.Errorf("%s: the other organization's log tells nothing", what)
		}
	}
}

// An organization that is deleted takes along the accounts it was the last of.
func TestDeletedOrganizationsEndAccounts(t *testing.T) {
	w := newWorld(t)
	rival := w.tenant("Rival")
	only := must(w.CreateUser(t.Context(), w.by(rival), directory.NewUser{Name: "Only", Email: "only@example.net", Role: "user"}))(t)
	onlyToken := w.withToken(only)
	w.invite(rival, "user")
	must(w.AcceptInvitation(t.Context(), w.by(rival), w.org.ID))(t)
	invitedOnly := w.invite(onlyToken, "read-only") // open in the organization that stays
	before := w.org
	w.wants("delete", "", w.DeleteOrg(t.Context(), rival.OrgID))

	w.dead("of the account that ended", onlyToken.secret)
	if p := w.as(rival.secret, "").Principal; p.OrgID != w.org.ID {
		t.Errorf("the account with another membership acts as %+v", p)
	}
	u := w.user(invitedOnly.ID)
	if u.Invited || u.AccountID == only.AccountID {
		t.Errorf("the open invitation is %+v", u)
	}
	if m := must(w.GetOrg(t.Context(), w.byOwner(), w.org.ID))(t); m.Org != before {
		t.Errorf("the other organization is %+v", m.Org)
	}
	w.wants("delete again", directory.NotFound, w.DeleteOrg(t.Context(), rival.OrgID))
}
