package access

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// MaxDiff is how many subjects a [Diff] lists.
const MaxDiff = 100

// Diff lists who would gain and lose capabilities by a dry run, the one that it is set as
// [directory.Call.DryRun] of.
type Diff struct {
	Changes []Change
	Omitted int // subjects beyond [MaxDiff] that the change may touch

	touched touched
	tried   []trial
}

// Change is what one user or API token would gain and lose. If the caller may not read
// the access of the subject, it says only that the access would change.
type Change struct {
	Target directory.Target
	Gained authz.Set
	Lost   authz.Set
}

// subject is a user or API token whose access a change may touch.
type subject struct {
	org  directory.OrgID
	kind string
	id   string
}

// touched are those whose access a change may affect.
type touched struct {
	subjects map[subject]bool  // whether it is added
	roles    []directory.Role  // all who have them
	groups   []directory.Group // all of whose members
}

// trial is what a subject may do after the change, before that is undone.
type trial struct {
	subject
	after authz.Set
	name  string
	shown bool // whether the actor may read it
}

// Begin forgets what an earlier attempt at the same transaction has touched.
func (d *Diff) Begin() { *d = Diff{touched: touched{subjects: make(map[subject]bool)}} }

// Record notes the subjects whose access the change of an audit entry may affect.
// In an organization other than the actor's, only the actor's own user is noted.
func (d *Diff) Record(c *directory.Change, org directory.OrgID, target directory.Target, before, after any) {
	if org != c.Actor().OrgID && !isOwn(c, before, after) {
		return
	}
	t := &d.touched
	switch target.Type {
	case "user", "apiToken":
		t.add(subject{org, target.Type, target.ID}, before == nil)
	case "temporaryRole":
		t.add(subject{org, "user", target.ID}, false)
	case "role":
		t.roles = append(t.roles, directory.Role{OrgID: org, ID: directory.RoleID(target.ID)})
	case "group":
		was, existed := before.(directory.RecordedGroup)
		is, exists := after.(directory.RecordedGroup)
		for _, ids := range [][]directory.UserID{was.Members, is.Members, is.Added, is.Removed} {
			t.addMembers(org, ids)
		}
		if existed && exists && !slices.Equal(was.Roles, is.Roles) {
			t.groups = append(t.groups, is.Group)
		}
	}
}

// isOwn reports whether these are the states of the actor's own user, in whichever organization.
func isOwn(c *directory.Change, states ...any) bool {
	account := directory.AccountOf(states...)
	return account != "" && account == c.Actor().AccountID
}

func (t *touched) addMembers(org directory.OrgID, members []directory.UserID) {
	for _, id := range members {
		t.add(subject{org, "user", string(id)}, false)
	}
}

func (t *touched) add(s subject, added bool) { t.subjects[s] = t.subjects[s] || added }

// first are up to [MaxDiff] of those that were touched and of those whose access
// depends on a touched role or group, sorted, and the number of the others. If several
// roles or groups reach more users, it may count some of the others more than once.
func (t *touched) first(tx directory.Tx) (first []subject, omitted int, err error) {
	all := len(t.subjects)
	reach := func(org directory.OrgID, role directory.RoleID, group directory.GroupID) error {
		n, err := tx.CountReached(org, role, group)
		if err != nil {
			return err
		}
		twice, err := tx.ReachedAmong(org, role, group, t.users(org))
		if err != nil {
			return err
		}
		if all += n - twice; len(t.subjects) >= MaxDiff {
			return nil
		}
		ids, err := tx.Reached(org, role, group, MaxDiff)
		t.addMembers(org, ids)
		return err
	}
	for _, role := range t.roles {
		if err := reach(role.OrgID, role.ID, ""); err != nil {
			return nil, 0, err
		}
	}
	for _, g := range t.groups {
		if err := reach(g.OrgID, "", g.ID); err != nil {
			return nil, 0, err
		}
	}
	first = slices.SortedFunc(maps.Keys(t.subjects), func(a, b subject) int {
		return strings.Compare(string(a.org)+a.kind+a.id, string(b.org)+b.kind+b.id)
	})
	first = first[:min(len(first), MaxDiff)]
	return first, max(0, all-len(first)), nil
}

// users are those of an organization that were touched so far.
func (t *touched) users(org directory.OrgID) (ids []directory.UserID) {
	for s := range t.subjects {
		if s.kind == "user" && s.org == org {
			ids = append(ids, directory.UserID(s.id))
		}
	}
	return ids
}

// Done reads what the subjects may do after the change.
func (d *Diff) Done(c *directory.Change) error {
	subjects, omitted, err := d.touched.first(c)
	if err != nil {
		return err
	}
	d.Omitted = omitted
	for _, s := range subjects {
		set, name, err := held(c, s, d.touched.subjects[s], c.Now())
		if err != nil {
			return err
		}
		d.tried = append(d.tried, trial{s, set, name, mayRead(c.Actor(), s)})
	}
	return nil
}

// Undone compares that with what they may do without the change.
func (d *Diff) Undone(tx directory.Tx, now time.Time) error {
	d.Changes = nil
	for _, t := range d.tried {
		before, name, err := held(tx, t.subject, false, now)
		if err != nil {
			return err
		}
		if name == "" {
			name = t.name
		}
		change := Change{Target: directory.Target{Type: t.kind, ID: t.id, Name: name}}
		gained, lost := t.after.Minus(before), before.Minus(t.after)
		if gained.Empty() && lost.Empty() {
			continue
		}
		if t.shown {
			change.Gained, change.Lost = gained, lost
		}
		d.Changes = append(d.Changes, change)
	}
	return nil
}

// held reads what a subject may do, as seen by tx; nothing if it does not
// exist. A user who is only being added counts as a member. Otherwise a dry run
// would reveal, without an audit entry, which addresses have accounts.
func held(tx directory.Tx, s subject, added bool, now time.Time) (set authz.Set, name string, err error) {
	if s.kind == "apiToken" {
		t, err := tx.APIToken(s.org, directory.TokenID(s.id))
		return t.Capabilities, t.Name, directory.IgnoreNotFound(err)
	}
	u, err := tx.User(s.org, directory.UserID(s.id))
	if err != nil {
		return set, "", directory.IgnoreNotFound(err)
	}
	u.Invited = u.Invited && !added
	all, err := directory.Sources(tx, u, now)
	sets := make([]authz.Set, len(all))
	for i, source := range all {
		sets[i] = source.Role.Capabilities
	}
	return authz.UnionOf(sets), u.Name, err
}

// mayRead reports whether the actor may read what a subject may do. A subject elsewhere
// is the actor's own user: see [Diff.Record].
func mayRead(actor *directory.Principal, s subject) bool {
	if s.org != actor.OrgID || s.id == string(actor.UserID) || s.id == string(actor.TokenID) {
		return true
	}
	op := directory.OpGetUserAccess
	if s.kind == "apiToken" {
		op = directory.OpGetAPIToken
	}
	return op.Authorize(actor) == nil
}
