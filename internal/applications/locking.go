package applications

import (
	"cmp"
	"maps"
	"slices"

	"github.com/rosterhq/roster/internal/directory"
)

// lock takes the locks for a change by the operator of applications of an organization, or
// with an empty org, of the deployment. Roles and tokens that such a change takes from are
// read under the locks of their organizations. These are locked before applications, as in
// the calls of members: otherwise each could wait for the other.
func lock(c *directory.Change, org directory.OrgID, ids ...directory.AppID) error {
	if err := c.Lock(directory.LockOrg(cmp.Or(org, directory.DeploymentLog))); err != nil {
		return err
	}
	if org == "" {
		if err := lockHolders(c, ids); err != nil {
			return err
		}
	}
	for _, id := range slices.Sorted(slices.Values(ids)) {
		if err := c.Lock(directory.LockApp(id)); err != nil {
			return err
		}
	}
	if org == "" {
		return lockHolders(c, ids) // those that came to name an application meanwhile; there will be no others
	}
	return nil
}

// lockHolders locks the organizations whose roles or API tokens name one of the applications.
func lockHolders(c *directory.Change, ids []directory.AppID) error {
	holders := make(map[directory.OrgID]bool)
	for _, id := range ids {
		roles, err := c.RolesOfApp("", id)
		if err != nil {
			return err
		}
		for _, r := range roles {
			holders[r.OrgID] = true
		}
		tokens, err := c.APITokensOfApp("", id)
		if err != nil {
			return err
		}
		for _, t := range tokens {
			holders[t.OrgID] = true
		}
	}
	for _, org := range slices.Sorted(maps.Keys(holders)) {
		if err := c.Lock(directory.LockOrg(org)); err != nil {
			return err
		}
	}
	return nil
}
