package applications

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// Applied is what happened to one application, or with a dry run, what would.
type Applied struct {
	ID      directory.AppID `json:"id"`
	Outcome string          `json:"outcome"` // created, updated, unchanged or removed
	Losers  []Loser         `json:"losers,omitempty"`
}

// Loser is a role or an API token that loses capabilities.
type Loser struct {
	Org    directory.OrgID `json:"org"`
	Kind   string          `json:"kind"` // role or apiToken
	ID     string          `json:"id"`
	Name   string          `json:"name"`
	Lost   []string        `json:"lost"`
	Users  int             `json:"users"`            // who have the role, directly or by a group
	Emails []string        `json:"emails,omitempty"` // of up to [losersShown] of them
}

const losersShown = 10

// errTried undoes a dry run.
var errTried = errors.New("dry run")

// How says how the operator changes applications.
type How struct {
	DryRun bool
	Force  bool // takes what is removed from the roles and API tokens that hold it
}

// operate runs a change by the operator, and undoes it if it is to be tried only.
func operate[T any](ctx context.Context, a *Apps, op directory.Operation, how How, fn func(*directory.Change) (T, error)) (out T, err error) {
	_, err = directory.WriteAsOperator(ctx, a.directory, directory.Call{}, op, func(c *directory.Change) (T, error) {
		if out, err = fn(c); err == nil && how.DryRun {
			err = errTried
		}
		return out, err
	})
	if errors.Is(err, errTried) {
		err = nil
	}
	return out, err
}

// Apply makes the deployment's applications be as they are given, all of them or none.
// Others stay. It is for the operator. Audit entries createApplication and
// updateApplication, in the log of the deployment, and for all that lose something, in
// their organizations, updateRole and updateApplication. Errors: [directory.Invalid];
// [directory.Conflict] for an id that an organization's own application has, and without
// force, for a capability that is removed and held. A dry run reports the losers instead.
func (a *Apps) Apply(ctx context.Context, apps []NewApplication, how How) ([]Applied, error) {
	for i, in := range apps {
		if slices.ContainsFunc(apps[:i], func(other NewApplication) bool { return other.ID == in.ID }) {
			return nil, directory.InvalidField("id", "%s is given twice", in.ID)
		}
	}
	return operate(ctx, a, directory.OpUpdateApplication, how, func(c *directory.Change) ([]Applied, error) {
		ids := make([]directory.AppID, len(apps))
		for i, in := range apps {
			ids[i] = in.ID
		}
		if err := lock(c, "", ids...); err != nil {
			return nil, err
		}
		var done []Applied
		for _, in := range apps {
			one, err := apply(c, in, how)
			if err != nil {
				return nil, inApp(in.ID, err)
			}
			done = append(done, one)
		}
		return done, nil
	})
}

// inApp says which application an error is about.
func inApp(id directory.AppID, err error) error {
	if e, ok := errors.AsType[*directory.Error](err); ok {
		named := *e
		named.Message = string(id) + ": " + e.Message
		return &named
	}
	return err
}

func apply(c *directory.Change, in NewApplication, how How) (done Applied, err error) {
	done.ID = in.ID
	before, errThere := c.Application("", in.ID)
	if errThere != nil && directory.CodeOf(errThere) != directory.NotFound {
		return done, errThere
	}
	if in, err = in.clean(before); err != nil {
		return done, err
	}
	if errThere != nil {
		done.Outcome = "created"
		return done, create(c, in)
	}
	app := with(before, in, before.UpdatedAt)
	if sameProperties(app, before) {
		done.Outcome = "unchanged"
		return done, nil
	}
	done.Outcome = "updated"
	if done.Losers, err = report(c, before, app.Defines); err != nil {
		return done, err
	}
	_, err = update(c, before, in, how.Force || how.DryRun)
	return done, err
}

func create(c *directory.Change, in NewApplication) error {
	n, err := c.CountApplicationsOf(in.ID)
	if err != nil {
		return err
	}
	if n > 0 {
		return &directory.Error{Code: directory.Conflict, Field: "id", Message: "organizations have applications of their own with this id: " +
			"choose another one, or remove theirs with --org"}
	}
	app := with(directory.Application{ID: in.ID, CreatedAt: c.Now()}, in, c.Now())
	if err := c.CreateApplication(app); err != nil {
		return err
	}
	return c.As(directory.OpCreateApplication).RecordIn(app.LogID(), app.Target(), nil, app)
}

// report lists who loses what.
func report(tx directory.Tx, app directory.Application, defined func(authz.AppGrant) bool) ([]Loser, error) {
	all, err := losersOf(tx, app, defined)
	if err != nil {
		return nil, err
	}
	var list []Loser
	for _, r := range all.roles {
		l := Loser{Org: r.before.OrgID, Kind: "role", ID: string(r.before.ID), Name: r.before.Name, Lost: r.before.Capabilities.Minus(r.after.Capabilities).Names()}
		if l.Users, err = tx.CountReached(l.Org, r.before.ID, ""); err != nil {
			return nil, err
		}
		ids, err := tx.Reached(l.Org, r.before.ID, "", losersShown)
		if err != nil {
			return nil, err
		}
		for _, id := range ids {
			u, err := tx.User(l.Org, id)
			if err != nil {
				return nil, err
			}
			l.Emails = append(l.Emails, u.Email)
		}
		list = append(list, l)
	}
	for _, t := range all.tokens {
		list = append(list, Loser{
			Org: t.before.OrgID, Kind: "apiToken", ID: string(t.before.ID), Name: t.before.Name,
			Lost: t.before.Capabilities.Minus(t.after.Capabilities).Names(),
		})
	}
	return list, nil
}

// Remove removes an application, of the deployment or with an org, of that organization,
// with its credentials. It is for the operator. Audit entries and errors as for Apply;
// [directory.NotFound].
func (a *Apps) Remove(ctx context.Context, org directory.OrgID, id directory.AppID, how How) (Applied, error) {
	return operate(ctx, a, directory.OpDeleteApplication, how, func(c *directory.Change) (done Applied, err error) {
		if err := lock(c, org, id); err != nil {
			return done, err
		}
		app, err := c.Application(org, id)
		if err != nil {
			return done, err
		}
		done = Applied{ID: id, Outcome: "removed"}
		if done.Losers, err = report(c, app, func(authz.AppGrant) bool { return false }); err != nil {
			return done, err
		}
		return done, remove(c, app, how.Force || how.DryRun)
	})
}

// locked finds an application and locks it, for a change of its credentials.
func locked(c *directory.Change, org directory.OrgID, id directory.AppID) (directory.Application, error) {
	if err := c.Lock(directory.LockOrg(cmp.Or(org, directory.DeploymentLog))); err != nil {
		return directory.Application{}, err
	}
	if err := c.Lock(directory.LockApp(id)); err != nil {
		return directory.Application{}, err
	}
	return c.Application(org, id)
}

// Listed is an application with its credentials, as the operator sees it.
type Listed struct {
	directory.Application

	Credentials []directory.AppCredential `json:"credentials"`
}

// List lists the applications of the deployment, or with an org, those of that
// organization. It is for the operator.
func (a *Apps) List(ctx context.Context, org directory.OrgID) ([]Listed, error) {
	return directory.ReadUnauthenticated(ctx, a.directory, directory.Call{}, directory.OpListApplications, func(tx directory.Tx) ([]Listed, error) {
		apps, err := tx.Applications(org)
		if err != nil {
			return nil, err
		}
		slices.SortFunc(apps, func(x, y directory.Application) int { return strings.Compare(string(x.ID), string(y.ID)) })
		var list []Listed
		for _, app := range apps {
			creds, err := a.credentials(tx, app)
			if err != nil {
				return nil, err
			}
			list = append(list, Listed{app, creds})
		}
		return list, nil
	})
}

// IssueCredential creates a credential of an application of the deployment, or with an org,
// of that organization. It is for the operator. Audit entry createApplicationCredential.
// Errors: [directory.NotFound]; [directory.Conflict] if there are [MaxCredentials].
func (a *Apps) IssueCredential(ctx context.Context, org directory.OrgID, id directory.AppID) (IssuedCredential, error) {
	return operate(ctx, a, directory.OpCreateAppCredential, How{}, func(c *directory.Change) (IssuedCredential, error) {
		app, err := locked(c, org, id)
		if err != nil {
			return IssuedCredential{}, err
		}
		return issue(c, app)
	})
}

// RevokeCredential deletes a credential. It is for the operator. Audit entry
// deleteApplicationCredential. Errors: [directory.NotFound].
func (a *Apps) RevokeCredential(ctx context.Context, org directory.OrgID, id directory.AppID, credential directory.TokenID) error {
	_, err := operate(ctx, a, directory.OpDeleteAppCredential, How{}, func(c *directory.Change) (struct{}, error) {
		app, err := locked(c, org, id)
		if err != nil {
			return struct{}{}, err
		}
		return struct{}{}, revoke(c, app, credential)
	})
	return err
}
