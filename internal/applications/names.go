package applications

import (
	"context"
	"strings"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
)

// IsUserName reports whether a name of a user can be one that a directory has given. What
// could be an id or an address counts as one, so that no directory can give one person the
// name of another.
func IsUserName(name string) bool { return !ident.Is("usr", name) && !strings.Contains(name, "@") }

// Names returns what an application calls users of an organization, in their order: ids,
// addresses or user names. Users who are gone are left out; those without a user name are
// named by their ids.
func (a *Apps) Names(ctx context.Context, call directory.Call, app directory.Application, org directory.OrgID, ids []directory.UserID) ([]string, error) {
	names := make([]string, 0, len(ids))
	if app.Subjects == directory.ByID {
		for _, id := range ids {
			names = append(names, string(id))
		}
		return names, nil
	}
	return directory.Read(ctx, a.directory, call, directory.OpSearchAccess, func(tx directory.Tx) ([]string, error) {
		for _, id := range ids {
			u, err := tx.Profiled(org, id)
			if directory.CodeOf(err) == directory.NotFound {
				continue
			}
			if err != nil {
				return nil, err
			}
			switch name := u.Profile.UserName; {
			case app.Subjects == directory.ByEmail:
				names = append(names, u.Email)
			case IsUserName(name):
				names = append(names, name)
			default:
				names = append(names, string(id))
			}
		}
		return names, nil
	})
}

// HoldingTokens lists the API tokens of an organization that hold a capability, by id.
func (a *Apps) HoldingTokens(ctx context.Context, call directory.Call, org directory.OrgID, want authz.AppGrant) (ids []string, err error) {
	tokens, err := directory.Read(ctx, a.directory, call, directory.OpSearchAccess, func(tx directory.Tx) ([]directory.APITokenRecord, error) {
		return tx.APITokens(org)
	})
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		held, err := a.ofToken(ctx, org, t.ID) // not found if it has expired
		if directory.CodeOf(err) == directory.NotFound {
			continue
		}
		if err != nil {
			return nil, err
		}
		if held.Held.Allows(want) {
			ids = append(ids, string(t.ID))
		}
	}
	return ids, nil
}
