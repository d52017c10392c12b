package directory_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/text"
)

// account reads the account of an address; ok is false where there is none.
func (w *world) account(email string) (a directory.Account, ok bool) {
	w.Helper()
	err := w.DB.Read(w.Context(), func(tx directory.Tx) (err error) {
		a, err = tx.AccountByEmail(text.FoldKey(email))
		return err
	})
	if err != nil && directory.CodeOf(err) != directory.NotFound {
		w.Fatal(err)
	}
	return a, err == nil
}

// Rule 9: the account and its tokens go with the last membership, and the same
// address is somebody new afterwards.
func TestAccountEndsWithItsLastMembership(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "admin")
	second := must(w.CreatePersonalToken(t.Context(), w.By(jane), credentials.NewPersonalToken{Name: "second"}))(t)
	made := must(w.CreateAPIToken(t.Context(), w.By(jane), credentials.NewAPIToken{Name: "hers", Capabilities: caps(t, "users|read")}))(t)

	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), jane.ID))
	if a, ok := w.account(jane.Email); ok {
		t.Errorf("the account is there still: %v", a)
	}
	w.Dead("first token", jane.Secret)
	w.Dead("second token", second.Secret)
	w.As(made.Secret, "") // it is the organization's, not hers
	_, err := w.CreatePersonalTokenFor(t.Context(), jane.Email, credentials.NewPersonalToken{Name: "x"})
	w.Wants("a token for nobody", directory.NotFound, err)

	w.Pass(time.Second)
	again := must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "Another Jane", Email: strings.ToUpper(jane.Email), Role: "user"}))(t)
	if again.ID == jane.ID || again.AccountID == jane.AccountID || again.Invited || again.Name != "Another Jane" {
		t.Errorf("the newcomer is %+v", again)
	}
	w.Dead("first token after the return", jane.Secret)
	w.Dead("second token after the return", second.Secret)
	if p := w.By(w.WithToken(again)).Principal; p.UserID != again.ID || p.Role != "user" {
		t.Errorf("the newcomer acts as %+v", p)
	}
}

func TestAccountLivesWhileItHasAMembership(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	there := w.Invite(rival, "user")
	must(w.AcceptInvitation(t.Context(), w.By(rival), w.Org.ID))(t)
	w.Wants("remove from one", "", w.RemoveUser(t.Context(), w.ByOwner(), there.ID))

	_, err := w.Authenticate(t.Context(), rival.Secret, w.Org.ID)
	w.Wants("there", directory.Forbidden, err)
	if p := w.As(rival.Secret, "").Principal; p.OrgID != rival.OrgID || p.Role != "owner" {
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
	rival := w.Tenant("Rival")
	w.Invite(rival, "user")
	w.Wants("decline", "", w.DeclineInvitation(t.Context(), w.By(rival), w.Org.ID))
	w.By(rival)
	invited := w.Invite(rival, "user")
	w.Wants("withdraw", "", w.RemoveUser(t.Context(), w.ByOwner(), invited.ID))
	w.By(rival)
}

// An account that ends leaves the open invitations of its address as they are: nothing
// accepts itself. The next account of the address can accept them.
func TestOpenInvitationsOutliveTheAccount(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "user")
	rival := w.Tenant("Rival")
	there := must(w.CreateUser(t.Context(), w.By(rival), members.NewUser{Name: "Jane", Email: strings.ToUpper(jane.Email), Role: "admin"}))(t)
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), jane.ID))
	w.Dead("the old token", jane.Secret)
	if a, ok := w.account(jane.Email); ok {
		t.Errorf("the account is there still: %+v", a)
	}

	again := must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "Jane again", Email: jane.Email, Role: "user"}))(t)
	back := w.WithToken(again)
	if open := must(w.ListInvitations(t.Context(), w.By(back)))(t); len(open) != 1 || open[0].Org.ID != rival.OrgID {
		t.Errorf("open invitations %v", open)
	}
	u := must(w.AcceptInvitation(t.Context(), w.By(back), rival.OrgID))(t)
	if u.ID != there.ID || u.AccountID != again.AccountID {
		t.Errorf("accepted as %+v", u)
	}
	w.Dead("the old token in the end", jane.Secret)
}

// A stranger who has invited somebody learns nothing from their own organization when
// the person leaves another one, and gets no member.
func TestInvitersLearnNothingOfRemovals(t *testing.T) {
	t.Parallel()
	for what, remove := range map[string]func(w *world, vip member) error{
		"removed by an owner": func(w *world, vip member) error { return w.RemoveUser(w.Context(), w.ByOwner(), vip.ID) },
		"removed by a token":  func(w *world, vip member) error { return w.RemoveUser(w.Context(), w.As(w.APIToken, ""), vip.ID) },
		"organization deleted": func(w *world, vip member) error {
			other := w.Tenant("Other")
			u := must(w.CreateUser(w.Context(), w.By(other), members.NewUser{Name: vip.Name, Email: vip.Email, Role: "user"}))(w)
			must(w.AcceptInvitation(w.Context(), w.By(vip), u.OrgID))(w)
			w.Wants("leave", "", w.RemoveUser(w.Context(), w.ByOwner(), vip.ID))
			return w.DeleteOrg(w.Context(), other.OrgID)
		},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			stranger, vip := w.Tenant("Stranger"), w.Join("Vip", "user")
			there := must(w.CreateUser(t.Context(), w.By(stranger), members.NewUser{Name: "Theirs", Email: vip.Email, Role: "user"}))(t)
			visible := func() string {
				var users listed
				must(w.ListUsers(t.Context(), w.By(stranger), members.UserFilter{}, &users))(t)
				var log strings.Builder
				for _, e := range w.Since(0) {
					if e.OrgID == stranger.OrgID {
						fmt.Fprintln(&log, e.Sequence, e.Action, e.Target, e.Actor, string(e.After))
					}
				}
				access := must(w.GetUserAccess(t.Context(), w.By(stranger), there.ID, time.Time{}, authz.Query{}))(t)
				open := must(w.ListOrgInvitations(t.Context(), w.By(stranger), onboarding.InvitationQuery{Limit: 10}))(t)
				return fmt.Sprint(users.Users, log.String(), len(access.Capabilities), open)
			}
			before := visible()
			w.Wants(what, "", remove(w, vip))
			if diff := cmp.Diff(before, visible()); diff != "" {
				t.Errorf("the stranger sees (-before +after):\n%s", diff)
			}
		})
	}
}
