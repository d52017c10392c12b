package provisioning

import (
	"context"
	"maps"

	"github.com/rosterhq/roster/internal/directory"
)

// GetUserProfile gives a user with their profile and last activity. Permission users|read. Errors:
// [directory.NotFound].
func (p *Provisioner) GetUserProfile(ctx context.Context, call directory.Call, id directory.UserID) (directory.Profiled, error) {
	return directory.Read(ctx, p.directory, call, directory.OpGetUserProfile, func(tx directory.Tx) (directory.Profiled, error) {
		return profiled(tx, call.Principal.OrgID, id)
	})
}

// profiled is a user with their profile and last activity.
func profiled(tx directory.Tx, org directory.OrgID, id directory.UserID) (directory.Profiled, error) {
	u, err := tx.Profiled(org, id)
	if err != nil {
		return u, err
	}
	active, err := tx.Activity(org, []directory.UserID{id})
	u.ActiveAt = active[id]
	return u, err
}

// UpdateUserProfile replaces a user's external id and attributes. The user name stays. If
// the profile was not stored before, and the attributes have no emails, it keeps the
// account's address as its email, so that a directory still finds the user by it.
//
// Permission users|update. Audit entry updateUserProfile, if anything changes. Errors:
// [directory.NotFound]; [directory.Invalid]; [directory.Conflict] for the value of a unique
// attribute that another user has.
func (p *Provisioner) UpdateUserProfile(ctx context.Context, call directory.Call, id directory.UserID, externalID string, attributes map[string]any) (directory.Profiled, error) {
	return directory.Write(ctx, p.directory, call, directory.OpUpdateUserProfile, func(tx *directory.Change) (directory.Profiled, error) {
		c := change{Change: tx, provisioner: p, run: new(Run)}
		before, err := profiled(c, c.Actor().OrgID, id)
		if err != nil {
			return before, err
		}
		if err := c.Check(before); err != nil {
			return before, err
		}
		want := Profile{UserName: before.Profile.UserName, ExternalID: externalID, Attributes: attributes}
		if _, ok := attributes["emails"]; before.Profile.Version == 0 && !ok {
			want.Attributes = maps.Clone(attributes)
			if want.Attributes == nil {
				want.Attributes = make(map[string]any)
			}
			maps.Copy(want.Attributes, directory.AttributesOf(before.User))
		}
		if want, err = clean(want); err != nil {
			return before, err
		}
		if err := c.putProfile(before, want); err != nil {
			return before, err
		}
		return profiled(c, before.OrgID, before.ID)
	})
}
