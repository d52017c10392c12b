package directory

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// Source is one reason for which a user has capabilities: the base role, or a
// role that a group gives.
type Source struct {
	Role  Role
	Group *Group // nil for the base role
}

// sources are all the reasons for what u may do. An invited or suspended user has none.
func sources(tx Snapshot, u User) ([]Source, error) {
	if u.Invited || u.Suspended {
		return nil, nil
	}
	base, err := LookupRole(tx, u.OrgID, u.Role.ID)
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
				if role, err = LookupRole(tx, u.OrgID, id); err != nil {
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
func effective(tx Snapshot, u User) (authz.Set, authz.Limit, error) {
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

// AccessCapability is one capability of a subject and the sources of it. An API token
// has its capabilities from none.
type AccessCapability = authz.Explained[Source]

// Access is what a subject may do, and why.
type Access struct {
	Subject      Subject
	Capabilities []AccessCapability
	More         bool // there are more after the last
}

// GetUserAccess explains what a user may do, or with a time that is not zero,
// what they could do then, though they may be gone by now. An invited user may do
// nothing yet, and a suspended one nothing.
//
// Permission rbac|read, and auditLog|read for a time that is past. Errors:
// [NotFound]; for a time, those of asOf.
func (s *Service) GetUserAccess(ctx context.Context, call Call, id UserID, at time.Time, q authz.Query) (Access, error) {
	return Read(ctx, s, call, OpGetUserAccess, func(tx Tx) (Access, error) {
		then, err := s.asOf(tx, call, at)
		if err != nil {
			return Access{}, err
		}
		u, err := then.User(call.Principal.OrgID, id)
		if err != nil {
			return Access{}, err
		}
		return userAccess(then, u, q)
	})
}

// GetSelfAccess explains what the principal itself may do: the account in its
// organization, or the API token.
func (s *Service) GetSelfAccess(ctx context.Context, call Call, q authz.Query) (Access, error) {
	return Read(ctx, s, call, OpGetSelfAccess, func(tx Tx) (Access, error) {
		p := call.Principal
		if p.Kind == APIToken {
			t, err := tx.APIToken(p.OrgID, p.TokenID)
			if err != nil {
				return Access{}, unknownToken(err)
			}
			own := []Source{{Role: Role{Capabilities: t.Capabilities}}}
			return accessOf(Subject{Token: &t}, own, q), nil
		}
		u, err := tx.User(p.OrgID, p.UserID)
		if err != nil {
			return Access{}, unknownToken(err)
		}
		return userAccess(tx, u, q)
	})
}

func userAccess(tx Snapshot, u User, q authz.Query) (Access, error) {
	all, err := sources(tx, u)
	if err != nil {
		return Access{}, err
	}
	return accessOf(Subject{User: &u}, all, q), nil
}

func accessOf(subject Subject, all []Source, q authz.Query) (a Access) {
	a.Subject = subject
	of := func(s Source) (RoleID, authz.Set) { return s.Role.ID, s.Role.Capabilities }
	a.Capabilities, a.More = authz.Explain(all, of).Page(q)
	return a
}
