package directory_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// requiring has the first organization require its issuer, by which its owner has signed
// in once.
func (w *world) requiring() directory.Issuer {
	w.Helper()
	i := w.issuer(nil)
	must(w.signInBy(i, person("owner", w.owner.Email)))(w)
	must(w.UpdateSignInRules(w.Context(), w.byOwner(), w.org.ID, directory.SignInRules{RequireIssuer: true}))(w)
	return i
}

func (w *world) awaitsIssuer(what string, err error) {
	w.Helper()
	w.wants(what, directory.Forbidden, err)
	if err == nil || !strings.Contains(err.Error(), "sign in by its identity provider") {
		w.Errorf("%s: %v does not say what to do", what, err)
	}
}

// With the rule, a person of a verified domain acts in the organization by its issuer only,
// on every node, also while a request is under way, and other people do as before.
func TestRequiredIssuer(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.join("Jane", "admin")
	outside := must(w.CreateUser(t.Context(), w.byOwner(), directory.NewUser{Name: "Otto", Email: "otto@example.org", Role: "user"}))(t)
	otto := w.withToken(outside)
	session := w.signIn(jane.User)
	other := w.nodes()[1]
	held, underWay := w.by(jane), w.inSession(session, w.org.ID)
	other.by(jane)
	i := w.requiring()
	for range 500 { // until the other node has heard of it
		if _, err := other.Authenticate(t.Context(), jane.secret, w.org.ID); err != nil {
			break
		}
		time.Sleep(10 * time.Millisecond)
	}

	for _, node := range []*world{w, other} {
		_, err := node.Authenticate(t.Context(), jane.secret, w.org.ID)
		w.awaitsIssuer("her token", err)
		_, err = node.AuthenticateSession(t.Context(), session, w.org.ID, "192.0.2.7")
		w.awaitsIssuer("her session of a link", err)
		node.by(otto)
		node.byOwner()
		node.inSession(w.signIn(w.owner.User), w.org.ID)
	}
	for what, call := range map[string]directory.Call{"a token's request": held, "a session's request": underWay} {
		w.awaitsIssuer(what, second(w.CreateGroup(t.Context(), call, directory.NewGroup{Name: "x"})))
	}

	by := must(w.signInBy(i, person("jane", jane.Email)))(t)
	if p := w.inSession(by.Secret, "").Principal; p.UserID != jane.ID {
		t.Errorf("by the issuer she acts as %+v", p)
	}
	w.by(jane)
	_, err := w.AuthenticateSession(t.Context(), session, w.org.ID, "192.0.2.7")
	w.awaitsIssuer("her session of a link, still", err)
	w.pass(directory.IssuerTokenLifetime - time.Second)
	w.by(jane)
	w.pass(time.Second)
	_, err = w.Authenticate(t.Context(), jane.secret, w.org.ID)
	w.awaitsIssuer("30 days later", err)
	must(w.signInBy(i, person("jane", jane.Email)))(t)
	w.by(jane)
	must(w.UpdateSignInRules(t.Context(), w.byOwner(), w.org.ID, directory.SignInRules{RequireIssuer: true, TokenSeconds: 3600}))(t)
	w.pass(time.Hour)
	_, err = w.Authenticate(t.Context(), jane.secret, w.org.ID)
	w.awaitsIssuer("an hour later", err)
	must(w.UpdateSignInRules(t.Context(), w.byOwner(), w.org.ID, directory.SignInRules{}))(t)
	w.by(jane)
	w.wants("check", "", w.CheckLog(t.Context(), w.org.ID))
}

// A person who has not signed in by the issuer keeps their account, and other organizations.
func TestRequiredIssuerLeavesTheAccountAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.join("Jane", "user")
	session := w.signIn(jane.User)
	w.requiring()
	rival := w.tenant("Rival")
	must(w.CreateUser(t.Context(), w.by(rival), directory.NewUser{Name: "Jane", Email: jane.Email, Role: "user"}))(t)

	token, browser := w.as(jane.secret, ""), w.inSession(session, "")
	for what, call := range map[string]directory.Call{"a token": token, "a session": browser} {
		if p := call.Principal; p.OrgID != "" || p.UserID != "" || !p.Capabilities.Empty() {
			t.Errorf("%s acts as %+v", what, p)
		}
		_, err := w.ListRoles(t.Context(), call)
		w.awaitsIssuer(what+" reads", err)
		_, err = w.CreateGroup(t.Context(), call, directory.NewGroup{Name: "x"})
		w.awaitsIssuer(what+" writes", err)
		_, err = w.UpdateOrg(t.Context(), call, w.org.ID, "x")
		w.awaitsIssuer(what+" names the organization", err)
		must(w.ListInvitations(t.Context(), call))(t)
	}
	fresh := must(w.CreatePersonalToken(t.Context(), browser, directory.NewPersonalToken{Name: "new"}))(t)
	_, err := w.Authenticate(t.Context(), fresh.Secret, w.org.ID)
	w.awaitsIssuer("a new token", err)
	must(w.AcceptInvitation(t.Context(), token, rival.OrgID))(t)
	if p := w.as(jane.secret, rival.OrgID).Principal; p.OrgID != rival.OrgID {
		t.Errorf("elsewhere she acts as %+v", p)
	}
}

// The rule can't lock people out: it takes an issuer that works, and keeps it.
func TestRequiredIssuerNeedsOneThatWorks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rules := directory.SignInRules{RequireIssuer: true}
	require := func() error {
		return second(w.UpdateSignInRules(t.Context(), w.byOwner(), w.org.ID, rules))
	}
	w.refused("no issuer", directory.Conflict, "requireIssuer", require)
	i := w.issuer(nil)
	w.refused("nobody has signed in by it", directory.Conflict, "requireIssuer", require)
	must(w.signInBy(i, person("owner", w.owner.Email)))(t)
	disabled := newIssuer()
	disabled.Enabled = false
	must(w.UpdateIssuer(t.Context(), w.byOwner(), i.ID, disabled))(t)
	w.refused("a disabled one", directory.Conflict, "requireIssuer", require)
	must(w.UpdateIssuer(t.Context(), w.byOwner(), i.ID, newIssuer()))(t)
	w.refused("too long", directory.Invalid, "tokenSeconds", func() error {
		return second(w.UpdateSignInRules(t.Context(), w.byOwner(), w.org.ID, directory.SignInRules{TokenSeconds: 1}))
	})
	admin, rival := w.join("Admin", "admin"), w.tenant("Rival")
	w.refused("by an admin", directory.Forbidden, "", func() error {
		return second(w.UpdateSignInRules(t.Context(), w.by(admin), w.org.ID, rules))
	})
	w.refused("by another organization's owner", directory.NotFound, "", func() error {
		return second(w.UpdateSignInRules(t.Context(), w.by(rival), w.org.ID, rules))
	})
	session := w.signIn(w.owner.User)
	stale := w.inSession(session, w.org.ID)
	w.pass(directory.FreshFor)
	w.refused("by an old session", directory.Reauthenticate, "", func() error {
		return second(w.UpdateSignInRules(t.Context(), stale, w.org.ID, rules))
	})
	w.wants("the owner", "", require())
	w.same("rules", rules, must(w.GetSignInRules(t.Context(), w.byOwner(), w.org.ID))(t))

	w.refused("disable the last one", directory.Conflict, "", func() error {
		return second(w.UpdateIssuer(t.Context(), w.byOwner(), i.ID, disabled))
	})
	w.refused("delete the last one", directory.Conflict, "", func() error { return w.DeleteIssuer(t.Context(), w.byOwner(), i.ID) })
	spare := newIssuer()
	spare.ClientID = "spare"
	must(w.CreateIssuer(t.Context(), w.byOwner(), spare))(t)
	w.wants("delete it with another there", "", w.DeleteIssuer(t.Context(), w.byOwner(), i.ID))
}

// A former owner is held to the rule at once, and a new owner is not.
func TestRequiredIssuerExceptsOwners(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	second := w.join("Second", "owner")
	w.requiring()
	w.by(second)
	must(w.UpdateUserRole(t.Context(), w.byOwner(), second.ID, "admin"))(t)
	_, err := w.Authenticate(t.Context(), second.secret, w.org.ID)
	w.awaitsIssuer("demoted", err)
	must(w.UpdateUserRole(t.Context(), w.byOwner(), second.ID, "owner"))(t)
	w.by(second)
}

// What an issuer has opened ends when its organization loses the domain, and the rule ends
// for its addresses: nobody could vouch for them any more.
func TestLostDomainEndsIssuersSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	dns := w.resolving()
	jane := w.join("Jane", "user")
	d := w.verified(dns, w.owner, "example.com")
	i := must(w.CreateIssuer(t.Context(), w.byOwner(), newIssuer()))(t)
	session := must(w.signInBy(i, person("jane", jane.Email)))(t)
	must(w.UpdateSignInRules(t.Context(), w.byOwner(), w.org.ID, directory.SignInRules{RequireIssuer: true, TokenSeconds: 3600}))(t)
	w.pass(time.Hour)
	_, err := w.Authenticate(t.Context(), jane.secret, w.org.ID)
	w.awaitsIssuer("her token", err)
	underWay := w.inSession(session.Secret, "")
	other := w.nodes()[1]
	other.inSession(session.Secret, "")

	rival := w.tenant("Rival")
	theirs := must(w.AddDomain(t.Context(), w.by(rival), "example.com"))(t)
	dns[d.RecordName()] = []string{theirs.RecordValue()}
	must(w.VerifyDomain(t.Context(), w.by(rival), "example.com"))(t)
	w.endedIn("her session", session.Secret, "")
	w.wants("a request under way", directory.Unauthenticated, w.DeleteSession(t.Context(), underWay, session.ID))
	w.by(jane)
	fresh := w.nodes()[1]
	fresh.endedIn("on another node", session.Secret, "")

	own := w.verified(dns, rival, "rival.example")
	dns[own.RecordName()] = []string{own.RecordValue()}
	w.wants("delete the domain", "", w.DeleteDomain(t.Context(), w.by(rival), "example.com"))
}
