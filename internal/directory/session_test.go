package directory_test

import (
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/limits"
)

// linkFor makes a link that signs in the account of a user.
func (w *world) linkFor(u directory.User) string {
	w.Helper()
	return must(w.CreateSignInLinkFor(w.Context(), u.Email))(w).Secret
}

// signIn signs a user in, and gives the session's value.
func (w *world) signIn(u directory.User) string {
	w.Helper()
	call := directory.Call{RemoteAddr: "192.0.2.7", UserAgent: "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"}
	return must(w.UseSignInLink(w.Context(), call, w.linkFor(u), "", ""))(w).Secret
}

// inSession starts a call by a session.
func (w *world) inSession(secret string, org directory.OrgID) directory.Call {
	w.Helper()
	return directory.Call{Principal: must(w.AuthenticateSession(w.Context(), secret, org, "192.0.2.7"))(w)}
}

func (w *world) endedIn(what, secret string, org directory.OrgID) {
	w.Helper()
	_, err := w.AuthenticateSession(w.Context(), secret, org, "192.0.2.7")
	w.wants(what, directory.Unauthenticated, err)
}

// A session acts as its user, with what a personal token of the account may do, and is
// no token.
func TestSessionActsAsItsUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.signIn(w.owner.User)
	session, token := w.inSession(secret, "").Principal, w.byOwner().Principal
	if session.Kind != directory.Session || !session.IsOwner() || session.UserID != token.UserID || session.OrgID != w.org.ID ||
		!session.Capabilities.Equal(token.Capabilities) {
		t.Errorf("the session acts as %+v", session)
	}
	u := must(w.CreateUser(t.Context(), w.inSession(secret, w.org.ID), directory.NewUser{Name: "Jane", Email: "jane@example.com", Role: "owner"}))(t)
	entries := w.since(0)
	if e := entries[len(entries)-1]; e.Target.ID != string(u.ID) || e.Actor.Kind != directory.ActorAccount || e.Actor.UserID != w.owner.ID || e.Actor.TokenID != session.TokenID {
		t.Errorf("the entry is by %+v", e.Actor)
	}
	_, err := w.Authenticate(t.Context(), secret, w.org.ID)
	w.wants("a session as a token", directory.Unauthenticated, err)
	_, err = w.AuthenticateSession(t.Context(), w.owner.secret, w.org.ID, "")
	w.wants("a token as a session", directory.Unauthenticated, err)
	_, err = w.AuthenticateSession(t.Context(), secret, w.tenant("Rival").OrgID, "")
	w.wants("in another organization", directory.Forbidden, err)
	noSecrets(t, w, nil)
}

// Sessions end when they were idle for too long or are too old, for the organization
// that they act in, and from the next request on when the limits change.
func TestSessionLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.signIn(w.owner.User)
	for range 30 {
		w.pass(directory.SessionIdle - 18*time.Hour)
		if w.clock.Now().Sub(w.inSession(secret, "").Principal.FreshAt) > directory.SessionLifetime-7*time.Hour {
			break
		}
	}
	w.pass(6 * time.Hour)
	w.endedIn("older than its lifetime", secret, "")

	secret = w.signIn(w.owner.User)
	w.pass(directory.SessionIdle - time.Second)
	w.inSession(secret, "")
	w.pass(directory.SessionIdle)
	w.endedIn("idle", secret, "")

	secret = w.signIn(w.owner.User)
	w.pass(time.Hour)
	w.inSession(secret, "")
	w.refused("too short", directory.Invalid, "idleSeconds", func() error {
		return second(w.UpdateSessionLimits(t.Context(), w.byOwner(), w.org.ID, directory.SessionLimits{IdleSeconds: 1}))
	})
	w.refused("too long", directory.Invalid, "lifetimeSeconds", func() error {
		return second(w.UpdateSessionLimits(t.Context(), w.byOwner(), w.org.ID, directory.SessionLimits{LifetimeSeconds: 1e6}))
	})
	admin := w.join("Admin", "admin")
	w.refused("by an admin", directory.Forbidden, "", func() error {
		return second(w.UpdateSessionLimits(t.Context(), w.by(admin), w.org.ID, directory.SessionLimits{}))
	})
	want := directory.SessionLimits{IdleSeconds: 600, LifetimeSeconds: 7200}
	must(w.UpdateSessionLimits(t.Context(), w.byOwner(), w.org.ID, want))(t)
	w.same("limits", want, must(w.GetSessionLimits(t.Context(), w.byOwner(), w.org.ID))(t))
	w.pass(9 * time.Minute)
	w.inSession(secret, "")
	w.pass(10 * time.Minute)
	w.endedIn("idle for the organization's limit", secret, "")
	secret = w.signIn(w.owner.User)
	for range 13 {
		w.pass(9 * time.Minute)
		w.inSession(secret, "")
	}
	w.pass(9 * time.Minute)
	w.endedIn("older than the organization's limit", secret, "")
	w.wants("check", "", w.CheckLog(t.Context(), w.org.ID))
}

// A session that another node served is not idle on this one.
func TestSessionUsedOnAnotherNode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nodes := w.nodes()
	secret := w.signIn(w.owner.User)
	for _, n := range nodes {
		n.inSession(secret, "")
	}
	for range 3 {
		w.pass(directory.SessionIdle / 2)
		nodes[1].inSession(secret, "")
	}
	nodes[0].inSession(secret, "")
}

// Removal, revocation and signing out end sessions at once, also in caches.
func TestSessionsEndAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.join("Jane", "user")
	secret := w.signIn(jane.User)
	w.inSession(secret, "")
	w.wants("remove", "", w.RemoveUser(t.Context(), w.byOwner(), jane.ID))
	w.endedIn("removed", secret, "")
	w.endedIn("removed, by its organization", secret, w.org.ID)

	a, b, c := w.signIn(w.owner.User), w.signIn(w.owner.User), w.signIn(w.owner.User)
	for _, s := range []string{a, b, c} {
		w.inSession(s, "")
	}
	call := w.inSession(a, "")
	w.wants("revoke", "", w.DeleteSession(t.Context(), call, w.inSession(b, "").Principal.TokenID))
	w.endedIn("revoked", b, "")
	if n := must(w.DeleteSessions(t.Context(), call))(t); n != 1 {
		t.Errorf("%d sessions ended, want 1", n)
	}
	w.endedIn("with all others", c, "")
	w.inSession(a, "")
	w.wants("sign out", "", w.SignOut(t.Context(), call))
	w.endedIn("signed out", a, "")
	w.refused("a call that began before", directory.Unauthenticated, "", func() error {
		return second(w.CreateUser(t.Context(), call, directory.NewUser{Name: "x", Email: "x@example.com", Role: "user"}))
	})
	w.refused("a token signs out", directory.Forbidden, "", func() error { return w.SignOut(t.Context(), w.byOwner()) })
	others := w.inSession(w.signIn(w.tenant("Rival").User), "").Principal.TokenID
	w.refused("another's", directory.NotFound, "", func() error { return w.DeleteSession(t.Context(), w.byOwner(), others) })
}

// Removal ends sessions on the other node too.
func TestSessionsEndOnEveryNode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nodes := w.nodes()
	jane := w.join("Jane", "user")
	secret := w.signIn(jane.User)
	for _, n := range nodes {
		n.inSession(secret, "")
	}
	w.wants("remove", "", nodes[0].RemoveUser(t.Context(), nodes[0].byOwner(), jane.ID))
	deadline := time.Now().Add(2 * time.Minute)
	for {
		_, err := nodes[1].AuthenticateSession(t.Context(), secret, "", "")
		if directory.CodeOf(err) == directory.Unauthenticated {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("the other node still lets the session in: %v", err)
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// An account has a bounded number of sessions: signing in once more ends the one that was
// not used for longest.
func TestSessionsAreLimited(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(directory.WithLimits(limits.Limits{Sessions: 2}))
	a := w.signIn(w.owner.User)
	w.pass(2 * time.Minute)
	b := w.signIn(w.owner.User)
	w.pass(2 * time.Minute)
	w.inSession(a, "")
	c := w.signIn(w.owner.User)
	w.endedIn("the one unused for longest", b, "")
	w.inSession(a, "")
	w.inSession(c, "")
	list := must(w.ListSessions(t.Context(), w.byOwner()))(t)
	if len(list) != 2 || list[0].ID != w.inSession(c, "").Principal.TokenID || identity.Device(list[0].UserAgent) != "Firefox on Linux" || list[0].RemoteAddr != "192.0.2.7" {
		t.Errorf("listed: %+v", list)
	}
}

// Signing in again ends the session that the browser had, and only that of the same account.
func TestSignInRotatesTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.join("Jane", "user")
	mine, hers := w.signIn(w.owner.User), w.signIn(jane.User)
	again := must(w.UseSignInLink(t.Context(), directory.Call{}, w.linkFor(w.owner.User), "", mine))(t)
	w.endedIn("the one before", mine, "")
	w.inSession(again.Secret, "")
	must(w.UseSignInLink(t.Context(), directory.Call{}, w.linkFor(w.owner.User), "", hers))(t)
	w.inSession(hers, "")
}

// Dangerous operations need a sign-in within ten minutes; others don't, nor do dry runs.
func TestDangerousOperationsNeedAFreshSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.join("Jane", "user")
	secret := w.signIn(w.owner.User)
	dangerous := map[string]func(call directory.Call) error{
		"make an owner": func(call directory.Call) error {
			return second(w.UpdateUserRole(t.Context(), call, jane.ID, "owner"))
		},
		"unmake an owner": func(call directory.Call) error {
			return second(w.UpdateUserRole(t.Context(), call, jane.ID, "user"))
		},
		"API token": func(call directory.Call) error {
			return second(w.CreateAPIToken(t.Context(), call, directory.NewAPIToken{Name: "x"}))
		},
		"personal token": func(call directory.Call) error {
			return second(w.CreatePersonalToken(t.Context(), call, directory.NewPersonalToken{Name: "x"}))
		},
		"webhook": func(call directory.Call) error {
			return second(w.CreateWebhook(t.Context(), call, newHook("x")))
		},
		"session limits": func(call directory.Call) error {
			return second(w.UpdateSessionLimits(t.Context(), call, w.org.ID, directory.SessionLimits{}))
		},
		"passkey": func(call directory.Call) error {
			return second(w.CreatePasskey(t.Context(), call, identity.NewPasskey{Name: "x", CredentialID: []byte("x"), Credential: []byte("{}")}))
		},
	}
	names := []string{"make an owner", "unmake an owner", "API token", "personal token", "webhook", "session limits", "passkey"}
	if len(names) != len(dangerous) {
		t.Fatal("not all are tried")
	}
	for _, name := range names {
		w.wants(name+", fresh", "", dangerous[name](w.inSession(secret, w.org.ID)))
	}
	w.wants("make an owner", "", dangerous["make an owner"](w.inSession(secret, w.org.ID)))
	w.pass(directory.FreshFor)
	for _, name := range slices.Backward(names) {
		if name == "make an owner" {
			w.wants("taking it away by a token", "", second(w.UpdateUserRole(t.Context(), w.byOwner(), jane.ID, "user")))
		}
		call := w.inSession(secret, w.org.ID)
		w.refused(name, directory.Reauthenticate, "", func() error { return dangerous[name](call) })
	}
	dry := w.inSession(secret, w.org.ID)
	dry.DryRun = &directory.AccessDiff{}
	w.wants("dry run", "", dangerous["API token"](dry))
	w.wants("not dangerous", "", second(w.CreateUser(t.Context(), w.inSession(secret, w.org.ID), directory.NewUser{Name: "x", Email: "x@example.com", Role: "user"})))
}

// Objects that were created in a session may outlive it.
func TestTokensOutliveSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	call := w.inSession(w.signIn(w.owner.User), w.org.ID)
	p := must(w.CreatePersonalToken(t.Context(), call, directory.NewPersonalToken{Name: "x"}))(t)
	if !p.ExpiresAt.IsZero() {
		t.Errorf("the token ends at %s", p.ExpiresAt)
	}
	w.wants("sign out", "", w.SignOut(t.Context(), call))
	if _, err := w.Authenticate(t.Context(), p.Secret, ""); err != nil {
		t.Error(err)
	}
}

// Sign-ins, sign-outs and failed attempts are in the log of each of the person's
// organizations; of many failures, some are only counted.
func TestSignInsAreInTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := must(w.CreateOrg(t.Context(), w.byOwner(), "Other"))(t)
	link := w.linkFor(w.owner.User)
	session := must(w.UseSignInLink(t.Context(), directory.Call{TraceID: "t"}, link, "", ""))(t)
	w.wants("sign out", "", w.SignOut(t.Context(), w.inSession(session.Secret, w.org.ID)))
	for range 30 {
		_, err := w.UseSignInLink(t.Context(), directory.Call{RemoteAddr: "198.51.100.9"}, link, "", "")
		w.wants("again", directory.Unauthenticated, err)
	}
	for _, org := range []directory.OrgID{w.org.ID, other.Org.ID} {
		counts := make(map[string]int)
		for _, e := range w.entriesOf(org) {
			switch {
			case e.Outcome == directory.Refused:
				counts["refused "+e.Action]++
				if e.RemoteAddr != "198.51.100.9" || e.Actor.Kind != directory.ActorSystem {
					t.Errorf("%+v", e)
				}
			case e.Target.Type == "session":
				counts[e.Action]++
				if e.Target.ID != string(session.ID) || e.Actor.UserID == "" {
					t.Errorf("%+v", e)
				}
			}
		}
		w.same("entries of "+string(org), map[string]int{"signIn": 1, "signOut": 1, "refused signIn": 10}, counts)
	}
	w.wants("check", "", w.CheckLog(t.Context(), w.org.ID))
	noSecrets(t, w, nil)
}

func (w *world) same(what string, want, got any) {
	w.Helper()
	if diff := cmp.Diff(want, got); diff != "" {
		w.Errorf("%s: -want +got\n%s", what, diff)
	}
}

// entriesOf gives the whole log of an organization.
func (w *world) entriesOf(org directory.OrgID) []directory.Entry {
	w.Helper()
	return must(logOf(w, org))(w)
}

func logOf(w *world, org directory.OrgID) (all []directory.Entry, err error) {
	w.settle()
	err = w.db.Read(w.Context(), func(tx directory.Tx) error {
		for e, err := range tx.OrgEntries(org, directory.EntryQuery{}) {
			if err != nil {
				return err
			}
			all = append(all, e)
		}
		return nil
	})
	return all, err
}
