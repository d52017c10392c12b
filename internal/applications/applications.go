// Package applications has the operations on applications, which are services with
// permissions of their own: what they define, their credentials, and the decisions that
// they ask for.
package applications

import (
	"context"
	"maps"
	"regexp"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/quote"
)

// MaxTypes and MaxActions are how many resource types an application may define, and how
// many actions a type.
const (
	MaxTypes   = 50
	MaxActions = 50
)

// Apps carries out the operations on applications.
type Apps struct {
	directory *directory.Service
	apps      *directory.Cached[appKey, directory.Application]
	held      *directory.Cached[heldKey, *Held]
}

// New returns the operations on a directory's applications.
func New(service *directory.Service) *Apps {
	return &Apps{service, directory.NewCached[appKey, directory.Application](service, maxApps), directory.NewCached[heldKey, *Held](service, maxHeld)}
}

// NewApplication has the properties of an application that its maker sets.
type NewApplication struct {
	ID    directory.AppID `json:"id"`
	Name  string          `json:"name"`
	Types authz.AppTypes  `json:"types"`
	// Paths and Subjects stay as they are if they are nil.
	Paths    *[]directory.PathRule   `json:"paths,omitempty"`
	Subjects *directory.SubjectNames `json:"subjects,omitempty"`
}

var slug = regexp.MustCompile(`^[a-z]([a-z0-9-]{0,62}[a-z0-9])?$`)

// clean checks the properties, and returns them in the form in which they are kept. There
// those that are nil are as before.
func (in NewApplication) clean(before directory.Application) (NewApplication, error) {
	if !slug.MatchString(string(in.ID)) {
		return in, directory.InvalidField("id", "%s is not a slug, such as billing: lower-case letters, digits and dashes, at most 64", quote.Input(in.ID))
	}
	var err error
	if in.Name, err = directory.CleanName("name", in.Name); err != nil {
		return in, err
	}
	if len(in.Types) > MaxTypes {
		return in, directory.InvalidField("types", "has %d resource types; at most %d are allowed", len(in.Types), MaxTypes)
	}
	in.Types = maps.Clone(in.Types)
	if in.Types == nil {
		in.Types = authz.AppTypes{}
	}
	for name, t := range in.Types {
		if in.Types[name], err = cleanType(name, t); err != nil {
			return in, err
		}
	}
	if in.Paths == nil {
		in.Paths = &before.Paths
	}
	if in.Subjects == nil {
		in.Subjects = &before.Subjects
	}
	if in.Subjects, err = cleanSubjects(*in.Subjects); err != nil {
		return in, err
	}
	return in, checkPaths(in, *in.Paths)
}

// cleanSubjects checks what searches name users by; "id" is the default.
func cleanSubjects(by directory.SubjectNames) (*directory.SubjectNames, error) {
	switch by {
	case "id":
		by = directory.ByID
	case directory.ByID, directory.ByEmail, directory.ByUserName:
	default:
		return nil, directory.InvalidField("subjects", "%s is no way to name users; use id, email or userName", quote.Input(by))
	}
	return &by, nil
}

func cleanType(name string, t authz.AppType) (authz.AppType, error) {
	if !authz.IsAppName(name) {
		return t, errName("resource type", name)
	}
	if len(t.Actions) == 0 || len(t.Actions) > MaxActions {
		return t, directory.InvalidField("types", "%s has %d actions; from 1 to %d are allowed", quote.Input(name), len(t.Actions), MaxActions)
	}
	for i, action := range t.Actions {
		if !authz.IsAppName(action) {
			return t, errName("action", action)
		}
		if slices.Contains(t.Actions[:i], action) {
			return t, directory.InvalidField("types", "%s has the action %s twice", quote.Input(name), quote.Input(action))
		}
	}
	return t, nil
}

func errName(of, name string) error {
	return directory.InvalidField("types", "%s is not the name of a %s: use letters, digits, '.', '_' and '-', the first a letter, at most 64", quote.Input(name), of)
}

// ListApplications returns the applications that serve the organization: its own, and those
// of the deployment. Permission rbac|read.
func (a *Apps) ListApplications(ctx context.Context, call directory.Call) ([]directory.Application, error) {
	return directory.Read(ctx, a.directory, call, directory.OpListApplications, func(tx directory.Tx) ([]directory.Application, error) {
		return directory.AppsOf(tx, call.Principal.OrgID)
	})
}

// GetApplication returns an application that serves the organization. Permission rbac|read.
// Errors: [directory.NotFound].
func (a *Apps) GetApplication(ctx context.Context, call directory.Call, id directory.AppID) (directory.Application, error) {
	return directory.Read(ctx, a.directory, call, directory.OpGetApplication, func(tx directory.Tx) (directory.Application, error) {
		return directory.LookupApp(tx, call.Principal.OrgID, id)
	})
}

// CreateApplication creates an application of the organization. Permission rbac|create.
// Audit entry createApplication. Errors: [directory.Invalid]; [directory.Conflict] for an
// id that the organization's or the deployment's applications have; [directory.LimitExceeded].
func (a *Apps) CreateApplication(ctx context.Context, call directory.Call, in NewApplication) (directory.Application, error) {
	return directory.Write(ctx, a.directory, call, directory.OpCreateApplication, func(c *directory.Change) (app directory.Application, err error) {
		if in, err = in.clean(app); err != nil {
			return app, err
		}
		if err := c.OneMore(limits.Applications); err != nil {
			return app, err
		}
		if err := c.Lock(directory.LockApp(in.ID)); err != nil {
			return app, err
		}
		app = with(directory.Application{OrgID: c.Actor().OrgID, ID: in.ID, CreatedAt: c.Now()}, in, c.Now())
		there, err := directory.LookupApp(c, app.OrgID, in.ID)
		if err == nil {
			whose := "this organization"
			if there.OrgID == "" {
				whose = "the deployment"
			}
			return app, &directory.Error{Code: directory.Conflict, Field: "id", Message: "an application of " + whose + " has this id"}
		}
		if directory.CodeOf(err) != directory.NotFound {
			return app, err
		}
		if err := c.CreateApplication(app); err != nil {
			return app, err
		}
		return app, c.Record(app.Target(), nil, app)
	})
}

// own finds an application of the actor's organization that can be changed, and locks it.
func own(c *directory.Change, id directory.AppID) (directory.Application, error) {
	app, err := lookupOwn(c, c.Actor().OrgID, id)
	if err != nil {
		return app, err
	}
	return app, c.Lock(directory.LockApp(id))
}

// lookupOwn finds an application of an organization. One of the deployment is
// [directory.Forbidden], whatever the caller may do.
func lookupOwn(tx directory.Tx, org directory.OrgID, id directory.AppID) (directory.Application, error) {
	app, err := directory.LookupApp(tx, org, id)
	if err == nil && app.OrgID == "" {
		return app, directory.Errorf(directory.Forbidden, "the application %s belongs to the deployment; only the operator manages it", quote.Input(id))
	}
	return app, err
}

// UpdateApplication replaces the properties of one of the organization's
// applications. Roles and API tokens must not hold a capability that it does not define
// any more, unless force takes it from them.
//
// Permission rbac|update; with force, users|update besides if a role in use loses
// something, and apiTokens|update if a token does; and to change paths that there are, all
// that they require. Audit entry updateApplication, and for
// all that lose something, updateRole and updateApplication. Errors: [directory.NotFound];
// [directory.Invalid]; [directory.Conflict], with how many hold it; [directory.Forbidden]
// for an application of the deployment.
func (a *Apps) UpdateApplication(ctx context.Context, call directory.Call, id directory.AppID, in NewApplication, force bool) (directory.Application, error) {
	return directory.Write(ctx, a.directory, call, directory.OpUpdateApplication, func(c *directory.Change) (app directory.Application, err error) {
		before, err := own(c, id)
		if err != nil {
			return app, err
		}
		if err := c.Check(before); err != nil {
			return app, err
		}
		in.ID = id
		if in, err = in.clean(before); err != nil {
			return app, err
		}
		if err := mayChangePaths(c.Actor(), before, *in.Paths); err != nil {
			return app, err
		}
		return update(c, before, in, force)
	})
}

// update replaces what in sets, if it is not that way already.
func update(c *directory.Change, before directory.Application, in NewApplication, force bool) (directory.Application, error) {
	app := with(before, in, c.Now())
	if sameProperties(app, before) {
		return before, nil
	}
	losers, err := losersOf(c, before, app.Defines)
	if err != nil {
		return app, err
	}
	if err := losers.take(c, force); err != nil {
		return app, err
	}
	if err := c.UpdateApplication(app); err != nil {
		return app, err
	}
	return app, c.RecordIn(app.LogID(), app.Target(), before, app)
}

// with returns an application with the properties that in sets, which are clean.
func with(app directory.Application, in NewApplication, now time.Time) directory.Application {
	app.Name, app.Types, app.Paths, app.Subjects, app.UpdatedAt = in.Name, in.Types, *in.Paths, *in.Subjects, now
	if len(app.Paths) == 0 {
		app.Paths = nil
	}
	return app
}

func sameProperties(a, b directory.Application) bool {
	return a.Name == b.Name && a.Types.Equal(b.Types) && a.Subjects == b.Subjects && slices.EqualFunc(a.Paths, b.Paths, samePathRule)
}

// DeleteApplication deletes one of the organization's applications with its credentials.
// Roles and API tokens must not hold its capabilities, unless force takes them.
//
// Permission rbac|delete; with force, as UpdateApplication. Audit entry deleteApplication,
// and as UpdateApplication for all that lose something. Errors: as UpdateApplication.
func (a *Apps) DeleteApplication(ctx context.Context, call directory.Call, id directory.AppID, force bool) error {
	return directory.Do(ctx, a.directory, call, directory.OpDeleteApplication, func(c *directory.Change) error {
		app, err := own(c, id)
		if err != nil {
			return err
		}
		if err := c.Check(app); err != nil {
			return err
		}
		return remove(c, app, force)
	})
}

func remove(c *directory.Change, app directory.Application, force bool) error {
	losers, err := losersOf(c, app, func(authz.AppGrant) bool { return false })
	if err != nil {
		return err
	}
	if err := losers.take(c, force); err != nil {
		return err
	}
	if err := c.Tx.DeleteApplication(app.OrgID, app.ID); err != nil {
		return err
	}
	return c.RecordIn(app.LogID(), app.Target(), app, nil)
}
