package provisioning

import (
	"context"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/text"
)

// GetUser gives one user. Permission users|read. Errors: [directory.NotFound].
func (p *Provisioner) GetUser(ctx context.Context, call directory.Call, id directory.UserID) (Person, error) {
	return directory.Read(ctx, p.directory, call, directory.OpGetUser, func(tx directory.Tx) (Person, error) {
		return person(tx, call.Principal.OrgID, id)
	})
}

func person(tx directory.Tx, org directory.OrgID, id directory.UserID) (Person, error) {
	u, err := tx.Profiled(org, id)
	if err != nil {
		return Person{}, err
	}
	groups, err := tx.GroupNamesOf(org, []directory.UserID{id})
	found := personOf(u)
	found.Groups = groups[id]
	return found, err
}

// ListUsers gives a page of the users who meet a condition. Permission users|read.
func (p *Provisioner) ListUsers(ctx context.Context, call directory.Call, q Query) (Page[Person], error) {
	return directory.Read(ctx, p.directory, call, directory.OpListUsers, func(tx directory.Tx) (page Page[Person], err error) {
		org := call.Principal.OrgID
		users, next, err := tx.Profiles(org, q.ProfileQuery)
		if err != nil {
			return page, err
		}
		page = Page[Person]{Items: make([]Person, len(users)), Next: next}
		ids := make([]directory.UserID, len(users))
		for i, u := range users {
			page.Items[i], ids[i] = personOf(u), u.ID
		}
		if q.Related {
			groups, err := tx.GroupNamesOf(org, ids)
			if err != nil {
				return page, err
			}
			for i, id := range ids {
				page.Items[i].Groups = groups[id]
			}
		}
		if q.Total {
			page.Total, err = total(q, page, func() (int, error) { return tx.CountProfiles(org, q.Where) })
		}
		return page, err
	})
}

// CreateUser adds a user, with the default role of the organization's settings. The
// address is the primary email, or the user name. v2's name of a new account is the
// display name, the name or the user name, whichever is there first.
//
// Permission users|create, and rule 2 for the role. Audit entry createUser. Errors:
// [directory.Invalid]; [directory.Conflict] for a user name, an address or the value of a
// unique attribute that a user has;
// [directory.LimitExceeded].
func (p *Provisioner) CreateUser(ctx context.Context, call directory.Call, in Profile) (Person, error) {
	return write(ctx, p, call, directory.OpCreateUser, func(c change) (Person, error) {
		in, err := clean(in)
		if err != nil {
			return Person{}, err
		}
		address, err := addressOf(in)
		if err != nil {
			return Person{}, err
		}
		if err := c.userNameFree(in.UserName, ""); err != nil {
			return Person{}, err
		}
		if err := c.addressFree(address); err != nil {
			return Person{}, err
		}
		settings, err := c.ProvisioningSettings(c.Actor().OrgID)
		if err != nil {
			return Person{}, err
		}
		role := settings.DefaultRole
		if role == "" {
			role = authz.RoleUser
		}
		u, err := c.addUser(members.NewUser{Name: nameOf(in, address), Email: address, Role: role}, !in.Active)
		if err != nil {
			return Person{}, err
		}
		profile := directory.Profile{UserName: in.UserName, ExternalID: in.ExternalID, Attributes: in.Attributes, Version: 1, UpdatedAt: c.Now()}
		if err := c.PutProfile(u.OrgID, u.ID, profile); err != nil {
			return Person{}, err
		}
		if err := c.keepUnique(directory.Holder{User: u.ID}, profile.Attributes); err != nil {
			return Person{}, err
		}
		c.run.Created++
		_, after := profileChange(directory.Profile{}, profile)
		if err := c.Record(u.Target(), nil, directory.RecordedUser{User: u, Profile: after}); err != nil {
			return Person{}, err
		}
		return person(c, u.OrgID, u.ID)
	})
}

// ModifyUser makes a user's profile what fn returns for the current one. fn runs inside
// the transaction, perhaps more than once, so it must depend on nothing else; if it
// returns an error, that is the answer. If nothing changes, nothing is written. The
// address of the account stays as it is.
//
// Permission users|update; to make somebody active, rule 2 for all of their roles. Audit
// entries updateUserProfile and updateUserStatus, and resendInvitation for an expired
// invitation that becomes active. Errors: [directory.NotFound]; [directory.Invalid];
// [directory.Conflict] for a user name or the value of a unique attribute that another
// user has, for the last owner, and
// while the breaker holds the directory; [directory.Forbidden] for an owner.
func (p *Provisioner) ModifyUser(ctx context.Context, call directory.Call, id directory.UserID, fn func(Person) (Profile, error)) (Person, error) {
	return write(ctx, p, call, directory.OpUpdateUserProfile, func(c change) (Person, error) {
		org := c.Actor().OrgID
		before, err := c.Profiled(org, id)
		if err != nil {
			return Person{}, err
		}
		current, err := person(c, org, id)
		if err != nil {
			return Person{}, err
		}
		want, err := fn(current)
		if err != nil {
			return Person{}, err
		}
		if want, err = clean(want); err != nil {
			return Person{}, err
		}
		if before.Suspended == want.Active {
			if err := c.setActive(before.User, want.Active); err != nil {
				return Person{}, err
			}
		}
		if err := c.putProfile(before, want); err != nil {
			return Person{}, err
		}
		return person(c, org, id)
	})
}

// addUser adds a user as [members.Roll.CreateUser] does, who may be suspended from the
// start. The caller records it. An invitation that is suspended makes a suspended member of
// the person who accepts it.
func (c change) addUser(in members.NewUser, suspended bool) (directory.User, error) {
	u, err := members.CheckNewUser(c.Change, in)
	if err != nil {
		return directory.User{}, err
	}
	if err := members.AddUser(c.Change, &u); err != nil || !suspended {
		return u, err
	}
	u.Suspended = true
	return u, c.Tx.UpdateUser(u)
}

// putProfile stores what a profile is to be, if that changes anything.
func (c change) putProfile(before directory.Profiled, want Profile) error {
	was := before.Profile
	if was.UserName == want.UserName && was.ExternalID == want.ExternalID && same(was.Attributes, want.Attributes) {
		return nil
	}
	if text.FoldKey(was.UserName) != text.FoldKey(want.UserName) {
		if err := c.userNameFree(want.UserName, before.ID); err != nil {
			return err
		}
	}
	is := directory.Profile{
		UserName: want.UserName, ExternalID: want.ExternalID, Attributes: want.Attributes, Version: was.Version + 1, UpdatedAt: c.Now(),
	}
	if err := c.PutProfile(before.OrgID, before.ID, is); err != nil {
		return err
	}
	if err := c.keepUnique(directory.Holder{User: before.ID}, is.Attributes); err != nil {
		return err
	}
	c.run.Updated++
	u, err := c.User(before.OrgID, before.ID)
	if err != nil {
		return err
	}
	old, changed := profileChange(was, is)
	return c.Record(u.Target(), directory.RecordedUser{User: u, Profile: old}, directory.RecordedUser{User: u, Profile: changed})
}

// DeleteUser removes a user, if check returns no error for them.
//
// Permission users|delete. Audit entry removeUserFromOrg. Errors: [directory.NotFound];
// [directory.Conflict] for the last owner, and while the breaker holds the directory;
// [directory.Forbidden] for an owner.
func (p *Provisioner) DeleteUser(ctx context.Context, call directory.Call, id directory.UserID, check func(Person) error) error {
	_, err := write(ctx, p, call, directory.OpRemoveUser, func(c change) (struct{}, error) {
		u, err := c.Profiled(c.Actor().OrgID, id)
		if err != nil {
			return struct{}{}, err
		}
		if check != nil {
			if err := check(personOf(u)); err != nil {
				return struct{}{}, err
			}
		}
		if err := mayTakeFrom(c.Change, u.User); err != nil {
			return struct{}{}, err
		}
		if err := c.lose(u.Target(), []directory.UserID{id}); err != nil {
			return struct{}{}, err
		}
		c.run.Removed++
		return struct{}{}, members.Remove(c.Change, u.User)
	})
	return err
}

// userNameFree checks that nobody but one user has a user name.
func (c change) userNameFree(name string, but directory.UserID) error {
	id, err := c.UserNamed(c.Actor().OrgID, text.FoldKey(name))
	if directory.CodeOf(err) == directory.NotFound || (err == nil && id == but) {
		return nil
	}
	if err != nil {
		return err
	}
	return &directory.Error{Code: directory.Conflict, Field: "userName", Message: "a user of the organization has this user name"}
}

// addressFree checks that no user has an address. A user with an expired invitation has it
// too: a directory finds them by it, and takes them over.
func (c change) addressFree(address string) error {
	u, err := c.UserByEmail(c.Actor().OrgID, text.FoldKey(address))
	if directory.CodeOf(err) == directory.NotFound {
		return nil
	}
	if err != nil {
		return err
	}
	return &directory.Error{
		Code: directory.Conflict, Field: "emails",
		Message: "the user " + string(u.ID) + " of the organization has this address; match users by userName or emails.value",
	}
}

// profileChange is what entries say of a profile that changes.
func profileChange(was, is directory.Profile) (before, after *directory.RecordedProfile) {
	before, after = &directory.RecordedProfile{}, &directory.RecordedProfile{}
	if was.UserName != is.UserName {
		before.UserName, after.UserName = was.UserName, is.UserName
	}
	if was.ExternalID != is.ExternalID {
		before.ExternalID, after.ExternalID = &was.ExternalID, &is.ExternalID
	}
	before.Attributes, after.Attributes = changedAttributes(was.Attributes, is.Attributes)
	return before, after
}

// changedAttributes are the attributes that differ, nil where there is none.
func changedAttributes(was, is map[string]any) (before, after map[string]any) {
	before, after = make(map[string]any), make(map[string]any)
	for name := range was {
		if !same(was[name], is[name]) {
			before[name], after[name] = was[name], is[name]
		}
	}
	for name := range is {
		if _, there := was[name]; !there {
			before[name], after[name] = nil, is[name]
		}
	}
	return before, after
}
