package httpapi

import (
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// application is an application that serves the organization.
type application struct {
	CreatedAt wireTime        `json:"createdAt"`
	ID        directory.AppID `json:"id"`
	Name      string          `json:"name"`
	Paths     []pathRule      `json:"paths,omitzero"`
	// Scope is organization for its own ones, and deployment for those of the operator.
	Scope     string                  `json:"scope"`
	Subjects  directory.SubjectNames  `json:"subjects,omitzero"`
	Types     map[string]resourceType `json:"types"`
	UpdatedAt wireTime                `json:"updatedAt"`
}

type pathRule struct {
	Methods []string `json:"methods,omitzero"`
	Path    string   `json:"path"`
	Require string   `json:"require"`
}

type resourceType struct {
	Actions   []string `json:"actions"`
	Instances bool     `json:"instances"`
}

func applicationOf(a directory.Application) application {
	out := application{
		CreatedAt: wireTime{a.CreatedAt}, ID: a.ID, Name: a.Name, Scope: "organization",
		Types: make(map[string]resourceType, len(a.Types)), UpdatedAt: wireTime{a.UpdatedAt},
	}
	if a.OrgID == "" {
		out.Scope = "deployment"
	}
	for name, t := range a.Types {
		out.Types[name] = resourceType(t)
	}
	out.Subjects = a.Subjects
	for _, r := range a.Paths {
		out.Paths = append(out.Paths, pathRule{Methods: r.Methods, Path: r.Path, Require: r.Require})
	}
	return out
}

// applicationInput is an application to create, or one written back as it was read.
// Read-only members are ignored.
type applicationInput struct {
	ID       *directory.AppID        `json:"id"`
	Name     string                  `json:"name"`
	Paths    *[]pathRule             `json:"paths"`
	Subjects *directory.SubjectNames `json:"subjects"`
	Types    map[string]resourceType `json:"types"`

	CreatedAt *wireTime `json:"createdAt"`
	Scope     *string   `json:"scope"`
	UpdatedAt *wireTime `json:"updatedAt"`
}

func (b applicationInput) application() applications.NewApplication {
	in := applications.NewApplication{Name: b.Name, Types: make(authz.AppTypes, len(b.Types)), Subjects: b.Subjects}
	for name, t := range b.Types {
		in.Types[name] = authz.AppType(t)
	}
	if b.Paths != nil {
		in.Paths = new([]directory.PathRule)
		for _, r := range *b.Paths {
			*in.Paths = append(*in.Paths, directory.PathRule{Path: r.Path, Methods: r.Methods, Require: r.Require})
		}
	}
	return in
}

func (rq *request) appID() directory.AppID { return directory.AppID(rq.PathValue("id")) }

func createApplication(rq *request, body applicationInput) (directory.Application, error) {
	if body.ID == nil {
		return directory.Application{}, directory.InvalidField("id", "is required: a slug, such as billing")
	}
	in := body.application()
	in.ID = *body.ID
	return rq.api.service.CreateApplication(rq.Context(), rq.call, in)
}

// paramForce takes what is removed from the roles and API tokens that hold it.
const paramForce = "force"

func (rq *request) force() (bool, error) {
	if !rq.params.Has(paramForce) {
		return false, nil
	}
	return rq.flag(paramForce)
}

func updateApplication(rq *request, body applicationInput) (directory.Application, error) {
	if body.ID != nil && *body.ID != rq.appID() {
		return directory.Application{}, errReadOnlyID
	}
	force, err := rq.force()
	if err != nil {
		return directory.Application{}, err
	}
	return rq.api.service.UpdateApplication(rq.Context(), rq.call, rq.appID(), body.application(), force)
}

func deleteApplication(rq *request) error {
	force, err := rq.force()
	if err != nil {
		return err
	}
	return rq.api.service.DeleteApplication(rq.Context(), rq.call, rq.appID(), force)
}

// appCredential is a credential without its value.
type appCredential struct {
	CreatedAt  wireTime          `json:"createdAt"`
	CreatedBy  creator           `json:"createdBy"`
	ID         directory.TokenID `json:"id"`
	LastUsedAt wireTime          `json:"lastUsedAt"`
}

type issuedAppCredential struct {
	appCredential `json:",inline"`
	Credential    string `json:"credential"`
}

func appCredentialOf(c directory.AppCredential) appCredential {
	return appCredential{CreatedAt: wireTime{c.CreatedAt}, CreatedBy: creatorOf(c.CreatedBy), ID: c.ID, LastUsedAt: wireTime{c.LastUsedAt}}
}

func issuedAppCredentialOf(c applications.IssuedCredential) issuedAppCredential {
	return issuedAppCredential{appCredentialOf(c.AppCredential), c.Secret}
}

func (issuedAppCredential) confidential() {}

func createAppCredential(rq *request) (applications.IssuedCredential, error) {
	return rq.api.service.CreateCredential(rq.Context(), rq.call, rq.appID())
}

func deleteAppCredential(rq *request) error {
	return rq.api.service.DeleteCredential(rq.Context(), rq.call, rq.appID(), directory.TokenID(rq.PathValue("credentialId")))
}
