package identity_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/webhooks"
)

// A session acts as its user, with what a personal token of the account may do, and is
// no token.
func TestSessionActsAsItsUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.SignIn(w.Owner.User)
	session, token := w.InSession(secret, "").Principal, w.ByOwner().Principal
	if session.Kind != directory.Session || !session.IsOwner() || session.UserID != token.UserID || session.OrgID != w.Org.ID ||
		!session.Capabilities.Equal(token.Capabilities) {
		t.Errorf("the session acts as %+v", session)
	}
	u := must(w.CreateUser(t.Context(), w.InSession(secret, w.Org.ID), members.NewUser{Name: "Jane", Email: "jane@example.com", Role: "owner"}))(t)
	entries := w.Since(0)
	if e := entries[len(entries)-1]; e.Target.ID != string(u.ID) || e.Actor.Kind != directory.ActorAccount || e.Actor.UserID != w.Owner.ID || e.Actor.TokenID != session.TokenID {
		t.Errorf("the entry is by %+v", e.Actor)
	}
	_, err := w.Authenticate(t.Context(), secret, w.Org.ID)
	w.Wants("a session as a token", directory.Unauthenticated, err)
	_, err = w.AuthenticateSession(t.Context(), w.Owner.Secret, w.Org.ID, "")
	w.Wants("a token as a session", directory.Unauthenticated, err)
	_, err = w.AuthenticateSession(t.Context(), secret, w.Tenant("Rival").OrgID, "")
	w.Wants("in another organization", directory.Forbidden, err)
	w.NoSecrets()
}

// Sessions end when they were idle for too long or are too old, for the organization
// that they act in, and from the next request on when the limits change.
func TestSessionLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	secret := w.SignIn(w.Owner.User)
	for range 30 {
		w.Pass(directory.SessionIdle - 18*time.Hour)
		if w.Clock().Sub(w.InSession(secret, "").Principal.FreshAt) > directory.SessionLifetime-7*time.Hour {
			break
		}
	}
	w.Pass(6 * time.Hour)
	w.Ended("older than its lifetime", secret, "")

	secret = w.SignIn(w.Owner.User)
	w.Pass(directory.SessionIdle - time.Second)
	w.InSession(secret, "")
	w.Pass(directory.SessionIdle)
	w.Ended("idle", secret, "")

	secret = w.SignIn(w.Owner.User)
	w.Pass(time.Hour)
	w.InSession(secret, "")
	w.Refused("too short", directory.Invalid, "idleSeconds", func() error {
		return second(w.UpdateSessionLimits(t.Context(), w.ByOwner(), w.Org.ID, directory.SessionLimits{IdleSeconds: 1}))
	})
	w.Refused("too long", directory.Invalid, "lifetimeSeconds", func() error {
		return second(w.UpdateSessionLimits(t.Context(), w.ByOwner(), w.Org.ID, directory.SessionLimits{LifetimeSeconds: 1e6}))
	})
	admin := w.Join("Admin", "admin")
	w.Refused("by an admin", directory.Forbidden, "", func() error {
		return second(w.UpdateSessionLimits(t.Context(), w.By(admin), w.Org.ID, directory.SessionLimits{}))
	})
	want := directory.SessionLimits{IdleSeconds: 600, LifetimeSeconds: 7200}
	must(w.UpdateSessionLimits(t.Context(), w.ByOwner(), w.Org.ID, want))(t)
	w.same("limits", want, must(w.GetSessionLimits(t.Context(), w.ByOwner(), w.Org.ID))(t))
	w.Pass(9 * time.Minute)
	w.InSession(secret, "")
	w.Pass(10 * time.Minute)
	w.Ended("idle for the organization's limit", secret, "")
	secret = w.SignIn(w.Owner.User)
	for range 13 {
		w.Pass(9 * time.Minute)
		w.InSession(secret, "")
	}
	w.Pass(9 * time.Minute)
	w.Ended("older than the organization's limit", secret, "")
	w.Wants("check", "", w.CheckLog(t.Context(), w.Org.ID))
}

// A session that another node served is not idle on this one.
func TestSessionUsedOnAnotherNode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nodes := w.nodes()
	secret := w.SignIn(w.Owner.User)
	for _, n := range nodes {
		n.InSession(secret, "")
	}
	for range 3 {
		w.Pass(directory.SessionIdle / 2)
		nodes[1].InSession(secret, "")
	}
	nodes[0].InSession(secret, "")
}

// Removal, revocation and signing out end sessions at once, also in caches.
func TestSessionsEndAtOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "user")
	secret := w.SignIn(jane.User)
	w.InSession(secret, "")
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), jane.ID))
	w.Ended("removed", secret, "")
	w.Ended("removed, by its organization", secret, w.Org.ID)

	a, b, c := w.SignIn(w.Owner.User), w.SignIn(w.Owner.User), w.SignIn(w.Owner.User)
	for _, s := range []string{a, b, c} {
		w.InSession(s, "")
	}
	call := w.InSession(a, "")
	w.Wants("revoke", "", w.DeleteSession(t.Context(), call, w.InSession(b, "").Principal.TokenID))
	w.Ended("revoked", b, "")
	if n := must(w.DeleteSessions(t.Context(), call))(t); n != 1 {
		t.Errorf("%d sessions ended, want 1", n)
	}
	w.Ended("with all others", c, "")
	w.InSession(a, "")
	w.Wants("sign out", "", w.SignOut(t.Context(), call))
	w.Ended("signed out", a, "")
	w.Refused("a call that began before", directory.Unauthenticated, "", func() error {
		return second(w.CreateUser(t.Context(), call, members.NewUser{Name: "x", Email: "x@example.com", Role: "user"}))
	})
	w.Refused("a token signs out", directory.Forbidden, "", func() error { return w.SignOut(t.Context(), w.ByOwner()) })
	others := w.InSession(w.SignIn(w.Tenant("Rival").User), "").Principal.TokenID
	w.Refused("another's", directory.NotFound, "", func() error { return w.DeleteSession(t.Context(), w.ByOwner(), others) })
}

// Removal ends sessions on the other node too.
func TestSessionsEndOnEveryNode(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	nodes := w.nodes()
	jane := w.Join("Jane", "user")
	secret := w.SignIn(jane.User)
	for _, n := range nodes {
		n.InSession(secret, "")
	}
	w.Wants("remove", "", nodes[0].RemoveUser(t.Context(), nodes[0].ByOwner(), jane.ID))
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
	a := w.SignIn(w.Owner.User)
	w.Pass(2 * time.Minute)
	b := w.SignIn(w.Owner.User)
	w.Pass(2 * time.Minute)
	w.InSession(a, "")
	c := w.SignIn(w.Owner.User)
	w.Ended("the one unused for longest", b, "")
	w.InSession(a, "")
	w.InSession(c, "")
	list := must(w.ListSessions(t.Context(), w.ByOwner()))(t)
	if len(list) != 2 || list[0].ID != w.InSession(c, "").Principal.TokenID || identity.Device(list[0].UserAgent) != "Firefox on Linux" || list[0].RemoteAddr != "192.0.2.7" {
		t.Errorf("listed: %+v", list)
	}
}

// Signing in again ends the session that the browser had, and only that of the same account.
func TestSignInRotatesTheSession(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "user")
	mine, hers := w.SignIn(w.Owner.User), w.SignIn(jane.User)
	again := must(w.UseSignInLink(t.Context(), directory.Call{}, w.LinkFor(w.Owner.User), "", mine))(t)
	w.Ended("the one before", mine, "")
	w.InSession(again.Secret, "")
	must(w.UseSignInLink(t.Context(), directory.Call{}, w.LinkFor(w.Owner.User), "", hers))(t)
	w.InSession(hers, "")
}

// Dangerous operations need a sign-in within ten minutes; others don't, nor do dry runs.
func TestDangerousOperationsNeedAFreshSignIn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "user")
	secret := w.SignIn(w.Owner.User)
	dangerous := map[string]func(call directory.Call) error{
		"make an owner": func(call directory.Call) error {
			return second(w.UpdateUserRole(t.Context(), call, jane.ID, "owner"))
		},
		"unmake an owner": func(call directory.Call) error {
			return second(w.UpdateUserRole(t.Context(), call, jane.ID, "user"))
		},
		"API token": func(call directory.Call) error {
			return second(w.CreateAPIToken(t.Context(), call, credentials.NewAPIToken{Name: "x"}))
		},
		"personal token": func(call directory.Call) error {
			return second(w.CreatePersonalToken(t.Context(), call, credentials.NewPersonalToken{Name: "x"}))
		},
		"webhook": func(call directory.Call) error {
			return second(w.CreateWebhook(t.Context(), call, webhooks.NewWebhook{Name: "x", URL: "https://example.com/x"}))
		},
		"session limits": func(call directory.Call) error {
			return second(w.UpdateSessionLimits(t.Context(), call, w.Org.ID, directory.SessionLimits{}))
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
		w.Wants(name+", fresh", "", dangerous[name](w.InSession(secret, w.Org.ID)))
	}
	w.Wants("make an owner", "", dangerous["make an owner"](w.InSession(secret, w.Org.ID)))
	w.Pass(directory.FreshFor)
	for _, name := range slices.Backward(names) {
		if name == "make an owner" {
			w.Wants("taking it away by a token", "", second(w.UpdateUserRole(t.Context(), w.ByOwner(), jane.ID, "user")))
		}
		call := w.InSession(secret, w.Org.ID)
		w.Refused(name, directory.Reauthenticate, "", func() error { return dangerous[name](call) })
	}
	dry := w.InSession(secret, w.Org.ID)
	dry.DryRun = new(access.Diff)
	w.Wants("dry run", "", dangerous["API token"](dry))
	w.Wants("not dangerous", "", second(w.CreateUser(t.Context(), w.InSession(secret, w.Org.ID), members.NewUser{Name: "x", Email: "x@example.com", Role: "user"})))
}

// Objects that were created in a session may outlive it.
func TestTokensOutliveSessions(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	call := w.InSession(w.SignIn(w.Owner.User), w.Org.ID)
	p := must(w.CreatePersonalToken(t.Context(), call, credentials.NewPersonalToken{Name: "x"}))(t)
	if !p.ExpiresAt.IsZero() {
		t.Errorf("the token ends at %s", p.ExpiresAt)
	}
	w.Wants("sign out", "", w.SignOut(t.Context(), call))
	if _, err := w.Authenticate(t.Context(), p.Secret, ""); err != nil {
		t.Error(err)
	}
}

// Sign-ins, sign-outs and failed attempts are in the log of each of the person's
// organizations; of many failures, some are only counted.
func TestSignInsAreInTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := must(w.CreateOrg(t.Context(), w.ByOwner(), "Other"))(t)
	link := w.LinkFor(w.Owner.User)
	session := must(w.UseSignInLink(t.Context(), directory.Call{TraceID: "t"}, link, "", ""))(t)
	w.Wants("sign out", "", w.SignOut(t.Context(), w.InSession(session.Secret, w.Org.ID)))
	for range 30 {
		_, err := w.UseSignInLink(t.Context(), directory.Call{RemoteAddr: "198.51.100.9"}, link, "", "")
		w.Wants("again", directory.Unauthenticated, err)
	}
	for _, org := range []directory.OrgID{w.Org.ID, other.Org.ID} {
		counts := make(map[string]int)
		for _, e := range w.EntriesOf(org) {
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
	w.Wants("check", "", w.CheckLog(t.Context(), w.Org.ID))
	w.NoSecrets()
}
