package credentials_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
)

// from is a call with a token from an address.
func (w *world) from(secret string, org directory.OrgID, addr string) directory.Call {
	w.Helper()
	p, err := w.AuthenticateFrom(w.Context(), secret, org, addr)
	if err != nil {
		w.Fatalf("authenticate from %s: %v", addr, err)
	}
	return directory.Call{Principal: p, RemoteAddr: addr}
}

// A token that is bound to networks is refused from elsewhere at every request,
// also once it is remembered, and a change of its networks holds from the next
// request on, in every process.
func TestTokensWorkOnlyFromTheirNetworks(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{
		Name: "t", Capabilities: caps(t, "users|create", "users|read"), Networks: directorytest.Networks(t, "192.0.2.0/24"),
	}))(t)
	personal := must(w.CreatePersonalToken(t.Context(), w.ByOwner(), credentials.NewPersonalToken{Name: "p", Networks: directorytest.Networks(t, "192.0.2.0/24")}))(t)
	for _, secret := range []string{made.Secret, personal.Secret} {
		for range 3 { // from memory from the second on
			for addr, ok := range map[string]bool{"192.0.2.7": true, "::ffff:192.0.2.7": true, "198.51.100.1": false, "": false} {
				_, err := w.AuthenticateFrom(t.Context(), secret, w.Org.ID, addr)
				if ok {
					w.Wants(addr, "", err)
					continue
				}
				w.Wants(addr, directory.Forbidden, err)
				if refusal, is := errors.AsType[*directory.RefusedToken](err); !is || refusal.Principal.OrgID != w.Org.ID {
					t.Errorf("%v does not tell whose token it was", err)
				}
			}
		}
	}
	_, err := w.Authenticate(t.Context(), made.Secret, "")
	w.Wants("from nowhere known", directory.Forbidden, err)

	before := w.from(made.Secret, "", "192.0.2.7")
	must(w.UpdateAPITokenNetworks(t.Context(), w.ByOwner(), made.ID, directorytest.Networks(t, "198.51.100.0/24")))(t)
	_, err = w.AuthenticateFrom(t.Context(), made.Secret, "", "192.0.2.7")
	w.Wants("bound to others", directory.Forbidden, err)
	w.Refused("a request under way", directory.Forbidden, "", func() error {
		return second(w.CreateUser(t.Context(), before, members.NewUser{Name: "x", Email: "x@example.com", Role: "none"}))
	})
	w.from(made.Secret, "", "198.51.100.1")
	must(w.UpdatePersonalTokenNetworks(t.Context(), w.ByOwner(), personal.ID, nil))(t)
	w.As(personal.Secret, w.Org.ID)
	w.Wants("replay", "", w.CheckLog(t.Context(), w.Org.ID))
}

func TestRefusedNetworksAreWrittenDown(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	made := must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{Name: "t", Networks: directorytest.Networks(t, "192.0.2.0/24")}))(t)
	seq := w.LastEntry()
	_, err := w.AuthenticateFrom(t.Context(), made.Secret, "", "198.51.100.1")
	refusal, ok := errors.AsType[*directory.RefusedToken](err)
	if !ok {
		t.Fatal(err)
	}
	w.Wants("record", "", w.RecordRefusedToken(t.Context(), directory.Call{RemoteAddr: "198.51.100.1"}, refusal))
	list := w.Since(seq)
	if len(list) != 1 || list[0].Action != "signIn" || list[0].Outcome != directory.Refused || list[0].Actor.TokenID != made.ID || list[0].RemoteAddr != "198.51.100.1" {
		t.Errorf("the log has %+v", list)
	}
}

// A token that a token makes inherits its networks and its end.
func TestTokensInheritBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	end := w.Clock().Add(10 * time.Hour).UTC().Truncate(time.Microsecond)
	bound := directorytest.Networks(t, "192.0.2.0/24", "198.51.100.0/24")
	maker := must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{
		Name: "maker", Capabilities: caps(t, "apiTokens|create", "apiTokens|update", "users|read"), ExpiresAt: end, Networks: bound,
	}))(t)
	personal := must(w.CreatePersonalToken(t.Context(), w.ByOwner(), credentials.NewPersonalToken{Name: "maker", ExpiresAt: end, Networks: bound}))(t)
	for what, secret := range map[string]string{"API token": maker.Secret, "personal token": personal.Secret} {
		call := w.from(secret, w.Org.ID, "192.0.2.1")
		create := func(ends time.Time, n ...string) (credentials.IssuedAPIToken, error) {
			return w.CreateAPIToken(t.Context(), call, credentials.NewAPIToken{Name: "child", Capabilities: caps(t, "users|read"), ExpiresAt: ends, Networks: directorytest.Networks(t, n...)})
		}
		child := must(create(time.Time{}))(t)
		if !child.ExpiresAt.Equal(end) || !slices.Equal(child.Networks, bound) {
			t.Errorf("%s: the child has %v, %v", what, child.ExpiresAt, child.Networks)
		}
		narrow := must(create(end.Add(-time.Hour), "192.0.2.8/32"))(t)
		if !narrow.ExpiresAt.Equal(end.Add(-time.Hour)) || !slices.Equal(narrow.Networks, directorytest.Networks(t, "192.0.2.8/32")) {
			t.Errorf("%s: the narrow child has %v, %v", what, narrow.ExpiresAt, narrow.Networks)
		}
		w.Refused(what+": a later end", directory.Invalid, "expiresAt", func() error { return second(create(end.Add(time.Second))) })
		w.Refused(what+": wider networks", directory.Forbidden, "networks", func() error { return second(create(time.Time{}, "192.0.0.0/8")) })
		w.Refused(what+": other networks", directory.Forbidden, "networks", func() error { return second(create(time.Time{}, "2001:db8::/32")) })

		// A free token that is regenerated gets the bounds of the one that does it.
		free := w.Token("users|read")
		again := must(w.RegenerateAPIToken(t.Context(), call, free.ID, credentials.Regeneration{}))(t)
		if !again.ExpiresAt.Equal(end) || !slices.Equal(again.Networks, bound) {
			t.Errorf("%s: the regenerated one has %v, %v", what, again.ExpiresAt, again.Networks)
		}
		w.Refused(what+": regenerate for longer", directory.Invalid, "expiresAt", func() error {
			return second(w.RegenerateAPIToken(t.Context(), call, free.ID, credentials.Regeneration{NewExpiresAt: end.Add(time.Hour)}))
		})
	}
	// And keeps its own networks, whoever regenerates it and whatever is new.
	next := must(w.RegenerateAPIToken(t.Context(), w.ByOwner(), maker.ID, credentials.Regeneration{
		NewToken: &credentials.NewAPIToken{Name: "new", Capabilities: caps(t, "users|read")},
	}))(t)
	if !slices.Equal(next.Networks, bound) || !next.ExpiresAt.IsZero() {
		t.Errorf("regenerated by the owner it has %v, %v", next.ExpiresAt, next.Networks)
	}
	mixed := must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{Name: "m", Networks: directorytest.Networks(t, "192.0.2.128/25", "203.0.113.0/24")}))(t)
	call := w.from(personal.Secret, w.Org.ID, "192.0.2.1")
	both := must(w.RegenerateAPIToken(t.Context(), call, mixed.ID, credentials.Regeneration{}))(t)
	if !slices.Equal(both.Networks, directorytest.Networks(t, "192.0.2.128/25")) {
		t.Errorf("the intersection is %v", both.Networks)
	}
	apart := must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{Name: "a", Networks: directorytest.Networks(t, "203.0.113.0/24")}))(t)
	w.Refused("nothing in common", directory.Forbidden, "", func() error {
		return second(w.RegenerateAPIToken(t.Context(), call, apart.ID, credentials.Regeneration{}))
	})
	w.Refused("a personal token for longer", directory.Invalid, "expiresAt", func() error {
		return second(w.CreatePersonalToken(t.Context(), call, credentials.NewPersonalToken{Name: "x", ExpiresAt: end.Add(time.Hour)}))
	})
	pat := must(w.CreatePersonalToken(t.Context(), call, credentials.NewPersonalToken{Name: "x"}))(t)
	if !pat.ExpiresAt.Equal(end) || !slices.Equal(pat.Networks, bound) {
		t.Errorf("the personal token has %v, %v", pat.ExpiresAt, pat.Networks)
	}
	w.Wants("replay", "", w.CheckLog(t.Context(), w.Org.ID))
}

// To bind a token to less is anybody's who may update tokens; to bind it to more is
// to give what it can do there.
func TestWideningNetworksIsGiving(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	target := must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{
		Name: "t", Capabilities: caps(t, "users|delete"), Networks: directorytest.Networks(t, "192.0.2.0/24", "198.51.100.0/24"),
	}))(t)
	weak := w.As(w.Token("apiTokens|update").Secret, "")
	strong := must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{
		Name: "s", Capabilities: caps(t, "apiTokens|update", "users|delete"), Networks: directorytest.Networks(t, "192.0.2.0/24"),
	}))(t)
	bind := func(call directory.Call, n ...string) error {
		return second(w.UpdateAPITokenNetworks(t.Context(), call, target.ID, directorytest.Networks(t, n...)))
	}
	w.Wants("narrow", "", bind(weak, "198.51.100.0/25"))
	w.Refused("widen", directory.Forbidden, "", func() error { return bind(weak, "198.51.100.0/24") })
	w.Refused("free", directory.Forbidden, "", func() error { return bind(weak) })
	w.Wants("widen within one's own", "", bind(w.from(strong.Secret, "", "192.0.2.1"), "192.0.2.0/24"))
	w.Refused("widen beyond one's own", directory.Forbidden, "networks", func() error { return bind(w.from(strong.Secret, "", "192.0.2.1")) })
	w.Wants("free by the owner", "", bind(w.ByOwner()))
	w.Refused("unknown", directory.NotFound, "", func() error {
		return second(w.UpdateAPITokenNetworks(t.Context(), w.ByOwner(), "tok_none", nil))
	})
	own := must(w.CreatePersonalToken(t.Context(), w.ByOwner(), credentials.NewPersonalToken{Name: "p", Networks: directorytest.Networks(t, "192.0.2.0/24")}))(t)
	w.Refused("a token frees itself", directory.Forbidden, "networks", func() error {
		return second(w.UpdatePersonalTokenNetworks(t.Context(), w.from(own.Secret, w.Org.ID, "192.0.2.1"), own.ID, nil))
	})
	jane := w.Join("Jane", "admin")
	w.Refused("another's", directory.NotFound, "", func() error {
		return second(w.UpdatePersonalTokenNetworks(t.Context(), w.By(jane), own.ID, nil))
	})
}
