package provisioning_test

import (
	"context"
	"encoding/json"
	"maps"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/history"
	"github.com/rosterhq/roster/internal/provisioning"
)

// The log leads to the profiles that are stored. The check finds a change that the log does not have.
func TestLogLeadsToTheProfiles(t *testing.T) {
	w := newWorld(t)
	w.Provisioner = provisioning.New(w.Service, w.Onboarder, acceptSchemas)
	jane, group := w.create("jane"), w.createGroup("Sales")
	_, err := w.modify(jane.ID, func(p *provisioning.Profile) {
		p.UserName = "OLAF@example.com"
		p.Attributes = maps.Clone(p.Attributes)
		delete(p.Attributes, "displayName")
		p.Attributes["level"], p.Attributes["tags"] = 1e3, []any{"a", map[string]any{"b": 0.10}}
	})
	w.Wants("rename", "", err)
	rival := w.Join("Olaf", "user") // whose address is another's user name
	_, err = w.modify(rival.ID, func(p *provisioning.Profile) { p.ExternalID = "olaf" })
	w.Wants("take over", "", err)
	_, err = w.modify(w.Owner.ID, func(p *provisioning.Profile) { p.ExternalID = "owner" })
	w.Wants("take over the owner", "", err)
	_, err = w.modifyGroup(group.ID, func(c *provisioning.GroupChange) {
		c.ExternalID, c.Attributes = "g", map[string]any{"cost": "4130"}
	})
	w.Wants("change the group", "", err)
	_, err = w.UpdateSettings(t.Context(), w.ByOwner(), provisioning.Settings{DefaultRole: "none", BreakerPercent: 30, Schemas: []byte(`[ {"b":1,"a":2} ]`)})
	w.Wants("settings", "", err)
	w.checkLog()

	org := w.Org.ID
	for name, past := range map[string]func(directory.Tx) error{
		"a user name": func(tx directory.Tx) error {
			return w.edit(tx, jane.ID, func(p *directory.Profile) { p.UserName = "somebody" })
		},
		"an external id": func(tx directory.Tx) error {
			return w.edit(tx, jane.ID, func(p *directory.Profile) { p.ExternalID = "" })
		},
		"an attribute": func(tx directory.Tx) error {
			return w.edit(tx, jane.ID, func(p *directory.Profile) { p.Attributes["level"] = 1001 })
		},
		"a missing attribute": func(tx directory.Tx) error {
			return w.edit(tx, jane.ID, func(p *directory.Profile) { delete(p.Attributes, "tags") })
		},
		"a version": func(tx directory.Tx) error {
			return w.edit(tx, jane.ID, func(p *directory.Profile) { p.Version++ })
		},
		"a group's external id": func(tx directory.Tx) error {
			return tx.PutGroupProfile(org, group.ID, directory.GroupProfile{ExternalID: "x", Attributes: map[string]any{"cost": "4130"}})
		},
		"a group's attribute": func(tx directory.Tx) error {
			return tx.PutGroupProfile(org, group.ID, directory.GroupProfile{ExternalID: "g"})
		},
		"the settings": func(tx directory.Tx) error {
			return tx.SetProvisioningSettings(org, directory.ProvisioningSettings{DefaultRole: "none", BreakerPercent: 99})
		},
	} {
		err := w.DB.Write(t.Context(), func(tx directory.Tx) error {
			if err := past(tx); err != nil {
				return err
			}
			if err := history.Check(t.Context(), inside{w.DB, tx}, org); err == nil {
				t.Errorf("%s that the log does not have is not found", name)
			}
			return directory.Errorf(directory.Conflict, "rolled back")
		})
		if directory.CodeOf(err) != directory.Conflict {
			t.Fatalf("%s: %v", name, err)
		}
	}
	w.checkLog()
	w.Wants("remove", "", w.Provisioner.DeleteUser(t.Context(), w.call(), jane.ID, nil))
	w.Wants("delete through v2", "", w.Catalog.DeleteGroup(t.Context(), w.ByOwner(), group.ID))
	w.checkLog()
}

func acceptSchemas(in json.RawMessage) (json.RawMessage, []directory.UniqueAttribute, error) {
	return in, nil, nil
}

// inside is a store whose reads are those of a transaction under way.
type inside struct {
	directory.Store
	tx directory.Tx
}

func (s inside) Read(_ context.Context, fn func(directory.Tx) error) error { return fn(s.tx) }

// edit changes a stored profile past the log.
func (w *world) edit(tx directory.Tx, id directory.UserID, change func(*directory.Profile)) error {
	u, err := tx.Profiled(w.Org.ID, id)
	if err != nil {
		return err
	}
	change(&u.Profile)
	return tx.PutProfile(w.Org.ID, id, u.Profile)
}

// Erased, nothing that a directory said of a former user is left anywhere.
func TestErasureTakesProfilesAlong(t *testing.T) {
	w := newWorld(t)
	p := profile("janine")
	p.Attributes["phoneNumbers"] = []any{map[string]any{"value": "555-janine"}}
	janine := directorytest.Must(w.Provisioner.CreateUser(t.Context(), w.call(), p))(t)
	_, err := w.modify(janine.ID, func(p *provisioning.Profile) { p.UserName = "janine.doe" })
	w.Wants("rename", "", err)
	_, err = w.Provisioner.CreateUser(t.Context(), w.call(), p)
	w.Wants("create once more", directory.Conflict, err)
	for _, u := range w.fill(provisioning.FreeLosses + 1) {
		w.Wants("suspend", "", w.suspend(u.ID))
	}
	w.Wants("suspend one too many", directory.Conflict, w.suspend(janine.ID))
	_, err = w.ApproveHold(t.Context(), w.ByOwner())
	w.Wants("approve", "", err)
	w.Wants("remove", "", w.Provisioner.DeleteUser(t.Context(), w.call(), janine.ID, nil))
	trail := auditlog.New(w.Service, w.DB, dbtest.Keys())
	n, err := trail.EraseUser(t.Context(), w.ByOwner(), janine.ID)
	if err != nil || n < 3 {
		t.Fatalf("%d entries erased, %v", n, err)
	}
	for name, rows := range dbtest.Tables(t, w.Database) {
		for _, row := range rows {
			if strings.Contains(strings.ToLower(row), "janine") {
				t.Errorf("%s has %s", name, row)
			}
		}
	}
	w.checkLog()
}
