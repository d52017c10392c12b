package directory

import (
	"context"
	"maps"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// Source is one reason for which a user has capabilities: the base role, or a
// role that a group gives.
type Source struct {
	Role  Role
	Group *Group // nil for the base role
}

// sources are all the reasons for what u may do. An invited user has none.
func sources(tx snapshot, u User) ([]Source, error) {
	if u.Invited {
		return nil, nil
	}
	base, err := lookupRole(tx, u.OrgID, u.Role.ID)
	if err != nil {
		return nil, err
	}
	all := []Source{{Role: base}}
	read := make(map[RoleID]Role) // each role once, however many groups give it
	groups, err := tx.GroupsOf(u.OrgID, u.ID)
	if err != nil {
		return nil, err
	}
	for i := range groups {
		for _, id := range groups[i].Roles {
			role, known := read[id]
			if !known {
				if role, err = lookupRole(tx, u.OrgID, id); err != nil {
					return nil, err
				}
				read[id] = role
			}
			all = append(all, Source{Role: role, Group: &groups[i]})
		}
	}
	return all, nil
}

// effective is what u may do, the union of all sources, and what u can give.
func effective(tx snapshot, u User) (authz.Set, authz.Limit, error) {
	all, err := sources(tx, u)
	if err != nil {
		return authz.Set{}, authz.Limit{}, err
	}
	sets := make([]authz.Set, len(all))
	for i, s := range all {
		sets[i] = s.Role.Capabilities
	}
	held := authz.UnionOf(sets)
	return held, giving(all, held), nil
}

// Subject is whose access is explained: a user, or an API token.
type Subject struct {
	User  *User
	Token *APITokenRecord
}

// AccessScope is what a capability is on.
type AccessScope string

// The three scopes.
const (
	ScopeOrg     AccessScope = "organization"
	ScopeDataset AccessScope = "dataset"
	ScopeView    AccessScope = "view"
)

// AccessCapability is one capability that somebody has, with every reason for
// it: take the last one away and the capability is gone.
type AccessCapability struct {
	Scope AccessScope
	Name  string // the dataset or view; "*" for all
	Pair  authz.Pair
	Paths []Source // none for an API token, which has its own
}

// Access is everything that a subject may do, and why.
type Access struct {
	Subject      Subject
	Capabilities []AccessCapability
}

// GetUserAccess explains what a user may do, or with a time that is not zero,
// what they could do then, though they may be gone by now. An invited user may do
// nothing yet.
//
// Permission rbac|read, and auditLog|read for a time that is past. Errors:
// [NotFound]; for a time, those of asOf.
func (s *Service) GetUserAccess(ctx context.Context, call Call, id UserID, at time.Time) (Access, error) {
	return read(ctx, s, call, OpGetUserAccess, func(tx Tx) (Access, error) {
		then, err := s.asOf(tx, call, at)
		if err != nil {
			return Access{}, err
		}
		u, err := then.User(call.Principal.OrgID, id)
		if err != nil {
			return Access{}, err
		}
		return userAccess(then, u)
	})
}

// GetSelfAccess explains what the principal itself may do: the account in its
// organisation, or the API token.
func (s *Service) GetSelfAccess(ctx context.Context, call Call) (Access, error) {
	return read(ctx, s, call, OpGetSelfAccess, func(tx Tx) (Access, error) {
		p := call.Principal
		if p.Kind == APIToken {
			t, err := tx.APIToken(p.OrgID, p.TokenID)
			if err != nil {
				return Access{}, unknownToken(err)
			}
			own := []Source{{Role: Role{Capabilities: t.Capabilities}}}
			return Access{Subject: Subject{Token: &t}, Capabilities: explain(own)}, nil
		}
		u, err := tx.User(p.OrgID, p.UserID)
		if err != nil {
			return Access{}, unknownToken(err)
		}
		return userAccess(tx, u)
	})
}

func userAccess(tx snapshot, u User) (Access, error) {
	all, err := sources(tx, u)
	if err != nil {
		return Access{}, err
	}
	return Access{Subject: Subject{User: &u}, Capabilities: explain(all)}, nil
}

// explain lists each capability of any source with all sources that grant it,
// in the order of the vocabularies and of the names.
func explain(all []Source) (list []AccessCapability) {
	scope := func(scope AccessScope, name string, v *authz.Vocabulary, grants func(authz.Set) authz.Grants) {
		var union authz.Grants
		for _, s := range all {
			union |= grants(s.Role.Capabilities)
		}
		for _, pair := range v.Pairs(union) {
			g, _ := v.Grant(pair)
			c := AccessCapability{Scope: scope, Name: name, Pair: pair}
			for _, s := range all {
				if grants(s.Role.Capabilities).Covers(g) {
					c.Paths = append(c.Paths, s)
				}
			}
			list = append(list, c)
		}
	}
	scope(ScopeOrg, "", authz.Org, func(s authz.Set) authz.Grants { return s.Org })
	datasets, views := make(map[string]bool), make(map[string]bool)
	for _, s := range all {
		for name := range s.Role.Capabilities.Datasets {
			datasets[name] = true
		}
		for name := range s.Role.Capabilities.Views {
			views[name] = true
		}
	}
	for _, name := range slices.Sorted(maps.Keys(datasets)) {
		scope(ScopeDataset, name, authz.Dataset, func(s authz.Set) authz.Grants { return named(s.Datasets, name) })
	}
	for _, name := range slices.Sorted(maps.Keys(views)) {
		scope(ScopeView, name, authz.View, func(s authz.Set) authz.Grants { return named(s.Views, name) })
	}
	return list
}

// named is what grants gives on one name: a grant on "*" is one on every name.
func named(grants map[string]authz.Grants, name string) authz.Grants {
	return grants[authz.Wildcard] | grants[name]
}
