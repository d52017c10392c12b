package members

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
)

// GetSelf returns the principal's own user: in the organization the request names,
// else in the account's oldest one. Needs a personal token.
func (r *Roll) GetSelf(ctx context.Context, call directory.Call) (directory.User, error) {
	return directory.Read(ctx, r.directory, call, directory.OpGetSelf, func(tx directory.Tx) (directory.User, error) {
		return Self(tx, call.Principal)
	})
}

// Self returns the user of p's account in the organization that p acts in, else in the
// account's oldest one.
func Self(tx directory.Tx, p *directory.Principal) (directory.User, error) {
	users, err := tx.AccountUsers(p.AccountID)
	if err != nil {
		return directory.User{}, err
	}
	for _, u := range users {
		if u.Suspended == p.Suspended && (p.OrgID == "" || u.OrgID == p.OrgID) {
			return u, nil
		}
	}
	return directory.User{}, directory.ErrBadToken
}

// SelfUpdate is a change of one's own user. Only the name can change; the other
// members may be sent back as they were read and are compared.
type SelfUpdate struct {
	Name  *string
	ID    *directory.UserID
	Email *string
	Role  *directory.RoleRef
}

// UpdateSelf changes the principal's own name, in all their organizations.
// Needs a personal token. Audit entry updateCurrentUser in each organization.
// Errors: [directory.Invalid] for a bad name, or if anything else would change.
func (r *Roll) UpdateSelf(ctx context.Context, call directory.Call, in SelfUpdate) (directory.User, error) {
	return directory.Write(ctx, r.directory, call, directory.OpUpdateSelf, func(c *directory.Change) (directory.User, error) {
		u, err := Self(c, c.Actor())
		if err != nil {
			return directory.User{}, err
		}
		return updateSelf(c, u, in)
	})
}

// UpdateUser is [Roll.UpdateSelf] by the user's id, which may be the one of
// any of the account's organizations. Another's id is [directory.Forbidden], whether it
// exists or not.
func (r *Roll) UpdateUser(ctx context.Context, call directory.Call, id directory.UserID, in SelfUpdate) (directory.User, error) {
	return directory.Write(ctx, r.directory, call, directory.OpUpdateSelf, func(c *directory.Change) (directory.User, error) {
		users, err := c.AccountUsers(c.Actor().AccountID)
		if err != nil {
			return directory.User{}, err
		}
		for _, u := range users {
			if u.ID == id && !u.Suspended && (c.Actor().OrgID == "" || c.Actor().OrgID == u.OrgID) {
				return updateSelf(c, u, in)
			}
		}
		return directory.User{}, directory.Errorf(directory.Forbidden, "you can change the name of your own user only")
	})
}

func updateSelf(c *directory.Change, u directory.User, in SelfUpdate) (directory.User, error) {
	if err := c.Check(u); err != nil {
		return directory.User{}, err
	}
	if err := in.onlyName(u); err != nil {
		return directory.User{}, err
	}
	name, err := directory.CleanName("name", *in.Name)
	if err != nil {
		return directory.User{}, err
	}
	if name == u.Name {
		return u, nil
	}
	if err := c.RenameAccount(u.AccountID, name); err != nil {
		return directory.User{}, err
	}
	users, err := c.AccountUsers(u.AccountID)
	if err != nil {
		return directory.User{}, err
	}
	for _, one := range users {
		if err := rename(c, one, name); err != nil {
			return directory.User{}, err
		}
	}
	u.Name = name
	return u, nil
}

// rename changes a user's name in whichever organization, as the user stands
// there once its lock is held. One who was removed meanwhile needs no name.
func rename(c *directory.Change, u directory.User, name string) error {
	if err := c.Lock(directory.LockOrg(u.OrgID)); err != nil {
		return err
	}
	before, err := c.User(u.OrgID, u.ID)
	if directory.CodeOf(err) == directory.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	after := before
	after.Name = name
	if err := c.Tx.UpdateUser(after); err != nil {
		return err
	}
	return c.RecordIn(after.OrgID, after.Target(), before, after)
}

func (in SelfUpdate) onlyName(u directory.User) error {
	switch {
	case in.Name == nil:
		return directory.InvalidField("name", "is required")
	case in.ID != nil && *in.ID != u.ID:
		return directory.InvalidField("id", "can't be changed")
	case in.Email != nil && *in.Email != u.Email:
		return directory.InvalidField("email", "can't be changed; only the name can")
	case in.Role != nil && *in.Role != u.Role:
		return directory.InvalidField("role", "can't be changed here; use PUT /v2/users/{id}/role")
	}
	return nil
}
