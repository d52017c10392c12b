package applications

import (
	"context"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
)

// MaxCredentials is how many credentials an application has at a time: one in use, and
// one that takes its place.
const MaxCredentials = 2

// IssuedCredential is a new credential with its value, which is shown this once.
type IssuedCredential struct {
	directory.AppCredential
	Secret string `json:"-"`
}

// ShownOnce is the error of a retried create, whose secret is gone.
func (c IssuedCredential) ShownOnce() error {
	return directory.Errorf(directory.Conflict, "this Idempotency-Key already created credential %s, whose value is shown only once; "+
		"if that answer was lost, delete the credential and create another with a new key", c.ID)
}

// ListCredentials returns the credentials of one of the organization's applications.
// Permission rbac|read. Errors: [directory.NotFound]; [directory.Forbidden] for an
// application of the deployment.
func (a *Apps) ListCredentials(ctx context.Context, call directory.Call, id directory.AppID) ([]directory.AppCredential, error) {
	return directory.Read(ctx, a.directory, call, directory.OpListAppCredentials, func(tx directory.Tx) ([]directory.AppCredential, error) {
		app, err := lookupOwn(tx, call.Principal.OrgID, id)
		if err != nil {
			return nil, err
		}
		return a.credentials(tx, app)
	})
}

func (a *Apps) credentials(tx directory.Tx, app directory.Application) ([]directory.AppCredential, error) {
	all, err := tx.AppCredentials(app.OrgID, app.ID)
	for i := range all {
		all[i] = a.directory.AppCredentialUsed(all[i])
	}
	return all, err
}

// CreateCredential creates a credential of one of the organization's applications. With
// it, the application sees users and what they may do in it, so that its maker must see
// them too.
//
// Permissions rbac|update, rbac|read and users|read. Audit entry
// createApplicationCredential. Errors: [directory.NotFound]; [directory.Conflict] if there
// are [MaxCredentials]; [directory.Forbidden] for an application of the deployment.
func (a *Apps) CreateCredential(ctx context.Context, call directory.Call, id directory.AppID) (IssuedCredential, error) {
	return directory.Write(ctx, a.directory, call, directory.OpCreateAppCredential, func(c *directory.Change) (IssuedCredential, error) {
		for _, need := range []authz.Pair{{Resource: "users", Action: authz.Read}, {Resource: "rbac", Action: authz.Read}} {
			if !c.Actor().Capabilities.Allows(need) {
				return IssuedCredential{}, directory.Errorf(directory.Forbidden, "the credential would see users and their access, so that you need the permission %s too", need)
			}
		}
		app, err := own(c, id)
		if err != nil {
			return IssuedCredential{}, err
		}
		return issue(c, app)
	})
}

// issue creates a credential of an application that is locked.
func issue(c *directory.Change, app directory.Application) (issued IssuedCredential, err error) {
	there, err := c.AppCredentials(app.OrgID, app.ID)
	if err != nil {
		return issued, err
	}
	if len(there) >= MaxCredentials {
		return issued, directory.Errorf(directory.Conflict, "the application has %d credentials, as many as it may have; delete one first", len(there))
	}
	secret := ident.Secret(directory.AppCredentialPrefix)
	issued.AppCredential = directory.AppCredential{
		ID: directory.TokenID(ident.New("cred", c.Now())), OrgID: app.OrgID, AppID: app.ID,
		CreatedAt: c.Now(), CreatedBy: c.Actor().Giver(), Hash: directory.HashSecret(secret),
	}
	if !c.DryRun() {
		issued.Secret = secret
	}
	if err := c.CreateAppCredential(issued.AppCredential); err != nil {
		return issued, err
	}
	return issued, c.RecordIn(app.LogID(), issued.Target(), nil, issued.AppCredential)
}

// DeleteCredential deletes a credential, which is refused from then on. Permission
// rbac|update. Audit entry deleteApplicationCredential. Errors: [directory.NotFound];
// [directory.Forbidden] for an application of the deployment.
func (a *Apps) DeleteCredential(ctx context.Context, call directory.Call, id directory.AppID, credential directory.TokenID) error {
	return directory.Do(ctx, a.directory, call, directory.OpDeleteAppCredential, func(c *directory.Change) error {
		app, err := lookupOwn(c, c.Actor().OrgID, id)
		if err != nil {
			return err
		}
		return revoke(c, app, credential)
	})
}

func revoke(c *directory.Change, app directory.Application, id directory.TokenID) error {
	cred, err := c.AppCredential(app.OrgID, app.ID, id)
	if err != nil {
		return err
	}
	if err := c.DeleteAppCredential(app.OrgID, app.ID, id); err != nil {
		return err
	}
	return c.RecordIn(app.LogID(), cred.Target(), cred, nil)
}
