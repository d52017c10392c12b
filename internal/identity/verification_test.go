package identity_test

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
)

// claimed is the owner of another organization who claimed it under an address that
// nobody has shown to be theirs.
func (w *world) claimed(email string) member {
	w.Helper()
	out := must(w.ProvisionOrg(w.Context(), directory.Call{RemoteAddr: email}, "Claimed"))(w)
	c := must(w.ClaimOrg(w.Context(), directory.Call{}, onboarding.NewClaim{Claim: out.Claim, Name: "Stranger", Email: email}))(w)
	return member{User: c.Owner, Secret: c.PersonalToken}
}

// mailed requests a link by mail, and gives its value.
func (w *world) mailed(email string) string {
	w.Helper()
	l, ok, err := w.RequestSignInLink(w.Context(), directory.Call{RemoteAddr: "192.0.2.7"}, email, "cookie")
	if err != nil || !ok {
		w.Fatalf("no link is mailed to %s: %v", email, err)
	}
	return l.Secret
}

// Somebody who claimed an organization under another's address gets nothing that is
// meant for that person, and loses what they have once the person signs in.
func TestStrangersGetNothingOfAnAddress(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	stranger := w.claimed("director@acme.example")
	call := w.By(stranger)
	session := w.InSession(must(w.UseSignInLink(t.Context(), directory.Call{}, w.copied(stranger), "", ""))(t).Secret, "")
	w.Invite(stranger, "owner")
	for what, call := range map[string]directory.Call{"token": call, "session": session} {
		w.Refused(what+" accepts", directory.Forbidden, "", func() error { return second(w.AcceptInvitation(t.Context(), call, w.Org.ID)) })
		w.Refused(what+" declines", directory.Forbidden, "", func() error { return w.DeclineInvitation(t.Context(), call, w.Org.ID) })
		w.Refused(what+" lists", directory.Forbidden, "", func() error { return second(w.ListInvitations(t.Context(), call)) })
		out := must(w.ProvisionOrg(t.Context(), directory.Call{RemoteAddr: what}, "Another"))(t)
		w.Refused(what+" claims", directory.Forbidden, "", func() error {
			return second(w.ClaimOrg(t.Context(), call, onboarding.NewClaim{Claim: out.Claim}))
		})
		if must(w.IsVerified(t.Context(), call))(t) {
			t.Errorf("%s: the address counts as verified", what)
		}
	}
	must(w.CreatePasskey(t.Context(), session, identity.NewPasskey{Name: "theirs", CredentialID: []byte("theirs"), Credential: []byte("{}")}))(t)

	director := w.InSession(must(w.UseSignInLink(t.Context(), directory.Call{}, w.mailed("director@acme.example"), "cookie", ""))(t).Secret, stranger.OrgID)
	w.Dead("the stranger's token", stranger.Secret)
	w.Refused("the stranger's session", directory.Unauthenticated, "", func() error { return second(w.CreateOrg(t.Context(), session, "x")) })
	if keys := must(w.ListPasskeys(t.Context(), director))(t); len(keys) > 0 {
		t.Errorf("the stranger's passkeys are left: %v", keys)
	}
	u := must(w.AcceptInvitation(t.Context(), director, w.Org.ID))(t)
	if !u.IsOwner() || u.Invited {
		t.Errorf("the director is %+v", u)
	}
	for _, org := range []directory.OrgID{w.Org.ID, stranger.OrgID} {
		w.Wants("check", "", w.CheckLog(t.Context(), org))
	}

	// The first verification is the only one that drops anything.
	token := must(w.CreatePersonalToken(t.Context(), director, credentials.NewPersonalToken{Name: "mine"}))(t)
	w.Pass(time.Minute)
	must(w.UseSignInLink(t.Context(), directory.Call{}, w.mailed("director@acme.example"), "cookie", ""))(t)
	if _, err := w.Authenticate(t.Context(), token.Secret, w.Org.ID); err != nil {
		t.Errorf("a second verification drops tokens: %v", err)
	}
}

// copied gives a session's link to a member as their organization's inviter could
// not: the account has a token. The operator's database has it.
func (w *world) copied(m member) string {
	w.Helper()
	l := directory.SignInLink{
		ID: "lnk_copied", AccountID: m.AccountID, Method: directory.SignInInvitationLink,
		CreatedAt: w.Clock(), ExpiresAt: w.Clock().Add(time.Hour), Hash: directory.HashSecret("copied"),
	}
	w.Wants("copy", "", w.DB.Write(w.Context(), func(tx directory.Tx) error { return tx.CreateSignInLink(l) }))
	return "copied"
}

// Accounts that the operator makes, or gives a token or link to, are verified.
func TestTheOperatorVouches(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	verified := func(what string, call directory.Call, want bool) {
		t.Helper()
		if got := must(w.IsVerified(t.Context(), call))(t); got != want {
			t.Errorf("%s: verified is %v", what, got)
		}
	}
	verified("the first owner", w.ByOwner(), true)
	a := w.claimed("a@example.org")
	verified("claimed", w.By(a), false)
	verified("with the operator's token", w.By(w.WithToken(a.User)), true)
	w.Dead("the token before", a.Secret)
	b := w.claimed("b@example.org")
	verified("with the operator's link", w.InSession(w.SignIn(b.User), ""), true)
	w.Dead("the token before", b.Secret)
}

// An inviter's link signs a new person in for the first time, verifies nothing, and is
// there only for those whom nobody else is: no inviter gets into another's account.
func TestInvitationLink(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	admin := w.Join("Admin", "admin")
	add := func(name string, role directory.RoleID) directory.User {
		return must(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: name, Email: name + "@example.org", Role: role}))(t)
	}
	link := func(by directory.Call, id directory.UserID) (identity.IssuedSignInLink, error) {
		return w.CreateInvitationLink(t.Context(), by, id)
	}
	jane := add("jane", "user")
	first, other := must(link(w.By(admin), jane.ID))(t), must(link(w.By(admin), jane.ID))(t)
	session := must(w.UseSignInLink(t.Context(), directory.Call{}, first.Secret, "", ""))(t)
	call := w.InSession(session.Secret, "")
	if call.Principal.UserID != jane.ID || session.Method != directory.SignInInvitationLink || must(w.IsVerified(t.Context(), call))(t) {
		t.Errorf("signed in as %+v", call.Principal)
	}
	_, err := w.UseSignInLink(t.Context(), directory.Call{}, other.Secret, "", "")
	w.Wants("another one, after the first sign-in", directory.Unauthenticated, err)
	w.Refused("another link", directory.Conflict, "", func() error { return second(link(w.By(admin), jane.ID)) })

	owner := add("owner2", "owner")
	w.Refused("of an owner, by an admin", directory.Forbidden, "", func() error { return second(link(w.By(admin), owner.ID)) })
	w.Wants("of an owner, by an owner", "", second(link(w.ByOwner(), owner.ID)))
	weak := w.Role("Adds users", "users|create", "users|read")
	strong := add("strong", "admin")
	weakest := w.By(w.Join("Weak", weak.ID))
	w.Refused("of an admin, by somebody weaker", directory.Forbidden, "", func() error { return second(link(weakest, strong.ID)) })
	grouped := add("grouped", "none")
	w.Group("Admins", []directory.UserID{grouped.ID}, "admin")
	w.Refused("of an admin by a group", directory.Forbidden, "", func() error { return second(link(weakest, grouped.ID)) })

	rival := w.Tenant("Rival")
	invited := w.Invite(rival, "user")
	w.Refused("of an invitation", directory.Conflict, "", func() error { return second(link(w.ByOwner(), invited.ID)) })
	w.Refused("of somebody with a token", directory.Conflict, "", func() error { return second(link(w.ByOwner(), admin.ID)) })
	w.Refused("another's user", directory.NotFound, "", func() error { return second(link(w.ByOwner(), rival.ID)) })
}

// A session of one organization alone acts there, and changes nothing that reaches beyond.
func TestSessionOfOneOrganization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := must(w.CreateOrg(t.Context(), w.ByOwner(), "Other"))(t)
	now, secret := w.Clock(), ident.Secret(directory.SessionPrefix)
	w.Wants("start a session", "", w.DB.Write(t.Context(), func(tx directory.Tx) error {
		return tx.CreateSession(directory.SessionRecord{
			ID: directory.TokenID(ident.New("ses", now)), AccountID: w.Owner.AccountID, OnlyOrg: w.Org.ID, Method: directory.SignInIssuer,
			CreatedAt: now, ExpiresAt: now.Add(directory.SessionLifetime), LastUsedAt: now, FreshAt: now, Hash: directory.HashSecret(secret),
		})
	}))
	call := w.InSession(secret, "")
	if call.Principal.OrgID != w.Org.ID || !call.Principal.IsOwner() {
		t.Errorf("acts as %+v", call.Principal)
	}
	_, err := w.AuthenticateSession(t.Context(), secret, other.Org.ID, "")
	w.Wants("in another of the account's", directory.Forbidden, err)
	for what, try := range map[string]func() error{
		"personal token": func() error {
			return second(w.CreatePersonalToken(t.Context(), call, credentials.NewPersonalToken{Name: "x"}))
		},
		"list tokens": func() error { return second(w.ListPersonalTokens(t.Context(), call)) },
		"passkey": func() error {
			return second(w.CreatePasskey(t.Context(), call, identity.NewPasskey{Name: "x", CredentialID: []byte("x")}))
		},
		"organization": func() error { return second(w.CreateOrg(t.Context(), call, "x")) },
		"invitations":  func() error { return second(w.ListInvitations(t.Context(), call)) },
		"name": func() error {
			name := "x"
			return second(w.UpdateSelf(t.Context(), call, members.SelfUpdate{Name: &name}))
		},
	} {
		w.Refused(what, directory.Forbidden, "", try)
	}
	w.Refused("the other's settings", directory.NotFound, "", func() error {
		return second(w.UpdateOrgSettings(t.Context(), call, other.Org.ID, directory.OrgSettings{MaxTokenSeconds: 7200}))
	})
	if all := must(w.ListOrgs(t.Context(), call))(t); len(all) != 1 || all[0].Org.ID != w.Org.ID {
		t.Errorf("it lists %v", all)
	}
	everywhere := w.SignIn(w.Owner.User)
	if all := must(w.ListSessions(t.Context(), call))(t); len(all) != 1 {
		t.Errorf("it lists the sessions %v", all)
	}
	outside := w.InSession(everywhere, w.Org.ID).Principal.TokenID
	w.Refused("another session", directory.NotFound, "", func() error { return w.DeleteSession(t.Context(), call, outside) })
	for _, e := range w.EntriesOf(other.Org.ID) {
		if e.Target.ID == string(call.Principal.TokenID) {
			t.Errorf("the other organization's log has %+v", e)
		}
	}

	// Removed and added again, the person is another user, and the session stays ended.
	w.Wants("owner too", "", second(w.CreateUser(t.Context(), w.ByOwner(), members.NewUser{Name: "x", Email: "x@example.org", Role: "owner"})))
	w.Wants("leave", "", w.RemoveUser(t.Context(), w.ByOwner(), w.Owner.ID))
	w.Ended("removed", secret, "")
}

// Ceremonies are sealed for a purpose and a time, and can't be changed.
func TestCeremonies(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	sealed := w.SealCeremony("one", []byte("state"), time.Minute)
	if c := must(w.OpenCeremony("one", sealed))(t); string(c.State) != "state" {
		t.Errorf("opened %q", c.State)
	}
	open := func(what, purpose, sealed string) {
		t.Helper()
		_, err := w.OpenCeremony(purpose, sealed)
		w.Wants(what, directory.Unauthenticated, err)
	}
	open("another purpose", "two", sealed)
	open("nothing", "one", "")
	open("cut", "one", sealed[:10])
	for i := range sealed {
		changed := []byte(sealed)
		changed[i] ^= 1
		open("changed", "one", string(changed))
	}
	w.Pass(time.Minute)
	open("late", "one", sealed)
}

// However requests race on several nodes, a link signs in once, and one passkey's answer
// does.
func TestLinksRace(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nodes := w.nodes()
	link := w.LinkFor(w.Owner.User)
	var won atomic.Int64
	var wait sync.WaitGroup
	for i := range 8 {
		wait.Go(func() {
			_, err := nodes[i%2].UseSignInLink(t.Context(), directory.Call{}, link, "", "")
			if err == nil {
				won.Add(1)
			} else if directory.CodeOf(err) != directory.Unauthenticated {
				t.Errorf("use the link: %v", err)
			}
		})
	}
	wait.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("the link signed in %d times", n)
	}

	call := w.InSession(w.SignIn(w.Owner.User), "")
	must(w.CreatePasskey(t.Context(), call, identity.NewPasskey{Name: "x", CredentialID: []byte("x"), Credential: []byte("{}")}))(t)
	ceremony := must(w.OpenCeremony("x", w.SealCeremony("x", nil, time.Minute)))(t)
	won.Store(0)
	for i := range 8 {
		wait.Go(func() {
			_, err := nodes[i%2].SignInWithPasskey(t.Context(), directory.Call{}, []byte("x"), ceremony, "",
				func(p directory.Passkey) ([]byte, error) { return p.Credential, nil })
			if err == nil {
				won.Add(1)
			} else if directory.CodeOf(err) != directory.Unauthenticated {
				t.Errorf("use the passkey: %v", err)
			}
		})
	}
	wait.Wait()
	if n := won.Load(); n != 1 {
		t.Errorf("the passkey's answer signed in %d times", n)
	}
	w.Wants("check", "", w.CheckLog(t.Context(), w.Org.ID))
}
