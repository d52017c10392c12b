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
		c.touchedRoles = append(c.touchedRoles, Role{OrgID: org, ID: RoleID(target.ID)})
	case "group":
		was, existed := before.(RecordedGroup)
		is, exists := after.(RecordedGroup)
		for _, ids := range [][]UserID{was.Members, is.Members, is.Added, is.Removed} {
			c.touchMembers(org, ids)
		}
		if existed && exists && !slices.Equal(was.Roles, is.Roles) {
			c.touchedGroups = append(c.touchedGroups, is.Group)
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

func (c *Change) touchSubject(s subject, added bool) { c.touched[s] = c.touched[s] || added }

// subjects are the first [MaxDiff] of those that were touched, with those whose access
// depends on a touched role or group, and the number of the others. A change
// touches one role or one group at most, besides the subjects that it names.
func (c *Change) subjects() (first []subject, omitted int, err error) {
	var named []UserID
	for s := range c.touched {
		if s.kind == "user" {
			named = append(named, UserID(s.id))
		}
	}
	all := len(c.touched)
	reach := func(org OrgID, role RoleID, group GroupID) error {
		ids, err := c.Reached(org, role, group, MaxDiff)
		if err != nil {
			return err
		}
		n, err := c.CountReached(org, role, group)
		if err != nil {
			return err
		}
		twice, err := c.ReachedAmong(org, role, group, named)
		all += n - twice
		c.touchMembers(org, ids)
		return err
	}
	for _, role := range c.touchedRoles {
		if err := reach(role.OrgID, role.ID, ""); err != nil {
			return nil, 0, err
		}
	}
	for _, g := range c.touchedGroups {
		if err := reach(g.OrgID, "", g.ID); err != nil {
			return nil, 0, err
		}
	}
	first = slices.SortedFunc(maps.Keys(c.touched), func(a, b subject) int {
		return strings.Compare(string(a.org)+a.kind+a.id, string(b.org)+b.kind+b.id)
	})
	first = first[:min(len(first), MaxDiff)]
	return first, max(0, all-len(first)), nil
}

// accessNow reads what a subject may do, as seen by tx; nothing if it does not
// exist. A user who is only being added counts as a member. Otherwise a dry run
// would reveal, without an audit entry, which addresses have accounts.
func accessNow(tx Tx, s subject, added bool, now time.Time) (set authz.Set, name string, err error) {
	if s.kind == "apiToken" {
		t, err := tx.APIToken(s.org, TokenID(s.id))
		return t.Capabilities, t.Name, ignoreNotFound(err)
	}
	u, err := tx.User(s.org, UserID(s.id))
	if err != nil {
		return set, "", ignoreNotFound(err)
	}
	u.Invited = u.Invited && !added
	r, err := effective(tx, u, now)
	return r.held, u.Name, err
}

func ignoreNotFound(err error) error {
	if CodeOf(err) == NotFound {
		return nil
	}
	return err
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
		set, name, err := accessNow(c, s, c.touched[s], c.now)
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
