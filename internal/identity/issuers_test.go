package identity_test

import (
	"bytes"
	"slices"
	"testing"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/roles"
)

func TestOnlyOwnersChangeIssuers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.Issuer(nil)
	rival := w.Tenant("Rival")
	session := w.InSession(w.SignIn(w.Owner.User), w.Org.ID)
	for name, c := range map[string]struct {
		call   directory.Call
		reads  directory.Code
		writes directory.Code
	}{
		"owner":                      {w.ByOwner(), "", ""},
		"session of the owner":       {session, "", ""},
		"admin":                      {w.By(w.Join("Ada", "admin")), "", directory.Forbidden},
		"user":                       {w.By(w.Join("Ulf", "user")), directory.Forbidden, directory.Forbidden},
		"API token of the owner":     {w.As(w.APIToken, w.Org.ID), directory.Forbidden, directory.Forbidden},
		"owner of another, NotFound": {w.By(rival), directory.NotFound, directory.NotFound},
	} {
		_, err := w.GetIssuer(t.Context(), c.call, i.ID)
		w.Wants(name+" reads", c.reads, err)
		_, err = w.UpdateIssuer(t.Context(), c.call, i.ID, directorytest.NewIssuer())
		w.Wants(name+" updates", c.writes, err)
	}
	w.Pass(directory.FreshFor)
	_, err := w.UpdateIssuer(t.Context(), session, i.ID, directorytest.NewIssuer())
	w.Wants("a session whose sign-in is too long ago", directory.Reauthenticate, err)
	w.Wants("delete", directory.Reauthenticate, w.DeleteIssuer(t.Context(), session, i.ID))
	w.Wants("delete by the owner", "", w.DeleteIssuer(t.Context(), w.ByOwner(), i.ID))
	_, err = w.GetIssuer(t.Context(), w.ByOwner(), i.ID)
	w.Wants("deleted", directory.NotFound, err)
	if got := w.actionsSince(0); !slices.Contains(got, "createIssuer") || !slices.Contains(got, "updateIssuer") || !slices.Contains(got, "deleteIssuer") {
		t.Errorf("the log has %q", got)
	}
}

func (w *world) actionsSince(position int64) (actions []string) {
	w.Helper()
	for _, e := range w.Since(position) {
		actions = append(actions, e.Action)
	}
	return actions
}

func TestIssuerInputIsChecked(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	owners := must(w.CreateGroup(t.Context(), w.ByOwner(), roles.NewGroup{Name: "Ops"}))(t)
	for name, change := range map[string]func(*identity.NewIssuer){
		"no name":            func(i *identity.NewIssuer) { i.Name = "" },
		"http":               func(i *identity.NewIssuer) { i.URL = "http://sso.example.com" },
		"query":              func(i *identity.NewIssuer) { i.URL += "?x" },
		"no client":          func(i *identity.NewIssuer) { i.ClientID = "" },
		"no secret":          func(i *identity.NewIssuer) { i.ClientSecret = "" },
		"secret with spaces": func(i *identity.NewIssuer) { i.ClientSecret = "a b" },
		"scope":              func(i *identity.NewIssuer) { i.Scopes = []string{"a b"} },
		"groups, no claim":   func(i *identity.NewIssuer) { i.Groups = []directory.GroupRule{{Value: "x", GroupID: owners.ID}} },
		"unknown group": func(i *identity.NewIssuer) {
			i.GroupsClaim, i.Groups = "groups", []directory.GroupRule{{Value: "x", GroupID: "grp_x"}}
		},
		"empty value": func(i *identity.NewIssuer) {
			i.GroupsClaim, i.Groups = "groups", []directory.GroupRule{{GroupID: owners.ID}}
		},
	} {
		in := directorytest.NewIssuer()
		change(&in)
		_, err := w.CreateIssuer(t.Context(), w.ByOwner(), in)
		w.Wants(name, directory.Invalid, err)
	}
	i := w.Issuer(nil)
	_, err := w.CreateIssuer(t.Context(), w.ByOwner(), directorytest.NewIssuer())
	w.Wants("again", directory.Conflict, err)
	in := directorytest.NewIssuer()
	in.URL = "https://other.example.com"
	_, err = w.UpdateIssuer(t.Context(), w.ByOwner(), i.ID, in)
	w.Wants("another URL", directory.Invalid, err)
	in = directorytest.NewIssuer()
	in.ClientID = "other"
	_, err = w.UpdateIssuer(t.Context(), w.ByOwner(), i.ID, in)
	w.Wants("another client", directory.Invalid, err)

	most := limits.Default()
	most.Issuers = 1
	w.configure(directory.WithLimits(most))
	in.ClientID = "second"
	_, err = w.CreateIssuer(t.Context(), w.ByOwner(), in)
	w.Wants("one too many", directory.LimitExceeded, err)
}

// The client's secret is kept sealed for its issuer, and an update without one keeps it.
func TestClientSecretIsSealed(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.Issuer(nil)
	if bytes.Contains(i.SealedSecret, []byte("the-client-secret")) {
		t.Error("the secret is stored as it is")
	}
	in := directorytest.NewIssuer()
	in.ClientSecret = ""
	must(w.UpdateIssuer(t.Context(), w.ByOwner(), i.ID, in))(t)
	if got := must(w.IssuerToSignIn(t.Context(), directory.Call{}, w.Org.ID, i.ID))(t); got.ClientSecret != "the-client-secret" {
		t.Errorf("the secret is %q", got.ClientSecret)
	}
	in.ClientID, in.ClientSecret = "other", "another"
	moved := must(w.CreateIssuer(t.Context(), w.ByOwner(), in))(t)
	moved.SealedSecret = i.SealedSecret
	w.Wants("move the secret", "", w.DB.Write(t.Context(), func(tx directory.Tx) error { return tx.UpdateIssuer(moved) }))
	_, err := w.IssuerToSignIn(t.Context(), directory.Call{}, w.Org.ID, moved.ID)
	w.Wants("the secret of another issuer", directory.Unavailable, err)
	for _, e := range w.Since(0) {
		if bytes.Contains(e.After, []byte("client-secret")) || bytes.Contains(e.Before, []byte("client-secret")) {
			t.Errorf("the entry %s shows the secret", e.Action)
		}
	}
}

func TestIssuersAreOfferedByOrganizationOrDomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.Issuer(nil)
	want := []identity.OfferedIssuer{{OrgID: w.Org.ID, ID: i.ID, Name: i.Name}}
	for text, there := range map[string]bool{
		string(w.Org.ID): true, "olivia@example.com": true, "nobody@EXAMPLE.com": true, "x@example.org": false, "nowhere": false, "": false, "@": false,
	} {
		got := must(w.IssuersFor(t.Context(), directory.Call{}, text))(t)
		if slices.Equal(got, want) != there || (!there && len(got) > 0) {
			t.Errorf("%q: %+v", text, got)
		}
	}
}

// A key is rotated without entering the secrets of issuers again: an update seals them with
// the newest key.
func TestUpdateSealsTheSecretWithTheNewestKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	older, newer := must(audit.GenerateKey("roster.test"))(t), must(audit.GenerateKey("roster.test"))(t)
	with := func(file string) *identity.Proofs {
		return identity.New(w.Service, must(audit.ParseKeyring([]byte(file)))(t), w.Clock, identity.Options{})
	}
	i := must(with(older).CreateIssuer(t.Context(), w.ByOwner(), directorytest.NewIssuer()))(t)
	open := func(p *identity.Proofs) error {
		client, err := p.IssuerToSignIn(t.Context(), directory.Call{}, w.Org.ID, i.ID)
		if err == nil && client.ClientSecret != "the-client-secret" {
			t.Errorf("the secret is %q", client.ClientSecret)
		}
		return err
	}
	w.Wants("with the older key behind the newer one", "", open(with(newer+"\n"+older)))
	w.Wants("without the older key", directory.Unavailable, open(with(newer)))
	unchanged := directorytest.NewIssuer()
	unchanged.ClientSecret = ""
	must(with(newer+"\n"+older).UpdateIssuer(t.Context(), w.ByOwner(), i.ID, unchanged))(t)
	w.Wants("without the older key, after an update", "", open(with(newer)))
}
