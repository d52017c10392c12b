package httpapi

import (
	"errors"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/roles"
)

// role is the v2 object RoleWithID.
type role struct {
	DatasetCapabilities map[string]map[string][]string `json:"datasetCapabilities"`
	Description         string                         `json:"description"`
	ID                  directory.RoleID               `json:"id"`
	Members             []directory.UserID             `json:"members"`
	Name                string                         `json:"name"`
	OrgCapabilities     map[string][]string            `json:"orgCapabilities"`
	ViewCapabilities    map[string]map[string][]string `json:"viewCapabilities,omitzero"`
	AppCapabilities     authz.AppsWire                 `json:"appCapabilities,omitzero"`
}

func roleOf(r directory.Role) role {
	caps := r.Capabilities.Wire()
	return role{
		DatasetCapabilities: caps.Datasets, Description: r.Description, ID: r.ID, Members: r.Members, Name: r.Name,
		OrgCapabilities: caps.Org, ViewCapabilities: caps.Views, AppCapabilities: caps.Apps,
	}
}

// roleInput is a role to create, or one written back as it was read.
type roleInput struct {
	capabilitiesBody `json:",inline"`
	ID               *directory.RoleID   `json:"id"`
	Name             string              `json:"name"`
	Description      string              `json:"description"`
	Members          *[]directory.UserID `json:"members"`
}

// role checks the id against that in the path. A new role has none.
func (b roleInput) role(id directory.RoleID) (roles.NewRole, error) {
	if b.ID != nil && *b.ID != id {
		return roles.NewRole{}, errReadOnlyID
	}
	caps, err := b.parse()
	return roles.NewRole{Name: b.Name, Description: b.Description, Capabilities: caps, KeepApps: b.keepsApps(), Members: b.Members}, err
}

var errReadOnlyID = directory.InvalidField("id", "is assigned by the server and can't be chosen or changed; leave it out")

// fieldProblem converts a problem of capabilities to an error of an invalid field.
func fieldProblem(err error) error {
	if e, ok := errors.AsType[*authz.FieldError](err); ok {
		return directory.InvalidField(e.Field, "%v", e.Err)
	}
	return err
}

func createRole(rq *request, body roleInput) (directory.Role, error) {
	in, err := body.role("")
	if err != nil {
		return directory.Role{}, err
	}
	return rq.api.service.CreateRole(rq.Context(), rq.call, in)
}

func updateRole(rq *request, body roleInput) (directory.Role, error) {
	id := directory.RoleID(rq.PathValue("id"))
	in, err := body.role(id)
	if err != nil {
		return directory.Role{}, err
	}
	return rq.api.service.UpdateRole(rq.Context(), rq.call, id, in)
}
