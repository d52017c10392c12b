package httpapi_test

import (
	"errors"
	"testing"
	"time"

	"github.com/axiomhq/axiom-go/axiom"
	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/apptest"
)

func axiomClient(t *testing.T, s *apptest.Server, token string) *axiom.Client {
	t.Helper()
	options := []axiom.Option{axiom.SetNoEnv(), axiom.SetURL(s.URL), axiom.SetToken(token)}
	if token == s.PersonalToken {
		options = append(options, axiom.SetOrganizationID(s.OrgID))
	}
	c, err := axiom.NewClient(options...)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func wantAxiom(t *testing.T, err, want error) {
	t.Helper()
	if !errors.Is(err, want) {
		t.Errorf("got %v, want %v", err, want)
	}
	var e axiom.HTTPError
	if !errors.As(err, &e) || e.TraceID == "" || e.Message == "" {
		t.Errorf("the error %#v lacks a trace id or a message", err)
	}
}

// The public Go client, unchanged, does every call on users.
func TestAxiomGoUsers(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	ctx := t.Context()
	api, personal := axiomClient(t, s, s.APIToken), axiomClient(t, s, s.PersonalToken)
	if err := errors.Join(api.ValidateCredentials(ctx), personal.ValidateCredentials(ctx)); err != nil {
		t.Fatal(err)
	}
	made, err := api.Users.Create(ctx, axiom.CreateUserRequest{Name: "Jane", Email: "jane@example.com", Role: "user"})
	if err != nil {
		t.Fatal(err)
	}
	got, err := api.Users.Get(ctx, made.ID)
	if err != nil || *got != *made {
		t.Errorf("got %+v, %v; made %+v", got, err, made)
	}
	all, err := api.Users.List(ctx)
	if err != nil || len(all) != 2 || *all[1] != *made {
		t.Errorf("list %+v, %v", all, err)
	}
	if got, err = api.Users.UpdateUsersRole(ctx, made.ID, axiom.UpdateUserRoleRequest{Role: "admin"}); err != nil || got.Role.ID != "admin" {
		t.Errorf("role %+v, %v", got, err)
	}
	me, err := personal.Users.Current(ctx)
	if err != nil || me.ID != s.UserID {
		t.Errorf("current %+v, %v", me, err)
	}
	if me, err = personal.Users.Update(ctx, s.UserID, axiom.UpdateUserRequest{Name: "Olivia O."}); err != nil || me.Name != "Olivia O." {
		t.Errorf("update %+v, %v", me, err)
	}

	_, err = api.Users.Create(ctx, axiom.CreateUserRequest{Name: "Jane", Email: "JANE@example.com", Role: "user"})
	wantAxiom(t, err, axiom.ErrExists)
	_, err = api.Users.Update(ctx, made.ID, axiom.UpdateUserRequest{Name: "x"})
	wantAxiom(t, err, axiom.ErrUnauthorized)
	_, err = api.Users.Get(ctx, "usr_nobody")
	wantAxiom(t, err, axiom.ErrNotFound)
	_, err = axiomClient(t, s, "xapt-5c7e7cf2-0000-4000-8000-000000000000").Users.List(ctx)
	wantAxiom(t, err, axiom.ErrUnauthenticated)
	_, err = axiomClient(t, s, s.APITokenWith(`"orgCapabilities":{"users":["read"]}`)).Users.Create(ctx, axiom.CreateUserRequest{})
	wantAxiom(t, err, axiom.ErrUnauthorized)

	if err := api.Users.Delete(ctx, made.ID); err != nil {
		t.Error(err)
	}
	wantAxiom(t, api.Users.Delete(ctx, made.ID), axiom.ErrNotFound)
}

// A token reads the same as its creation answered, to the nanosecond.
func TestAxiomGoTokens(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	ctx := t.Context()
	c := axiomClient(t, s, s.PersonalToken)
	for name, expires := range map[string]time.Time{"ends": time.Now().Add(24 * time.Hour), "never ends": {}} {
		made, err := c.Tokens.Create(ctx, axiom.CreateTokenRequest{
			Name: name, ExpiresAt: expires,
			DatasetCapabilities: map[string]axiom.DatasetCapabilities{"*": {Ingest: []axiom.Action{axiom.ActionCreate}}},
			OrganisationCapabilities: axiom.OrganisationCapabilities{
				Users: []axiom.Action{axiom.ActionCreate, axiom.ActionRead, axiom.ActionUpdate, axiom.ActionDelete},
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := c.Tokens.Get(ctx, made.ID)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(&made.APIToken, got); d != "" {
			t.Errorf("%s: created and read differ: %s", name, d)
		}
		if got.ExpiresAt.IsZero() != expires.IsZero() {
			t.Errorf("%s: ends %v", name, got.ExpiresAt)
		}
		if _, err := axiomClient(t, s, made.Token).Users.List(ctx); err != nil {
			t.Errorf("%s: the token does not work: %v", name, err)
		}
		again, err := c.Tokens.Regenerate(ctx, made.ID, axiom.RegenerateTokenRequest{
			ExistingTokenExpiresAt: time.Now(), NewTokenExpiresAt: time.Now().Add(time.Hour),
		})
		if err != nil || again.ID == made.ID {
			t.Fatalf("%+v, %v", again, err)
		}
		list, err := c.Tokens.List(ctx)
		if err != nil {
			t.Fatal(err)
		}
		found := map[string]bool{}
		for _, token := range list {
			found[token.ID] = cmp.Equal(token, &again.APIToken) || cmp.Equal(token, &made.APIToken)
		}
		if !found[again.ID] || found[made.ID] {
			t.Errorf("%s: the list has %v", name, found)
		}
		_, err = axiomClient(t, s, made.Token).Users.List(ctx)
		wantAxiom(t, err, axiom.ErrUnauthenticated)
		if err := c.Tokens.Delete(ctx, again.ID); err != nil {
			t.Error(err)
		}
		_, err = axiomClient(t, s, again.Token).Users.List(ctx)
		wantAxiom(t, err, axiom.ErrUnauthenticated)
	}
}

// On a fresh install the API token makes tokens with dataset capabilities.
func TestAxiomGoTokensFromTheFirstToken(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	made, err := axiomClient(t, s, s.APIToken).Tokens.Create(t.Context(), axiom.CreateTokenRequest{
		Name:                "ingest",
		DatasetCapabilities: map[string]axiom.DatasetCapabilities{"*": {Ingest: []axiom.Action{axiom.ActionCreate}}, "logs": {Query: []axiom.Action{axiom.ActionRead}}},
	})
	if err != nil || made.Token == "" {
		t.Errorf("%+v, %v", made, err)
	}
}

func TestAxiomGoOrganizations(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	c := axiomClient(t, s, s.PersonalToken)
	list, err := c.Organizations.List(t.Context())
	if err != nil || len(list) != 1 || list[0].ID != s.OrgID || list[0].Role != axiom.RoleOwner {
		t.Fatalf("%+v, %v", list, err)
	}
	got, err := c.Organizations.Get(t.Context(), s.OrgID)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(list[0], got); d != "" {
		t.Error(d)
	}
	if got.License.MaxQueryWindow <= 0 || got.CreatedAt.IsZero() {
		t.Errorf("read as %+v", got)
	}
	_, err = c.Organizations.Get(t.Context(), "other-x7q2")
	wantAxiom(t, err, axiom.ErrNotFound)
}

func TestAxiomGoLimit(t *testing.T) {
	t.Parallel()
	s := apptest.StartWith(t, apptest.Options{RateLimit: 1})
	c := axiomClient(t, s, s.APIToken)
	if _, err := c.Users.List(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, err := c.Users.List(t.Context())
	var limited axiom.LimitError
	if !errors.As(err, &limited) || limited.Limit.Limit != 1 || limited.Limit.Remaining != 0 || limited.Limit.Scope != axiom.LimitScopeOrganization {
		t.Errorf("got %#v", err)
	}
}
