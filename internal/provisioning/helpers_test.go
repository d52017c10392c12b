package provisioning_test

import (
	"testing"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/history"
	"github.com/rosterhq/roster/internal/provisioning"
)

// world is an organization with a directory that acts with an API token.
type world struct {
	*directorytest.World
	*provisioning.Provisioner
	token credentials.IssuedAPIToken
}

func newWorld(t testing.TB) *world {
	t.Helper()
	w := &world{World: directorytest.New(t)}
	w.Provisioner = provisioning.New(w.Service, w.Onboarder, checkSchemas)
	w.token = directorytest.Must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{
		Name: "Directory", Capabilities: capabilities(t, "users", "rbac"),
	}))(t)
	return w
}

// capabilities are all of some resources.
func capabilities(t testing.TB, resources ...string) authz.Set {
	t.Helper()
	var s authz.Set
	for _, r := range resources {
		for _, a := range []authz.Action{authz.Create, authz.Read, authz.Update, authz.Delete} {
			grants, ok := authz.Org.Grant(authz.Pair{Resource: r, Action: a})
			if ok { // apiTokens and others lack some
				s.Org |= grants
			}
		}
	}
	return s
}

// call starts a call by the directory.
func (w *world) call() directory.Call {
	w.Helper()
	return directory.Call{Principal: directorytest.Must(w.Authenticate(w.Context(), w.token.Secret, w.Org.ID))(w)}
}

// profile is one that a directory sends.
func profile(name string) provisioning.Profile {
	return provisioning.Profile{
		UserName: name + "@example.com", ExternalID: "ext-" + name, Active: true,
		Attributes: map[string]any{
			"displayName": "The " + name,
			"emails":      []any{map[string]any{"value": name + "@example.com", "primary": true}},
		},
	}
}

func (w *world) create(name string) provisioning.Person {
	w.Helper()
	return directorytest.Must(w.Provisioner.CreateUser(w.Context(), w.call(), profile(name)))(w)
}

// modify changes a user's profile.
func (w *world) modify(id directory.UserID, change func(*provisioning.Profile)) (provisioning.Person, error) {
	w.Helper()
	return w.ModifyUser(w.Context(), w.call(), id, func(p provisioning.Person) (provisioning.Profile, error) {
		want := p.Profile
		change(&want)
		return want, nil
	})
}

func (w *world) suspend(id directory.UserID) error {
	w.Helper()
	_, err := w.modify(id, func(p *provisioning.Profile) { p.Active = false })
	return err
}

func (w *world) person(id directory.UserID) provisioning.Person {
	w.Helper()
	return directorytest.Must(w.Provisioner.GetUser(w.Context(), w.call(), id))(w)
}

// actions are the actions of the entries since a position.
func (w *world) actions(since int64) (all []string) {
	w.Helper()
	w.Settle()
	for _, e := range w.Since(since) {
		all = append(all, e.Action)
	}
	return all
}

// last is the position of the last entry.
func (w *world) last() (position int64) {
	w.Helper()
	w.Settle()
	for _, e := range w.Since(0) {
		position = e.Position
	}
	return position
}

// checkLog compares what the log leads to with what is stored.
func (w *world) checkLog() {
	w.Helper()
	w.Settle()
	if err := history.Check(w.Context(), w.DB, w.Org.ID); err != nil {
		w.Errorf("the log: %v", err)
	}
}

// rival is the owner of another organization, with a verified address.
func (w *world) rival() directorytest.Member {
	w.Helper()
	rival := w.Tenant("Rival")
	err := w.DB.Write(w.Context(), func(tx directory.Tx) error { return tx.MarkAccount(rival.AccountID, w.Clock(), w.Clock()) })
	if err != nil {
		w.Fatal(err)
	}
	return rival
}
