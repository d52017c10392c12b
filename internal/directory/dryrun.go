package directory

import (
	"context"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// MaxDiff is how many subjects an [AccessDiff] tells about.
const MaxDiff = 100

// AccessDiff lists who would gain and lose capabilities by a dry run.
type AccessDiff struct {
	Changes []AccessChange
	Omitted int // subjects beyond [MaxDiff] that the change may touch
}

// AccessChange is what one user or API token would gain and lose. If the caller may
// not read the access of the subject, it says only that the access would change.
type AccessChange struct {
	Target Target
	Gained authz.Set
	Lost   authz.Set
}

// subject is a user or API token whose access a change may touch.
type subject struct {
	org  OrgID
	kind string
	id   string
}

// touched are those whose access a change may affect.
type touched struct {
	subjects map[subject]bool // whether it is added
	roles    []Role           // all who have them
	groups   []Group          // all of whose members
}

// touch records the subjects whose access the change of an audit entry may affect.
// In an organization other than the actor's, only the actor's own user is recorded.
func (c *Change) touch(org OrgID, target Target, before, after any) {
	if c.touched == nil || (org != c.actor.OrgID && !c.isOwn(before, after)) {
		return
	}
	switch target.Type {
	case "user", "apiToken":
		c.touchSubject(subject{org, target.Type, target.ID}, before == nil)
	case "temporaryRole":
		c.touchSubject(subject{org, "user", target.ID}, false)
	case "role":
		c.touched.roles = append(c.touched.roles, Role{OrgID: org, ID: RoleID(target.ID)})
	case "group":
		was, existed := before.(RecordedGroup)
		is, exists := after.(RecordedGroup)
		for _, ids := range [][]UserID{was.Members, is.Members, is.Added, is.Removed} {
			c.touchMembers(org, ids)
		}
		if existed && exists && !slices.Equal(was.Roles, is.Roles) {
			c.touched.groups = append(c.touched.groups, is.Group)
		}
	}
}

// isOwn reports whether these are the states of the actor's own user, in whichever organization.
func (c *Change) isOwn(states ...any) bool {
	account := accountOf(states...)
	return account != "" && account == c.actor.AccountID
}

func (c *Change) touchMembers(org OrgID, members []UserID) {
	for _, id := range members {
		c.touchSubject(subject{org, "user", string(id)}, false)
	}
}

func (c *Change) touchSubject(s subject, added bool) {
	c.touched.subjects[s] = c.touched.subjects[s] || added
}

// subjects are up to [MaxDiff] of those that were touched and of those whose access
// depends on a touched role or group, sorted, and the number of the others. If several
// roles or groups reach more users, it may count some of the others more than once.
func (c *Change) subjects() (first []subject, omitted int, err error) {
	all := len(c.touched.subjects)
	reach := func(org OrgID, role RoleID, group GroupID) error {
		n, err := c.CountReached(org, role, group)
		if err != nil {
			return err
		}
		twice, err := c.ReachedAmong(org, role, group, c.touched.users(org))
		if err != nil {
			return err
		}
		if all += n - twice; len(c.touched.subjects) >= MaxDiff {
			return nil
		}
		ids, err := c.Reached(org, role, group, MaxDiff)
		c.touchMembers(org, ids)
		return err
	}
	for _, role := range c.touched.roles {
		if err := reach(role.OrgID, role.ID, ""); err != nil {
			return nil, 0, err
		}
	}
	for _, g := range c.touched.groups {
		if err := reach(g.OrgID, "", g.ID); err != nil {
			return nil, 0, err
		}
	}
	first = slices.SortedFunc(maps.Keys(c.touched.subjects), func(a, b subject) int {
		return strings.Compare(string(a.org)+a.kind+a.id, string(b.org)+b.kind+b.id)
	})
	first = first[:min(len(first), MaxDiff)]
	return first, max(0, all-len(first)), nil
}

// users are those of an organization that were touched so far.
func (t *touched) users(org OrgID) (ids []UserID) {
	for s := range t.subjects {
		if s.kind == "user" && s.org == org {
			ids = append(ids, UserID(s.id))
		}
	}
	return ids
}

// accessNow reads what a subject may do, as seen by tx; nothing if it does not
// exist. A user who is only being added counts as a member. Otherwise a dry run
// would reveal, without an audit entry, which addresses have accounts.
func accessNow(tx Tx, s subject, added bool, now time.Time) (set authz.Set, name string, err error) {
	if s.kind == "apiToken" {
		t, err := tx.APIToken(s.org, TokenID(s.id))
		return t.Capabilities, t.Name, IgnoreNotFound(err)
	}
	u, err := tx.User(s.org, UserID(s.id))
	if err != nil {
		return set, "", IgnoreNotFound(err)
	}
	u.Invited = u.Invited && !added
	r, err := effective(tx, u, now)
	return r.held, u.Name, err
}

// mayRead reports whether the actor may read what a subject may do. A subject elsewhere
// is the actor's own user: see touch.
func (c *Change) mayRead(s subject) bool {
	if s.org != c.actor.OrgID || s.id == string(c.actor.UserID) || s.id == string(c.actor.TokenID) {
		return true
	}
	op := OpGetUserAccess
	if s.kind == "apiToken" {
		op = OpGetAPIToken
	}
	return op.Authorize(c.actor) == nil
}

// preview is what is known inside the transaction that is about to be undone.
type preview struct {
	subjects []subject
	after    []authz.Set
	names    []string
	shown    []bool // whether the actor may read what they may do
	omitted  int
}

func (c *Change) preview() (p preview, err error) {
	if p.subjects, p.omitted, err = c.subjects(); err != nil {
		return p, err
	}
	for _, s := range p.subjects {
		set, name, err := accessNow(c, s, c.touched.subjects[s], c.now)
		if err != nil {
			return p, err
		}
		p.after, p.names, p.shown = append(p.after, set), append(p.names, name), append(p.shown, c.mayRead(s))
	}
	return p, nil
}

// compare reads what the subjects may do without the change, which was undone.
func (s *Service) compare(ctx context.Context, p preview, diff *AccessDiff) error {
	*diff = AccessDiff{Omitted: p.omitted}
	return s.store.Read(ctx, func(tx Tx) error {
		for i, subject := range p.subjects {
			before, name, err := accessNow(tx, subject, false, s.now())
			if err != nil {
				return err
			}
			if name == "" {
				name = p.names[i]
			}
			change := AccessChange{Target: Target{Type: subject.kind, ID: subject.id, Name: name}}
			gained, lost := p.after[i].Minus(before), before.Minus(p.after[i])
			if gained.Empty() && lost.Empty() {
				continue
			}
			if p.shown[i] {
				change.Gained, change.Lost = gained, lost
			}
			diff.Changes = append(diff.Changes, change)
		}
		return nil
	})
}
