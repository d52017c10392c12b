package httpapi

import (
	"strconv"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/roles"
)

// group is the v2 object GroupWithID.
type group struct {
	Description string             `json:"description"`
	ID          directory.GroupID  `json:"id"`
	IsManaged   bool               `json:"isManaged"`
	Members     []directory.UserID `json:"members"`
	Name        string             `json:"name"`
	Roles       []directory.RoleID `json:"roles"`

	version int64
}

func groupOf(g directory.Group) group {
	return group{g.Description, g.ID, g.Managed, g.Members, g.Name, g.Roles, g.Version}
}

// tag makes the ETag of a group depend on the version instead of the members, so that a
// group with many is compared without reading them.
func (g group) tag() (string, error) {
	g.Members = nil
	body, err := encode(g)
	return etag(append(body, strconv.FormatInt(g.version, 10)...)), err
}

// groupInput is a group to create, or one written back as it was read. isManaged is
// read-only and ignored.
type groupInput struct {
	ID          *directory.GroupID  `json:"id"`
	Name        string              `json:"name"`
	Description string              `json:"description"`
	IsManaged   bool                `json:"isManaged"`
	Members     *[]directory.UserID `json:"members"`
	Roles       *[]directory.RoleID `json:"roles"`
}

func (b groupInput) group(id directory.GroupID) (roles.NewGroup, error) {
	if b.ID != nil && *b.ID != id {
		return roles.NewGroup{}, errReadOnlyID
	}
	return roles.NewGroup{Name: b.Name, Description: b.Description, Members: b.Members, Roles: b.Roles}, nil
}

func addGroupMember(rq *request) error {
	group, user := directory.GroupID(rq.PathValue("id")), directory.UserID(rq.PathValue("userId"))
	return rq.api.service.AddGroupMember(rq.Context(), rq.call, group, user)
}

func removeGroupMember(rq *request) error {
	group, user := directory.GroupID(rq.PathValue("id")), directory.UserID(rq.PathValue("userId"))
	return rq.api.service.RemoveGroupMember(rq.Context(), rq.call, group, user)
}

// memberChanges are the members to add to a group and to remove from it.
type memberChanges struct {
	Add    []directory.UserID `json:"add"`
	Remove []directory.UserID `json:"remove"`
}

func updateGroupMembers(rq *request, body memberChanges) error {
	return rq.api.service.ChangeGroupMembers(rq.Context(), rq.call, directory.GroupID(rq.PathValue("id")), body.Add, body.Remove)
}

func createGroup(rq *request, body groupInput) (directory.Group, error) {
	in, err := body.group("")
	if err != nil {
		return directory.Group{}, err
	}
	return rq.api.service.CreateGroup(rq.Context(), rq.call, in)
}

func updateGroup(rq *request, body groupInput) (directory.Group, error) {
	id := directory.GroupID(rq.PathValue("id"))
	in, err := body.group(id)
	if err != nil {
		return directory.Group{}, err
	}
	return rq.api.service.UpdateGroup(rq.Context(), rq.call, id, in)
}
