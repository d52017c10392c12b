// Package access explains what users and API tokens may do, and what a dry run would change
// of it. The rules from which access follows are in the package directory.
package access

import (
	"context"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
)

// Explainer explains access. Its methods are safe for concurrent use.
type Explainer struct{ directory *directory.Service }

// NewExplainer returns the operations of a directory.
func NewExplainer(service *directory.Service) *Explainer { return &Explainer{service} }

// Capability is one capability of a subject and the sources of it. An API token has its
// capabilities from none.
type Capability = authz.Explained[directory.Source]

// Access is what a subject may do, and why.
type Access struct {
	Subject      directory.Subject
	Capabilities []Capability
	More         bool // there are more after the last
}

// GetUserAccess explains what a user may do, or with a time that is not zero,
// what they could do then, though they may be gone by now. An invited user may do
// nothing yet, and a suspended one nothing.
//
// Permission rbac|read, and auditLog|read for a time that is past. Errors:
// [directory.NotFound]; for a time, those of [directory.Service.AsOf].
func (e *Explainer) GetUserAccess(ctx context.Context, call directory.Call, id directory.UserID, at time.Time, q authz.Query) (Access, error) {
	return directory.Read(ctx, e.directory, call, directory.OpGetUserAccess, func(tx directory.Tx) (Access, error) {
		then, err := e.directory.AsOf(tx, call, at)
		if err != nil {
			return Access{}, err
		}
		u, err := then.User(call.Principal.OrgID, id)
		if err != nil {
			return Access{}, err
		}
		if at.IsZero() {
			at = e.directory.Now()
		}
		return ofUser(tx, then, u, at, q)
	})
}

// GetSelfAccess explains what the principal itself may do: the account in its
// organization, or the API token.
func (e *Explainer) GetSelfAccess(ctx context.Context, call directory.Call, q authz.Query) (Access, error) {
	return directory.Read(ctx, e.directory, call, directory.OpGetSelfAccess, func(tx directory.Tx) (Access, error) {
		p := call.Principal
		if p.Kind == directory.APIToken {
			t, err := tx.APIToken(p.OrgID, p.TokenID)
			if err != nil {
				return Access{}, directory.UnknownToken(err)
			}
			own := []directory.Source{{Role: directory.Role{Capabilities: t.Capabilities}}}
			return explain(tx, p.OrgID, directory.Subject{Token: &t}, own, q)
		}
		u, err := tx.User(p.OrgID, p.UserID)
		if err != nil {
			return Access{}, directory.UnknownToken(err)
		}
		return ofUser(tx, tx, u, e.directory.Now(), q)
	})
}

func ofUser(tx directory.Tx, then directory.Snapshot, u directory.User, now time.Time, q authz.Query) (Access, error) {
	all, err := directory.Sources(then, u, now)
	if err != nil {
		return Access{}, err
	}
	return explain(tx, u.OrgID, directory.Subject{User: &u}, all, q)
}

// explain explains what sources grant. All capabilities of every application are listed
// as what the applications define now, also for a time that is past.
func explain(tx directory.Tx, org directory.OrgID, subject directory.Subject, all []directory.Source, q authz.Query) (a Access, err error) {
	a.Subject = subject
	if q, err = withApps(tx, org, all, q); err != nil {
		return a, err
	}
	of := func(s directory.Source) (directory.RoleID, authz.Set) { return s.Role.ID, s.Role.Capabilities }
	a.Capabilities, a.More = authz.Explain(all, of).Page(q)
	return a, nil
}

// withApps adds to a query what applications define. Errors: [directory.Invalid] for a
// question about what no application defines.
func withApps(tx directory.Tx, org directory.OrgID, all []directory.Source, q authz.Query) (authz.Query, error) {
	if q.Only != nil && q.Only.Scope == authz.ScopeApp {
		g := q.Only.App
		app, err := directory.LookupApp(tx, org, directory.AppID(g.App))
		if directory.CodeOf(err) == directory.NotFound || (err == nil && !app.Defines(g)) {
			return q, directory.InvalidField("capability", "%s is not a capability of an application of this organization", quote.Input(g.String()))
		}
		return q, err
	}
	ofApps := func(s directory.Source) bool { return s.Role.Capabilities.Apps.All() }
	if q.Only != nil || !slices.ContainsFunc(all, ofApps) {
		return q, nil
	}
	apps, err := directory.AppsOf(tx, org)
	for _, app := range apps {
		q.Apps = append(q.Apps, app.Grants()...)
	}
	return q, err
}
