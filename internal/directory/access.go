package directory

import (
	"context"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/quote"
)

// Source is one reason for which a user has capabilities: the base role, a role that the
// user has for a time, or one that a group gives.
type Source struct {
	Role  Role
	Group *Group    // nil for the user's own roles
	Until time.Time // of a temporary role; zero for the others
}

// Sources are all the reasons for what u may do at a time. An invited or suspended user
// has none.
func Sources(tx Snapshot, u User, now time.Time) ([]Source, error) {
	if u.Invited || u.Suspended {
		return nil, nil
	}
	base, err := LookupRole(tx, u.OrgID, u.Role.ID)
	if err != nil {
		return nil, err
	}
	all := []Source{{Role: base}}
	temporary, err := temporaryRole(tx, u, now)
	if err != nil {
		return nil, err
	}
	if temporary != nil {
		role, err := LookupRole(tx, u.OrgID, temporary.Role.ID)
		if err != nil {
			return nil, err
		}
		all = append(all, Source{Role: role, Until: temporary.Until})
	}
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

// rights are what a user may do at a time.
type rights struct {
	held authz.Set
	// giving bounds what they can give to others: what they hold without the temporary role.
	giving authz.Limit
	// lasting is what they hold without the temporary role, which ends at until. Without one,
	// until is zero.
	lasting authz.Set
	until   time.Time
}

// effective is what u may do at a time, the union of all sources, and what u can give.
func effective(tx Snapshot, u User, now time.Time) (r rights, err error) {
	all, err := Sources(tx, u, now)
	if err != nil {
		return r, err
	}
	var lasting []Source
	var sets []authz.Set
	for _, s := range all {
		if !s.Until.IsZero() {
			r.until = s.Until
			continue
		}
		lasting, sets = append(lasting, s), append(sets, s.Role.Capabilities)
	}
	r.lasting = authz.UnionOf(sets)
	r.held, r.giving = r.lasting, giving(lasting, r.lasting)
	for _, s := range all {
		if !s.Until.IsZero() {
			r.held = r.held.Union(s.Role.Capabilities)
		}
	}
	return r, nil
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
// [NotFound]; for a time, those of AsOf.
func (s *Service) GetUserAccess(ctx context.Context, call Call, id UserID, at time.Time, q authz.Query) (Access, error) {
	return Read(ctx, s, call, OpGetUserAccess, func(tx Tx) (Access, error) {
		then, err := s.AsOf(tx, call, at)
		if err != nil {
			return Access{}, err
		}
		u, err := then.User(call.Principal.OrgID, id)
		if err != nil {
			return Access{}, err
		}
		if at.IsZero() {
			at = s.now()
		}
		return userAccess(tx, then, u, at, q)
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
			return accessOf(tx, p.OrgID, Subject{Token: &t}, own, q)
		}
		u, err := tx.User(p.OrgID, p.UserID)
		if err != nil {
			return Access{}, unknownToken(err)
		}
		return userAccess(tx, tx, u, s.now(), q)
	})
}

func userAccess(tx Tx, then Snapshot, u User, now time.Time, q authz.Query) (Access, error) {
	all, err := Sources(then, u, now)
	if err != nil {
		return Access{}, err
	}
	return accessOf(tx, u.OrgID, Subject{User: &u}, all, q)
}

// accessOf explains what sources grant. All capabilities of every application are listed
// as what the applications define now, also for a time that is past.
func accessOf(tx Tx, org OrgID, subject Subject, all []Source, q authz.Query) (a Access, err error) {
	a.Subject = subject
	if q, err = withApps(tx, org, all, q); err != nil {
		return a, err
	}
	of := func(s Source) (RoleID, authz.Set) { return s.Role.ID, s.Role.Capabilities }
	a.Capabilities, a.More = authz.Explain(all, of).Page(q)
	return a, nil
}

// withApps adds to a query what applications define. Errors: [Invalid] for a question
// about what no application defines.
func withApps(tx Tx, org OrgID, all []Source, q authz.Query) (authz.Query, error) {
	if q.Only != nil && q.Only.Scope == authz.ScopeApp {
		g := q.Only.App
		app, err := LookupApp(tx, org, AppID(g.App))
		if err == nil {
			err = app.check(g)
		}
		if CodeOf(err) == NotFound || CodeOf(err) == Invalid {
			return q, InvalidField("capability", "%s is not a capability of an application of this organization", quote.Input(g.String()))
		}
		return q, err
	}
	if q.Only != nil || !slices.ContainsFunc(all, func(s Source) bool { return s.Role.Capabilities.Apps.All() }) {
		return q, nil
	}
	apps, err := AppsOf(tx, org)
	for _, app := range apps {
		q.Apps = append(q.Apps, app.Grants()...)
	}
	return q, err
}
