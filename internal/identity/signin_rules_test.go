package identity_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
)

// requiring has the first organization require its issuer, by which its owner has signed
// in once.
func (w *world) requiring() directory.Issuer {
	w.Helper()
	i := w.Issuer(nil)
	must(w.SignInBy(i, directorytest.Person("owner", w.Owner.Email)))(w)
	must(w.UpdateSignInRules(w.Context(), w.ByOwner(), w.Org.ID, directory.SignInRules{RequireIssuer: true}))(w)
	return i
}

func (w *world) awaitsIssuer(what string, err error) {
	w.Helper()
	w.Wants(what, directory.Forbidden, err)
	if err == nil || !strings.Contains(err.Error(), "sign in by its identity provider") {
		w.Errorf("%s: %v does not say what to do", what, err)
	}
}

// With the rule, a person of a verified domain acts in the organization by its issuer only,
// on every node, also while a request is under way, and other people do as before.
func TestRequiredIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "admin")
	outside := must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "Otto", Email: "otto@example.org", Role: "user"}))(t)
	otto := w.WithToken(outside)
	session := w.SignIn(jane.User)
	other := w.nodes()[1]
	held, underWay := w.By(jane), w.InSession(session, w.Org.ID)
	other.By(jane)
	i := w.requiring()
	for range 500 { // until the other node has heard of it
		if _, err := other.Authenticate(t.Context(), jane.Secret, w.Org.ID); err != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}

	for _, node := range []*world{w, other} {
		_, err := node.Authenticate(t.Context(), jane.Secret, w.Org.ID)
		w.awaitsIssuer("her token", err)
		_, err = node.AuthenticateSession(t.Context(), session, w.Org.ID, "192.0.2.7")
		w.awaitsIssuer("her session of a link", err)
		node.By(otto)
		node.ByOwner()
		node.InSession(w.SignIn(w.Owner.User), w.Org.ID)
	}
	for what, call := range map[string]directory.Call{"a token's request": held, "a session's request": underWay} {
		w.awaitsIssuer(what, second(w.CreateGroup(t.Context(), call, roles.NewGroup{Name: "x"})))
	}

	by := must(w.SignInBy(i, directorytest.Person("jane", jane.Email)))(t)
	if p := w.InSession(by.Secret, "").Principal; p.UserID != jane.ID {
		t.Errorf("by the issuer she acts as %+v", p)
	}
	w.By(jane)
	_, err := w.AuthenticateSession(t.Context(), session, w.Org.ID, "192.0.2.7")
	w.awaitsIssuer("her session of a link, still", err)
	w.Pass(directory.IssuerTokenLifetime - time.Second)
	w.By(jane)
	w.Pass(time.Second)
	_, err = w.Authenticate(t.Context(), jane.Secret, w.Org.ID)
	w.awaitsIssuer("30 days later", err)
	must(w.SignInBy(i, directorytest.Person("jane", jane.Email)))(t)
	w.By(jane)
	must(w.UpdateSignInRules(t.Context(), w.ByOwner(), w.Org.ID, directory.SignInRules{RequireIssuer: true, TokenSeconds: 3600}))(t)
	w.Pass(time.Hour)
	_, err = w.Authenticate(t.Context(), jane.Secret, w.Org.ID)
	w.awaitsIssuer("an hour later", err)
	must(w.UpdateSignInRules(t.Context(), w.ByOwner(), w.Org.ID, directory.SignInRules{}))(t)
	w.By(jane)
	w.Wants("check", "", w.CheckLog(t.Context(), w.Org.ID))
}

// A person who has not signed in by the issuer keeps their account, and other organizations.
func TestRequiredIssuerLeavesTheAccountAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "user")
	session := w.SignIn(jane.User)
	w.requiring()
	rival := w.Tenant("Rival")
	must(w.CreateUser(t.Context(), w.By(rival), members.NewUser{Name: "Jane", Email: jane.Email, Role: "user"}))(t)

	token, browser := w.As(jane.Secret, ""), w.InSession(session, "")
	for what, call := range map[string]directory.Call{"a token": token, "a session": browser} {
		if p := call.Principal; p.OrgID != "" || p.UserID != "" || !p.Capabilities.Empty() {
			t.Errorf("%s acts as %+v", what, p)
		}
		_, err := w.ListRoles(t.Context(), call)
		w.awaitsIssuer(what+" reads", err)
		_, err = w.CreateGroup(t.Context(), call, roles.NewGroup{Name: "x"})
		w.awaitsIssuer(what+" writes", err)
		_, err = w.UpdateOrg(t.Context(), call, w.Org.ID, "x")
		w.awaitsIssuer(what+" names the organization", err)
		must(w.ListInvitations(t.Context(), call))(t)
	}
	fresh := must(w.CreatePersonalToken(t.Context(), browser, credentials.NewPersonalToken{Name: "new"}))(t)
	_, err := w.Authenticate(t.Context(), fresh.Secret, w.Org.ID)
	w.awaitsIssuer("a new token", err)
	must(w.AcceptInvitation(t.Context(), token, rival.OrgID))(t)
	if p := w.As(jane.Secret, rival.OrgID).Principal; p.OrgID != rival.OrgID {
		t.Errorf("elsewhere she acts as %+v", p)
	}
}

// The rule can't lock people out: it takes an issuer that works, and keeps it.
func TestRequiredIssuerNeedsOneThatWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rules := directory.SignInRules{RequireIssuer: true}
	require := func() error {
		return second(w.UpdateSignInRules(t.Context(), w.ByOwner(), w.Org.ID, rules))
	}
	w.Refused("no issuer", directory.Conflict, "requireIssuer", require)
	i := w.Issuer(nil)
	w.Refused("nobody has signed in by it", directory.Conflict, "requireIssuer", require)
	must(w.SignInBy(i, directorytest.Person("owner", w.Owner.Email)))(t)
	disabled := directorytest.NewIssuer()
	disabled.Enabled = false
	must(w.UpdateIssuer(t.Context(), w.ByOwner(), i.ID, disabled))(t)
	w.Refused("a disabled one", directory.Conflict, "requireIssuer", require)
	must(w.UpdateIssuer(t.Context(), w.ByOwner(), i.ID, directorytest.NewIssuer()))(t)
	w.Refused("too long", directory.Invalid, "tokenSeconds", func() error {
		return second(w.UpdateSignInRules(t.Context(), w.ByOwner(), w.Org.ID, directory.SignInRules{TokenSeconds: 1}))
	})
	admin, rival := w.Join("Admin", "admin"), w.Tenant("Rival")
	w.Refused("by an admin", directory.Forbidden, "", func() error {
		return second(w.UpdateSignInRules(t.Context(), w.By(admin), w.Org.ID, rules))
	})
	w.Refused("by another organization's owner", directory.NotFound, "", func() error {
		return second(w.UpdateSignInRules(t.Context(), w.By(rival), w.Org.ID, rules))
	})
	session := w.SignIn(w.Owner.User)
	stale := w.InSession(session, w.Org.ID)
	w.Pass(directory.FreshFor)
	w.Refused("by an old session", directory.Reauthenticate, "", func() error {
		return second(w.UpdateSignInRules(t.Context(), stale, w.Org.ID, rules))
	})
	w.Wants("the owner", "", require())
	w.same("rules", rules, must(w.GetSignInRules(t.Context(), w.ByOwner(), w.Org.ID))(t))

	w.Refused("disable the last one", directory.Conflict, "", func() error {
		return second(w.UpdateIssuer(t.Context(), w.ByOwner(), i.ID, disabled))
	})
	w.Refused("delete the last one", directory.Conflict, "", func() error { return w.DeleteIssuer(t.Context(), w.ByOwner(), i.ID) })
	spare := directorytest.NewIssuer()
	spare.ClientID = "spare"
	must(w.CreateIssuer(t.Context(), w.ByOwner(), spare))(t)
	w.Wants("delete it with another there", "", w.DeleteIssuer(t.Context(), w.ByOwner(), i.ID))
}

// A former owner is held to the rule at once, and a new owner is not.
func TestRequiredIssuerExceptsOwners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := w.Join("Second", "owner")
	w.requiring()
	w.By(second)
	must(w.UpdateUserRole(t.Context(), w.ByOwner(), second.ID, "admin"))(t)
	_, err := w.Authenticate(t.Context(), second.Secret, w.Org.ID)
	w.awaitsIssuer("demoted", err)
	must(w.UpdateUserRole(t.Context(), w.ByOwner(), second.ID, "owner"))(t)
	w.By(second)
}

// Sessions that an issuer opened end when its organization loses the domain, and the rule ends
// for its addresses: nobody could vouch for them any more.
func TestLostDomainEndsIssuersSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dns := w.Resolving()
	jane := w.Join("Jane", "user")
	d := w.verified(dns, w.Owner, "example.com")
	i := must(w.CreateIssuer(t.Context(), w.ByOwner(), directorytest.NewIssuer()))(t)
	session := must(w.SignInBy(i, directorytest.Person("jane", jane.Email)))(t)
	must(w.UpdateSignInRules(t.Context(), w.ByOwner(), w.Org.ID, directory.SignInRules{RequireIssuer: true, TokenSeconds: 3600}))(t)
	w.Pass(time.Hour)
	_, err := w.Authenticate(t.Context(), jane.Secret, w.Org.ID)
	w.awaitsIssuer("her token", err)
	underWay := w.InSession(session.Secret, "")
	other := w.nodes()[1]
	other.InSession(session.Secret, "")

	rival := w.Tenant("Rival")
	theirs := must(w.AddDomain(t.Context(), w.By(rival), "example.com"))(t)
	dns[d.RecordName()] = []string{theirs.RecordValue()}
	must(w.VerifyDomain(t.Context(), w.By(rival), "example.com"))(t)
	w.Ended("her session", session.Secret, "")
	w.Wants("a request under way", directory.Unauthenticated, w.DeleteSession(t.Context(), underWay, session.ID))
	w.By(jane)
	fresh := w.nodes()[1]
	fresh.Ended("on another node", session.Secret, "")

	own := w.verified(dns, rival, "rival.example")
	dns[own.RecordName()] = []string{own.RecordValue()}
	w.Wants("delete the domain", "", w.DeleteDomain(t.Context(), w.By(rival), "example.com"))
}
