package provisioning_test

import (
	"flag"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/text"
)

// model is what an organization has to be after some moves of its directory and of
// callers of v2. The breaker has a share that no run reaches, but for one move.
type model struct {
	*world
	users  map[directory.UserID]*modelUser
	groups map[directory.GroupID]*modelGroup
	made   int
}

type modelUser struct {
	userName, externalID, title string
	active, owner               bool
}

type modelGroup struct {
	name    string
	managed bool
	members map[directory.UserID]bool
}

func newModel(t testing.TB) *model {
	m := &model{world: newWorld(t), users: make(map[directory.UserID]*modelUser), groups: make(map[directory.GroupID]*modelGroup)}
	directorytest.Must(m.UpdateSettings(t.Context(), m.ByOwner(), provisioning.Settings{DefaultRole: "user", BreakerPercent: 100}))(t)
	m.users[m.Owner.ID] = &modelUser{userName: m.Owner.Email, active: true, owner: true}
	return m
}

func anyOf[K ~string, V any](t *rapid.T, label string, of map[K]V) K {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(of))).Draw(t, label)
}

// taken reports whether another user has a user name.
func (m *model) taken(name string, but directory.UserID) bool {
	for id, u := range m.users {
		if id != but && strings.EqualFold(u.userName, name) {
			return true
		}
	}
	return false
}

// gives wants an error of a code, "" for none.
func gives(t *rapid.T, what string, want directory.Code, err error) {
	if got := directory.CodeOf(err); got != want || (want == "" && err != nil) {
		t.Fatalf("%s: %v, want %q", what, err, want)
	}
}

var names = []string{"ann", "Bob", "ANN", "bob", "cyd"}

func (m *model) createUser(t *rapid.T) {
	m.made++
	name := rapid.SampledFrom(names).Draw(t, "name")
	p := provisioning.Profile{
		UserName: name, Active: rapid.Bool().Draw(t, "active"), ExternalID: rapid.SampledFrom([]string{"", "x"}).Draw(t, "external id"),
		Attributes: map[string]any{"emails": []any{map[string]any{"value": fmt.Sprintf("u%d@example.com", m.made), "primary": true}}},
	}
	var want directory.Code
	if m.taken(name, "") {
		want = directory.Conflict
	}
	u, err := m.Provisioner.CreateUser(m.Context(), m.call(), p)
	gives(t, "create "+name, want, err)
	if err == nil {
		m.users[u.ID] = &modelUser{userName: name, externalID: p.ExternalID, active: p.Active}
	}
}

func (m *model) createByV2(t *rapid.T) {
	m.made++
	email := fmt.Sprintf("v%d@example.com", m.made)
	u, err := m.Roll.CreateUser(m.Context(), m.ByOwner(), members.NewUser{Name: "V2", Email: email, Role: "user"})
	gives(t, "create by v2", "", err)
	m.users[u.ID] = &modelUser{userName: email, active: true}
}

func (m *model) modifyUser(t *rapid.T) {
	id := anyOf(t, "user", m.users)
	u := m.users[id]
	want := *u
	if rapid.Bool().Draw(t, "rename") {
		want.userName = rapid.SampledFrom(names).Draw(t, "name")
	}
	want.title = rapid.SampledFrom([]string{"", "boss", "chief"}).Draw(t, "title")
	want.active = rapid.Bool().Draw(t, "active")
	var code directory.Code
	switch {
	case !want.active && u.active && u.owner:
		code = directory.Conflict
	case m.taken(want.userName, id):
		code = directory.Conflict
	}
	_, err := m.modify(id, func(p *provisioning.Profile) {
		p.UserName, p.Active = want.userName, want.active
		attributes := make(map[string]any)
		maps.Copy(attributes, p.Attributes)
		delete(attributes, "title")
		if want.title != "" {
			attributes["title"] = want.title
		}
		p.Attributes = attributes
	})
	gives(t, "modify", code, err)
	if err == nil {
		*u = want
	}
}

func (m *model) removeUser(t *rapid.T) {
	id := anyOf(t, "user", m.users)
	var err error
	if rapid.Bool().Draw(t, "by v2") {
		err = m.RemoveUser(m.Context(), m.ByOwner(), id)
	} else {
		err = m.Provisioner.DeleteUser(m.Context(), m.call(), id, nil)
	}
	if m.users[id].owner {
		gives(t, "remove the owner", directory.Conflict, err)
		return
	}
	gives(t, "remove", "", err)
	delete(m.users, id)
	for _, g := range m.groups {
		delete(g.members, id)
	}
}

func (m *model) statusByV2(t *rapid.T) {
	id := anyOf(t, "user", m.users)
	u := m.users[id]
	status, code := directory.Active, directory.Code("")
	if rapid.Bool().Draw(t, "suspend") {
		status = directory.Suspended
		if u.owner {
			code = directory.Conflict
		}
	}
	_, err := m.UpdateUserStatus(m.Context(), m.ByOwner(), id, status)
	gives(t, "status by v2", code, err)
	if err == nil {
		u.active = status == directory.Active
	}
}

func (m *model) profileByV2(t *rapid.T) {
	id := anyOf(t, "user", m.users)
	external := rapid.SampledFrom([]string{"", "y"}).Draw(t, "external id")
	_, err := m.UpdateUserProfile(m.Context(), m.ByOwner(), id, external, map[string]any{"title": "set by v2"})
	gives(t, "profile by v2", "", err)
	m.users[id].externalID, m.users[id].title = external, "set by v2"
}

func (m *model) groupNamed(name string, but directory.GroupID) bool {
	for id, g := range m.groups {
		if id != but && strings.EqualFold(g.name, name) {
			return true
		}
	}
	return false
}

func (m *model) createGroup(t *rapid.T) {
	name := rapid.SampledFrom(names).Draw(t, "name")
	member := anyOf(t, "member", m.users)
	var code directory.Code
	if m.groupNamed(name, "") {
		code = directory.Conflict
	}
	managed := rapid.Bool().Draw(t, "managed")
	var id directory.GroupID
	var err error
	if members := []directory.UserID{member}; managed {
		var g provisioning.Group
		g, err = m.Provisioner.CreateGroup(m.Context(), m.call(), provisioning.GroupChange{Name: name, Add: members})
		id = g.ID
	} else {
		var g directory.Group
		g, err = m.Catalog.CreateGroup(m.Context(), m.ByOwner(), roles.NewGroup{Name: name, Members: &members})
		id = g.ID
	}
	gives(t, "create group", code, err)
	if err == nil {
		m.groups[id] = &modelGroup{name: name, managed: managed, members: map[directory.UserID]bool{member: true}}
	}
}

func (m *model) modifyGroup(t *rapid.T) {
	if len(m.groups) == 0 {
		t.Skip("no group")
	}
	id := anyOf(t, "group", m.groups)
	g := m.groups[id]
	in := provisioning.GroupChange{Name: g.name}
	if rapid.Bool().Draw(t, "rename") {
		in.Name = rapid.SampledFrom(names).Draw(t, "name")
	}
	one, two := anyOf(t, "one", m.users), anyOf(t, "two", m.users)
	members := maps.Clone(g.members)
	switch rapid.SampledFrom([]string{"add", "remove", "replace", "none"}).Draw(t, "members") {
	case "add":
		in.Add = []directory.UserID{one, two}
		members[one], members[two] = true, true
	case "remove":
		in.Remove = []directory.UserID{one, "usr_unknown"}
		delete(members, one)
	case "replace":
		in.Replace = &[]directory.UserID{two, one}
		members = map[directory.UserID]bool{one: true, two: true}
	}
	var code directory.Code
	if m.groupNamed(in.Name, id) {
		code = directory.Conflict
	}
	changes := in.Name != g.name || !maps.Equal(members, g.members)
	_, err := m.world.modifyGroup(id, func(c *provisioning.GroupChange) {
		c.Name, c.Replace, c.Add, c.Remove = in.Name, in.Replace, in.Add, in.Remove
	})
	gives(t, "modify group", code, err)
	if err == nil {
		g.name, g.members, g.managed = in.Name, members, g.managed || changes
	}
}

func (m *model) deleteGroup(t *rapid.T) {
	if len(m.groups) == 0 {
		t.Skip("no group")
	}
	id := anyOf(t, "group", m.groups)
	gives(t, "delete group", "", m.Provisioner.DeleteGroup(m.Context(), m.call(), id, nil))
	delete(m.groups, id)
}

// check compares what a directory sees with the model, and the log with what is stored.
func (m *model) check(t *rapid.T) {
	page, err := m.Provisioner.ListUsers(m.Context(), m.call(), provisioning.Query{Total: true, Related: true})
	gives(t, "list", "", err)
	if page.Total != len(m.users) || len(page.Items) != len(m.users) {
		t.Fatalf("%d users, and %d counted, want %d", len(page.Items), page.Total, len(m.users))
	}
	for _, p := range page.Items {
		u := m.users[p.ID]
		if u == nil {
			t.Fatalf("%s is there", p.ID)
		}
		title, _ := p.Profile.Attributes["title"].(string)
		if got := (modelUser{p.Profile.UserName, p.Profile.ExternalID, title, p.Profile.Active, p.IsOwner()}); got != *u {
			t.Fatalf("%s is %+v, want %+v", p.ID, got, *u)
		}
		for _, g := range p.Groups {
			if !m.groups[g.ID].members[p.ID] {
				t.Fatalf("%s is in group %s", p.ID, g.Name)
			}
		}
		found, err := m.Provisioner.ListUsers(m.Context(), m.call(), provisioning.Query{ProfileQuery: directory.ProfileQuery{
			Where: directory.Compare{Path: directory.Path{"userName"}, Op: directory.Equal, Value: text.FoldKey(u.userName)},
		}})
		if err != nil || len(found.Items) != 1 || found.Items[0].ID != p.ID {
			t.Fatalf("userName eq %q finds %v, %v", u.userName, found.Items, err)
		}
	}
	groups, err := m.Provisioner.ListGroups(m.Context(), m.call(), provisioning.Query{Related: true})
	gives(t, "list groups", "", err)
	if len(groups.Items) != len(m.groups) {
		t.Fatalf("%d groups, want %d", len(groups.Items), len(m.groups))
	}
	for _, g := range groups.Items {
		want := m.groups[g.ID]
		if want == nil || g.Name != want.name || g.Managed != want.managed || !slices.Equal(g.Members, slices.Sorted(maps.Keys(want.members))) {
			t.Fatalf("group %+v, want %+v", g, want)
		}
	}
	m.checkLog()
	m.Pass(time.Minute)
}

func TestDirectoryMovesFollowTheModel(t *testing.T) {
	setDefault(t, "rapid.checks", "6")
	setDefault(t, "rapid.steps", "60")
	rapid.Check(t, func(rt *rapid.T) {
		m := newModel(t)
		rt.Repeat(map[string]func(*rapid.T){
			"": m.check, "create user": m.createUser, "create by v2": m.createByV2, "modify user": m.modifyUser, "remove user": m.removeUser,
			"status by v2": m.statusByV2, "profile by v2": m.profileByV2, "create group": m.createGroup, "modify group": m.modifyGroup,
			"delete group": m.deleteGroup,
		})
	})
}

// setDefault sets a flag for this test unless the command line has set it.
func setDefault(t *testing.T, name, value string) {
	t.Helper()
	given := false
	flag.Visit(func(f *flag.Flag) { given = given || f.Name == name })
	if given {
		return
	}
	before := flag.Lookup(name).Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := flag.Set(name, before); err != nil {
			t.Error(err)
		}
	})
}
