package directory_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"go.opentelemetry.io/otel/trace"
	"go.opentelemetry.io/otel/trace/noop"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/store"
)

// statementCounter counts the statements of a store that is opened with it.
type statementCounter struct {
	noop.Tracer
	n atomic.Int64
}

func (c *statementCounter) Start(ctx context.Context, name string, _ ...trace.SpanStartOption) (context.Context, trace.Span) {
	if name == "statement" {
		c.n.Add(1)
	}
	return ctx, noop.Span{}
}

// counted has w work through a store that counts, and gives what counts the
// statements that fn runs.
func (w *world) counted() func(fn func()) int {
	w.Helper()
	var c statementCounter
	db, err := store.Open(w.Context(), w.Database, store.Options{Tracer: &c, Patience: 2 * time.Minute})
	if err != nil {
		w.Fatalf("open: %v", err)
	}
	w.Cleanup(func() {
		if err := db.Close(); err != nil {
			w.Errorf("close: %v", err)
		}
	})
	w.DB = db
	w.Configure(anybody()...)
	return func(fn func()) int {
		before := c.n.Load()
		fn()
		n := int(c.n.Load() - before)
		if n == 0 {
			w.Error("counted no statement: fn works through another store")
		}
		return n
	}
}

// A personal token is written down in each organization of its account. That
// costs so many statements for each and does not grow with the others; acting in
// one organization costs the same however many there are.
func TestManyOrganizationsCostNoMoreThanEachAlone(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	call := w.ByOwner()
	statements := w.counted()
	orgs := 1
	grow := func(to int) {
		for ; orgs < to; orgs++ {
			must(w.CreateOrg(t.Context(), call, fmt.Sprint("Org ", orgs)))(t)
		}
	}
	create := func(dry bool) func() {
		return func() {
			call := call
			if dry {
				call.DryRun = new(access.Diff)
			}
			must(w.CreatePersonalToken(t.Context(), call, credentials.NewPersonalToken{Name: "t"}))(t)
		}
	}
	other := func() {
		must(w.CreateRole(t.Context(), call, roles.NewRole{Name: fmt.Sprint("Role ", orgs)}))(t)
	}
	var done, dry, within [3]int
	for i, n := range []int{10, 20, 30} {
		grow(n)
		done[i], dry[i], within[i] = statements(create(false)), statements(create(true)), statements(other)
	}
	if done[2]-done[1] > done[1]-done[0] {
		t.Errorf("10, 20 and 30 organizations take %v statements: more than linear", done)
	}
	if perOrg := (done[2] - done[1]) / 10; perOrg > 8 {
		t.Errorf("each further organization takes %d statements", perOrg)
	}
	for i := range done {
		if dry[i] > 2*done[i]+10 { // SQLite runs a refused change twice: in its group, and alone
			t.Errorf("a dry run takes %d statements, the done one %d", dry[i], done[i])
		}
	}
	if within[0] != within[2] {
		t.Errorf("a change in one of 10, 20 and 30 organizations takes %v statements", within)
	}
}

// A write by a member of a group reads nothing of the group's other members, and
// each role once, however many groups give it.
func TestWritesByMembersReadEachRoleOnce(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	base := w.Role("Base", "users|create", "users|read")
	jane := w.Join("Jane", base.ID)
	roles := []directory.RoleID{base.ID, w.Role("A", "users|read").ID, w.Role("B", "users|read").ID}
	statements := w.counted()
	n := 0
	create := func() {
		n++
		must(w.CreateUser(t.Context(), w.By(jane), members.NewUser{Name: "New", Email: fmt.Sprintf("n%d@example.com", n), Role: "none"}))(t)
	}
	w.Group("First", []directory.UserID{jane.ID, w.Owner.ID}, roles...)
	create()
	one := statements(create)
	for i := range 10 {
		w.Group(fmt.Sprint("Group", i), []directory.UserID{jane.ID, w.Owner.ID}, roles...)
	}
	create()
	if many := statements(create); many > one {
		t.Errorf("a write takes %d statements for a member of eleven groups, %d of one", many, one)
	}
}

// A role or group that is put as it is leaves no entry, and a role's entry has
// nothing of its members.
func TestUnchangedPutsLeaveNoEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.Role("Role", "users|read", "dataset:logs:query|read")
	jane, john := w.Join("Jane", role.ID), w.Join("John", "user")
	group := w.Group("Group", []directory.UserID{jane.ID, john.ID}, role.ID)
	last := w.LastEntry()
	in := roles.NewRole{Name: "Role", Capabilities: role.Capabilities, Members: userIDs(jane.ID)}
	for range 3 {
		must(w.UpdateRole(t.Context(), w.ByOwner(), role.ID, in))(t)
		must(w.UpdateGroup(t.Context(), w.ByOwner(), group.ID, roles.NewGroup{Name: "Group", Members: userIDs(john.ID, jane.ID), Roles: roleIDs(role.ID)}))(t)
	}
	if list := w.Since(last); len(list) != 0 {
		t.Errorf("puts that change nothing leave %+v", list)
	}
	in.Description = "new"
	must(w.UpdateRole(t.Context(), w.ByOwner(), role.ID, in))(t)
	list := w.Since(last)
	if len(list) != 1 || strings.Contains(string(list[0].Before)+string(list[0].After), string(jane.ID)) {
		t.Errorf("a new description leaves %+v", list)
	}
}

// Changing one member of a group writes one row, however many there are.
func TestOneMemberIsOneRow(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var ids []directory.UserID
	for i := range 30 {
		ids = append(ids, w.Join(fmt.Sprint("Jane", i), "user").ID)
	}
	small, large := w.Group("Small", ids[:2]), w.Group("Large", ids[:29])
	call := w.ByOwner()
	statements := w.counted()
	change := func(g directory.Group, to []directory.UserID) func() {
		return func() {
			must(w.UpdateGroup(t.Context(), call, g.ID, roles.NewGroup{Name: g.Name, Members: &to}))(t)
		}
	}
	change(small, ids[:3])() // prepares what is to be counted
	few, many := statements(change(small, ids[:2])), statements(change(large, ids[:28]))
	if many > few {
		t.Errorf("taking one out of 29 takes %d statements, out of 3 %d", many, few)
	}
}
