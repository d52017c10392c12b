package onboarding_test

import (
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/store"
)

func TestInitialize(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	if p := w.ByOwner().Principal; p.Role != "owner" || !p.Capabilities.Equal(authz.Everything()) {
		t.Errorf("the owner acts as %+v", p)
	}
	if p := w.As(w.APIToken, "").Principal; !p.Capabilities.Equal(authz.Everything()) || !p.Giving.Equal(authz.Unlimited()) {
		t.Errorf("the API token acts with %v", p.Capabilities.Names())
	}
	var actions []string
	for _, e := range w.Since(0) {
		actions = append(actions, e.Action)
		if e.Actor != (directory.Actor{Kind: directory.ActorOperator, Name: "operator"}) || e.OrgID != w.Org.ID {
			t.Errorf("entry %+v", e)
		}
	}
	if len(actions) != 5 {
		t.Errorf("entries %v", actions)
	}
	w.NoSecrets()
	w.Refused("again", directory.Conflict, "", func() error {
		return second(w.Initialize(t.Context(), onboarding.NewDeployment{OrgName: "B", OwnerName: "B", OwnerEmail: "b@example.com"}))
	})
}

func TestInitializeRefuses(t *testing.T) {
	t.Parallel()
	db := must(store.Open(t.Context(), directorytest.Database(t), directorytest.StoreOptions))(t)
	t.Cleanup(func() { _ = db.Close() })
	s := onboarding.New(directory.NewService(db, dbtest.Keys(), time.Now), onboarding.Options{})
	for field, in := range map[string]onboarding.NewDeployment{
		"org":         {OrgName: " ", OwnerName: "A", OwnerEmail: "a@example.com"},
		"owner-name":  {OrgName: "A", OwnerName: "a\nb", OwnerEmail: "a@example.com"},
		"owner-email": {OrgName: "A", OwnerName: "A", OwnerEmail: "a"},
	} {
		_, err := s.Initialize(t.Context(), in)
		if e, ok := err.(*directory.Error); !ok || e.Code != directory.Invalid || e.Field != field { //nolint:errorlint // as it is answered
			t.Errorf("%s: %v", field, err)
		}
	}
	// Nothing stayed: it is the first time still.
	must(s.Initialize(t.Context(), onboarding.NewDeployment{OrgName: "A", OwnerName: "A", OwnerEmail: "a@example.com"}))(t)
}

// The operator's way back in: any account, no permission, and it is written down.
func TestCreatePersonalTokenFor(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "user")
	last := w.LastEntry()
	issued := must(w.CreatePersonalTokenFor(t.Context(), "JANE@example.com", credentials.NewPersonalToken{
		Name: "back in", ExpiresAt: w.Clock().Add(time.Hour),
	}))(t)
	if p := w.As(issued.Secret, "").Principal; p.UserID != jane.ID {
		t.Errorf("acts as %+v", p)
	}
	list := w.Since(last)
	if len(list) != 1 || list[0].Actor.Kind != directory.ActorOperator || list[0].Action != "createPersonalToken" || list[0].Target.ID != string(issued.ID) {
		t.Errorf("the log holds %+v", list)
	}
	w.NoSecrets(issued.Secret)
	for what, tt := range map[string]struct {
		email string
		in    credentials.NewPersonalToken
		code  directory.Code
	}{
		"nobody":      {"nobody@example.com", credentials.NewPersonalToken{Name: "x"}, directory.NotFound},
		"no name":     {jane.Email, credentials.NewPersonalToken{}, directory.Invalid},
		"in the past": {jane.Email, credentials.NewPersonalToken{Name: "x", ExpiresAt: w.Clock()}, directory.Invalid},
	} {
		w.Refused(what, tt.code, "", func() error {
			return second(w.CreatePersonalTokenFor(t.Context(), tt.email, tt.in))
		})
	}
}
