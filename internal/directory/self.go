package directory

import "context"

// GetSelf returns the principal's own user: in the organization the request names,
// else in the account's oldest one. Needs a personal token.
func (s *Service) GetSelf(ctx context.Context, call Call) (User, error) {
	return Read(ctx, s, call, OpGetSelf, func(tx Tx) (User, error) {
		return Self(tx, call.Principal)
	})
}

// Self returns the user of p's account in the organization that p acts in, else in the
// account's oldest one.
func Self(tx Tx, p *Principal) (User, error) {
	users, err := tx.AccountUsers(p.AccountID)
	if err != nil {
		return User{}, err
	}
	for _, u := range users {
		if u.Suspended == p.Suspended && (p.OrgID == "" || u.OrgID == p.OrgID) {
			return u, nil
		}
	}
	return User{}, errBadToken
}

// SelfUpdate is a change of one's own user. Only the name can change; the other
// members may be sent back as they were read and are compared.
type SelfUpdate struct {
	Name  *string
	ID    *UserID
	Email *string
	Role  *RoleRef
}

// UpdateSelf changes the principal's own name, in all their organizations.
// Needs a personal token. Audit entry updateCurrentUser in each organization.
// Errors: [Invalid] for a bad name, or if anything else would change.
func (s *Service) UpdateSelf(ctx context.Context, call Call, in SelfUpdate) (User, error) {
	return Write(ctx, s, call, OpUpdateSelf, func(c *Change) (User, error) {
		u, err := Self(c, c.actor)
		if err != nil {
			return User{}, err
		}
		return c.updateSelf(u, in)
	})
}

// UpdateUser is [Service.UpdateSelf] by the user's id, which may be the one of
// any of the account's organizations. Another's id is [Forbidden], whether it
// exists or not.
func (s *Service) UpdateUser(ctx context.Context, call Call, id UserID, in SelfUpdate) (User, error) {
	return Write(ctx, s, call, OpUpdateSelf, func(c *Change) (User, error) {
		users, err := c.AccountUsers(c.actor.AccountID)
		if err != nil {
			return User{}, err
		}
		for _, u := range users {
			if u.ID == id && !u.Suspended && (c.actor.OrgID == "" || c.actor.OrgID == u.OrgID) {
				return c.updateSelf(u, in)
			}
		}
		return User{}, Errorf(Forbidden, "you can change the name of your own user only")
	})
}

func (c *Change) updateSelf(u User, in SelfUpdate) (User, error) {
	if err := c.Check(u); err != nil {
		return User{}, err
	}
	if err := in.onlyName(u); err != nil {
		return User{}, err
	}
	name, err := CleanName("name", *in.Name)
	if err != nil {
		return User{}, err
	}
	if name == u.Name {
		return u, nil
	}
	if err := c.RenameAccount(u.AccountID, name); err != nil {
		return User{}, err
	}
	users, err := c.AccountUsers(u.AccountID)
	if err != nil {
		return User{}, err
	}
	for _, one := range users {
		if err := c.rename(one, name); err != nil {
			return User{}, err
		}
	}
	u.Name = name
	return u, nil
}

// rename changes a user's name in whichever organization, as the user stands
// there once its lock is held. One who was removed meanwhile needs no name.
func (c *Change) rename(u User, name string) error {
	if err := c.Lock(LockOrg(u.OrgID)); err != nil {
		return err
	}
	before, err := c.User(u.OrgID, u.ID)
	if CodeOf(err) == NotFound {
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

func (in SelfUpdate) onlyName(u User) error {
	switch {
	case in.Name == nil:
		return InvalidField("name", "is required")
	case in.ID != nil && *in.ID != u.ID:
		return InvalidField("id", "can't be changed")
	case in.Email != nil && *in.Email != u.Email:
		return InvalidField("email", "can't be changed; only the name can")
	case in.Role != nil && *in.Role != u.Role:
		return InvalidField("role", "can't be changed here; use PUT /v2/users/{id}/role")
	}
	return nil
}
