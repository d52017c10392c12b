package provisioning_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/provisioning"
)

const (
	userSchema  = "urn:example:acme:User"
	groupSchema = "urn:example:acme:Group"
)

// checkSchemas takes a list of unique attributes for schemas.
func checkSchemas(in json.RawMessage) (json.RawMessage, []directory.UniqueAttribute, error) {
	var unique []directory.UniqueAttribute
	err := json.Unmarshal(in, &unique)
	return in, unique, err
}

var (
	badge = directory.UniqueAttribute{Path: directory.Path{userSchema, "badge"}}
	color = directory.UniqueAttribute{Path: directory.Path{groupSchema, "color"}, CaseExact: true, OfGroups: true}
)

// makeUnique makes attributes unique, and no others.
func (w *world) makeUnique(unique ...directory.UniqueAttribute) error {
	w.Helper()
	b, err := json.Marshal(unique)
	if err != nil {
		w.Fatal(err)
	}
	_, err = w.UpdateSettings(w.Context(), w.ByOwner(), provisioning.Settings{DefaultRole: "user", BreakerPercent: 100, Schemas: b})
	return err
}

func badged(name, value string) provisioning.Profile {
	p := profile(name)
	p.Attributes[userSchema] = map[string]any{"badge": value}
	return p
}

func (w *world) taken(err error, field string) {
	w.Helper()
	if directory.CodeOf(err) != directory.Conflict || !strings.Contains(err.Error(), field) {
		w.Errorf("error %v, want a conflict about %s", err, field)
	}
}

func TestUniqueAttributesOfUsers(t *testing.T) {
	w := newWorld(t)
	must := func(p provisioning.Person, err error) provisioning.Person {
		t.Helper()
		return directorytest.Must(p, err)(t)
	}
	setBadge := func(id directory.UserID, value string) error {
		_, err := w.modify(id, func(p *provisioning.Profile) { p.Attributes = badged("x", value).Attributes })
		return err
	}
	jane := must(w.Provisioner.CreateUser(t.Context(), w.call(), badged("jane", "A1")))
	carl := must(w.Provisioner.CreateUser(t.Context(), w.call(), badged("carl", "B2")))
	if err := w.makeUnique(badge); err != nil {
		t.Fatal(err)
	}

	_, err := w.Provisioner.CreateUser(t.Context(), w.call(), badged("dora", "a1"))
	w.taken(err, badge.Name())
	w.taken(setBadge(carl.ID, "a1"), badge.Name())
	_, err = w.UpdateUserProfile(t.Context(), w.call(), carl.ID, "", badged("carl", "A1").Attributes)
	w.taken(err, badge.Name())
	if err := setBadge(jane.ID, "a1"); err != nil {
		t.Errorf("one's own value in other letters: %v", err)
	}

	// A value is free once its holder has another, or is gone.
	if err := setBadge(jane.ID, "C3"); err != nil {
		t.Fatal(err)
	}
	if err := setBadge(carl.ID, "A1"); err != nil {
		t.Errorf("a value that was given up: %v", err)
	}
	if err := w.Roll.RemoveUser(t.Context(), w.ByOwner(), carl.ID); err != nil {
		t.Fatal(err)
	}
	dora := must(w.Provisioner.CreateUser(t.Context(), w.call(), badged("dora", "A1")))
	w.checkLog()

	// Without the schema, users may have the same value, and then it can't become unique.
	if err := w.makeUnique(); err != nil {
		t.Fatal(err)
	}
	if err := setBadge(jane.ID, "A1"); err != nil {
		t.Errorf("not unique any more: %v", err)
	}
	since := w.last()
	w.taken(w.makeUnique(badge), string(jane.ID))
	w.taken(w.makeUnique(badge), string(dora.ID))
	if done := w.actions(since); len(done) > 0 {
		t.Errorf("the refusals have entries: %v", done)
	}
	exact := badge
	exact.CaseExact = true
	if err := setBadge(jane.ID, "a1"); err != nil {
		t.Fatal(err)
	}
	if err := w.makeUnique(exact); err != nil {
		t.Errorf("values that differ in letter case: %v", err)
	}
	w.taken(w.makeUnique(badge), badge.Name())
	w.taken(setBadge(jane.ID, "A1"), badge.Name())
	w.checkLog()
}

func TestUniqueAttributesOfGroups(t *testing.T) {
	w := newWorld(t)
	create := func(name, value string) (provisioning.Group, error) {
		return w.Provisioner.CreateGroup(t.Context(), w.call(), provisioning.GroupChange{
			Name: name, Attributes: map[string]any{groupSchema: map[string]any{"color": value}},
		})
	}
	red := directorytest.Must(create("Red", "red"))(t)
	if err := w.makeUnique(badge, color); err != nil {
		t.Fatal(err)
	}
	_, err := create("Ruby", "red")
	w.taken(err, color.Name())
	blue := directorytest.Must(create("Blue", "blue"))(t)
	_, err = w.ModifyGroup(t.Context(), w.call(), blue.ID, false, func(g provisioning.Group) (provisioning.GroupChange, error) {
		return provisioning.GroupChange{Name: g.Name, Attributes: red.Attributes}, nil
	})
	w.taken(err, color.Name())
	if err := w.Provisioner.DeleteGroup(t.Context(), w.call(), red.ID, nil); err != nil {
		t.Fatal(err)
	}
	directorytest.Must(create("Ruby", "red"))(t)
	w.checkLog()
}

func TestUniqueAttributesAreLimited(t *testing.T) {
	w := newWorld(t)
	var many []directory.UniqueAttribute
	for i := range provisioning.MaxUniqueAttributes + 1 {
		many = append(many, directory.UniqueAttribute{Path: directory.Path{userSchema, fmt.Sprint(i)}})
	}
	if err := w.makeUnique(many...); directory.CodeOf(err) != directory.Invalid {
		t.Errorf("%d unique attributes: %v", len(many), err)
	}
	values := make([]any, provisioning.MaxUniqueValues+1)
	for i := range values {
		values[i] = fmt.Sprint(i)
	}
	p := profile("jane")
	p.Attributes[userSchema] = map[string]any{"badge": values}
	jane := directorytest.Must(w.Provisioner.CreateUser(t.Context(), w.call(), p))(t)
	if err := w.makeUnique(badge); directory.CodeOf(err) != directory.Invalid {
		t.Errorf("%d values: %v", len(values), err)
	}
	_, err := w.modify(jane.ID, func(p *provisioning.Profile) { p.Attributes[userSchema] = map[string]any{"badge": values[1:]} })
	if err != nil {
		t.Fatal(err)
	}
	if err := w.makeUnique(badge); err != nil {
		t.Errorf("%d values: %v", len(values)-1, err)
	}
}

func TestRacingWritesKeepValuesUnique(t *testing.T) {
	w := newWorld(t)
	if err := w.makeUnique(badge); err != nil {
		t.Fatal(err)
	}
	call := w.call()
	made := w.race(16, func(i int) error {
		_, err := w.Provisioner.CreateUser(t.Context(), call, badged(fmt.Sprintf("u%d", i), []string{"a1", "A1"}[i%2]))
		return err
	})
	if made != 1 {
		t.Errorf("%d users have one value", made)
	}
	w.checkLog()
}

// Whichever comes first, a schema or the second user with a value, the other is refused.
func TestSchemaRacesWithTheValuesThatItMakesUnique(t *testing.T) {
	w := newWorld(t)
	call, owner := w.call(), w.ByOwner()
	schemas := json.RawMessage(`[{"path": ["` + userSchema + `", "badge"]}]`)
	var stored, refused bool
	made := w.race(16, func(i int) error {
		if i == 8 {
			_, err := w.UpdateSettings(t.Context(), owner, provisioning.Settings{DefaultRole: "user", BreakerPercent: 20, Schemas: schemas})
			stored, refused = err == nil, directory.CodeOf(err) == directory.Conflict
			return err
		}
		_, err := w.Provisioner.CreateUser(t.Context(), call, badged(fmt.Sprintf("u%d", i), "A1"))
		return err
	})
	if stored && made != 2 || refused && made != 15 || stored == refused {
		t.Errorf("stored %t, refused %t, and %d calls succeeded", stored, refused, made)
	}
}
