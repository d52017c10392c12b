package directory_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/text"
)

// account reads the account of an address; ok is false where there is none.
func (w *world) account(email string) (a directory.Account, ok bool) {
	w.Helper()
	err := w.db.Read(w.Context(), func(tx directory.Tx) (err error) {
		a, err = tx.AccountByEmail(text.FoldKey(email))
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
	t.Parallel()
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
	t.Parallel()
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
	t.Parallel()
	w := newWorld(t)
	rival := w.tenant("Rival")
	w.invite(rival, "user")
	w.wants("decline", "", w.DeclineInvitation(t.Context(), w.by(rival), w.org.ID))
	w.by(rival)
	invited := w.invite(rival, "user")
	w.wants("withdraw", "", w.RemoveUser(t.Context(), w.byOwner(), invited.ID))
	w.by(rival)
}

// An account that ends leaves the open invitations of its address as they are: nothing
// accepts itself. The next account of the address can accept them.
func TestOpenInvitationsOutliveTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.join("Jane", "user")
	rival := w.tenant("Rival")
	there := must(w.CreateUser(t.Context(), w.by(rival), directory.NewUser{Name: "Jane", Email: strings.ToUpper(jane.Email), Role: "admin"}))(t)
	w.wants("remove", "", w.RemoveUser(t.Context(), w.byOwner(), jane.ID))
	w.dead("the old token", jane.secret)
	if a, ok := w.account(jane.Email); ok {
		t.Errorf("the account is there still: %+v", a)
	}

	again := must(w.CreateUser(t.Context(), w.byOwner(), directory.NewUser{Name: "Jane again", Email: jane.Email, Role: "user"}))(t)
	back := w.withToken(again)
	if open := must(w.ListInvitations(t.Context(), w.by(back)))(t); len(open) != 1 || open[0].Org.ID != rival.OrgID {
		t.Errorf("open invitations %v", open)
	}
	u := must(w.AcceptInvitation(t.Context(), w.by(back), rival.OrgID))(t)
	if u.ID != there.ID || u.AccountID != again.AccountID {
		t.Errorf("accepted as %+v", u)
	}
	w.dead("the old token in the end", jane.secret)
}

// To delete an organization takes no lock for each of its users: PostgreSQL has room
// for some thousands.
func TestDeletedOrganizationsTakeFewLocks(t *testing.T) {
	t.Parallel()
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

// A stranger who has invited somebody learns nothing from their own organization when
// the person leaves another one, and gets no member.
func TestInvitersLearnNothingOfRemovals(t *testing.T) {
	t.Parallel()
	for what, remove := range map[string]func(w *world, vip member) error{
		"removed by an owner": func(w *world, vip member) error { return w.RemoveUser(w.Context(), w.byOwner(), vip.ID) },
		"removed by a token":  func(w *world, vip member) error { return w.RemoveUser(w.Context(), w.as(w.apiToken, ""), vip.ID) },
		"organization deleted": func(w *world, vip member) error {
			other := w.tenant("Other")
			u := must(w.CreateUser(w.Context(), w.by(other), directory.NewUser{Name: vip.Name, Email: vip.Email, Role: "user"}))(w)
			must(w.AcceptInvitation(w.Context(), w.by(vip), u.OrgID))(w)
			w.wants("leave", "", w.RemoveUser(w.Context(), w.byOwner(), vip.ID))
			return w.DeleteOrg(w.Context(), other.OrgID)
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			stranger, vip := w.tenant("Stranger"), w.join("Vip", "user")
			there := must(w.CreateUser(t.Context(), w.by(stranger), directory.NewUser{Name: "Theirs", Email: vip.Email, Role: "user"}))(t)
			visible := func() string {
				var users listed
				must(w.ListUsers(t.Context(), w.by(stranger), directory.UserFilter{}, &users))(t)
				var log strings.Builder
				for _, e := range w.since(0) {
					if e.OrgID == stranger.OrgID {
						fmt.Fprintln(&log, e.Sequence, e.Action, e.Target, e.Actor, string(e.After))
					}
				}
				access := must(w.GetUserAccess(t.Context(), w.by(stranger), there.ID, time.Time{}, authz.Query{}))(t)
				open := must(w.ListOrgInvitations(t.Context(), w.by(stranger), directory.InvitationQuery{Limit: 10}))(t)
				return fmt.Sprint(users.users, log.String(), len(access.Capabilities), open)
			}
			before := visible()
			w.wants(what, "", remove(w, vip))
			if diff := cmp.Diff(before, visible()); diff != "" {
				t.Errorf("the stranger sees (-before +after):\n%s", diff)
			}
		})
	}
}

// An organization that is deleted takes along the accounts it was the last of.
func TestDeletedOrganizationsEndAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.tenant("Rival")
	only := must(w.CreateUser(t.Context(), w.by(rival), directory.NewUser{Name: "Only", Email: "only@example.net", Role: "user"}))(t)
	onlyToken := w.withToken(only)
	w.invite(rival, "user")
	must(w.AcceptInvitation(t.Context(), w.by(rival), w.org.ID))(t)
	invited := w.invite(onlyToken, "read-only") // open in the organization that stays
	before := w.org
	w.wants("delete", "", w.DeleteOrg(t.Context(), rival.OrgID))

	w.dead("of the account that ended", onlyToken.secret)
	if p := w.as(rival.secret, "").Principal; p.OrgID != w.org.ID {
		t.Errorf("the account with another membership acts as %+v", p)
	}
	if u := w.user(invited.ID); u != invited {
		t.Errorf("the open invitation is %+v, was %+v", u, invited)
	}
	if m := must(w.GetOrg(t.Context(), w.byOwner(), w.org.ID))(t); m.Org != before {
		t.Errorf("the other organization is %+v", m.Org)
	}
	w.wants("delete again", directory.NotFound, w.DeleteOrg(t.Context(), rival.OrgID))
}
