package client_test

import (
	"encoding/json"
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/apptest"
)

func TestApplications(t *testing.T) {
	t.Parallel()
	ctx := t.Context()
	s := apptest.Start(t)
	c, err := client.New(s.URL, s.APIToken)
	if err != nil {
		t.Fatal(err)
	}
	types := map[string]client.ResourceType{"page": {Actions: []string{"read", "write"}, Instances: true}, "theme": {Actions: []string{"edit"}}}
	made, err := c.CreateApplication(ctx, client.Application{ID: "wiki", Name: "Wiki", Types: types})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(types, made.Types); d != "" || made.Scope != "organization" || made.CreatedAt == nil {
		t.Errorf("%+v: %s", made, d)
	}
	read, err := c.GetApplication(ctx, "wiki")
	if err != nil || read.ETag == "" {
		t.Fatalf("%+v, %v", read, err)
	}
	list, err := c.ListApplications(ctx)
	if err != nil || len(list) == 0 {
		t.Fatalf("%v, %v", list, err)
	}

	caps := client.AppCapabilities{"wiki": {
		"page": {On: map[string][]string{"docs-*": {"read"}, "home": {"read", "write"}}}, "theme": {Actions: []string{"edit"}},
	}}
	role, err := c.CreateRole(ctx, client.Role{Name: "Author", Capabilities: client.Capabilities{Apps: caps}})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(caps, role.Apps); d != "" {
		t.Error(d)
	}
	token, err := c.CreateAPIToken(ctx, client.NewAPIToken{Name: "Reader", Capabilities: client.Capabilities{Apps: caps}})
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(caps, token.Apps); d != "" {
		t.Error(d)
	}
	// A nil map leaves capabilities, and an empty one removes them.
	for _, in := range []struct{ apps, left client.AppCapabilities }{{nil, caps}, {client.AppCapabilities{}, nil}, {caps, caps}} {
		role.Apps = in.apps
		got, err := c.UpdateRole(ctx, role.ID, role)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(in.left, got.Apps); d != "" {
			t.Errorf("%v: %s", in.apps, d)
		}
	}

	// A capability that somebody holds is taken only by force, from the version that was read.
	less := read
	less.Types = map[string]client.ResourceType{"page": {Actions: []string{"read"}, Instances: true}}
	if _, err := c.UpdateApplication(ctx, "wiki", less, false); !errors.Is(err, client.ErrConflict) {
		t.Errorf("without force: %v", err)
	}
	var lost []client.AccessChange
	dry, err := client.New(s.URL, s.APIToken, client.WithDryRun(),
		client.WithAccessDiff(func(d client.AccessDiff) { lost = d.Changes }))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := dry.UpdateApplication(ctx, "wiki", less, true); err != nil {
		t.Fatal(err)
	}
	if want := []client.AccessChange{{
		Kind: "apiToken", ID: token.ID, Gained: []string{}, Lost: []string{"app:wiki:page:home|write", "app:wiki:theme|edit"},
	}}; !cmp.Equal(want, lost) {
		t.Errorf("the dry run says %s", cmp.Diff(want, lost))
	}
	if _, err := c.UpdateApplication(ctx, "wiki", less, true); err != nil {
		t.Fatal(err)
	}
	if _, err := c.UpdateApplication(ctx, "wiki", less, true); !errors.Is(err, client.ErrPreconditionFailed) {
		t.Errorf("the version that was read before: %v", err)
	}

	credential, err := c.CreateAppCredential(ctx, "wiki")
	if err != nil || credential.Credential == "" {
		t.Fatalf("%+v, %v", credential.ID, err)
	}
	all, err := c.ListAppCredentials(ctx, "wiki")
	if err != nil || len(all) != 1 || all[0].ID != credential.ID || all[0].Credential != "" {
		t.Errorf("%+v, %v", all, err)
	}
	if err := c.DeleteAppCredential(ctx, "wiki", credential.ID); err != nil {
		t.Error(err)
	}
	if err := c.DeleteApplication(ctx, "wiki", false); !errors.Is(err, client.ErrConflict) {
		t.Errorf("without force: %v", err)
	}
	if err := c.DeleteApplication(ctx, "wiki", true); err != nil {
		t.Error(err)
	}
	if _, err := c.GetApplication(ctx, "wiki"); !errors.Is(err, client.ErrNotFound) {
		t.Errorf("deleted: %v", err)
	}
}

// Where there are none, the member is left out, as clients of the published API do. An
// empty map is sent, because it removes what there is.
func TestAppCapabilitiesAreSentIfGiven(t *testing.T) {
	t.Parallel()
	for want, caps := range map[string]client.Capabilities{
		`{"orgCapabilities":null,"datasetCapabilities":null}`:                      {},
		`{"orgCapabilities":null,"datasetCapabilities":null,"appCapabilities":{}}`: {Apps: client.AppCapabilities{}},
	} {
		if b, err := json.Marshal(caps); err != nil || string(b) != want {
			t.Errorf("%s, %v, want %s", b, err, want)
		}
	}
}
