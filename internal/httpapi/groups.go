package httpapi

import "github.com/rosterhq/roster/internal/directory"

// group is the v2 object GroupWithID.
type group struct {
	Description string             `json:"description"`
	ID          directory.GroupID  `json:"id"`
	IsManaged   bool               `json:"isManaged"`
	Members     []directory.UserID `json:"members"`
	Name        string             `json:"name"`
	Roles       []directory.RoleID `json:"roles"`
}

func groupOf(g directory.Group) group {
	return group{Description: g.Description, ID: g.ID, IsManaged: g.Managed, Members: g.Members, Name: g.Name, Roles: g.Roles}
}

// groupInput is a group to be made or written back as it was read; isManaged is
// the directory's to say and not looked at.
type groupInput struct {
	ID          *directory.GroupID  `json:"id"`
	Name        string              `json:"name"`
	Description string              `json:"description"`
	IsManaged   bool                `json:"isManaged"`
	Members     *[]directory.UserID `json:"members"`
	Roles       *[]directory.RoleID `json:"roles"`
}

func (b groupInput) group(id directory.GroupID) (directory.NewGroup, error) {
	if b.ID != nil && *b.ID != id {
		return directory.NewGroup{}, errReadOnlyID
	}
	return directory.NewGroup{Name: b.Name, Description: b.Description, Members: b.Members, Roles: b.Roles}, nil
}

func listGroups(rq *request) (answer, error) {
	return answerList(rq.api.service.ListGroups(rq.Context(), rq.call))
}

func getGroup(rq *request) (answer, error) {
	return answerWith(rq.api.service.GetGroup(rq.Context(), rq.call, directory.GroupID(rq.PathValue("id"))))
}

func createGroup(rq *request) (answer, error) {
	var body groupInput
	if err := rq.decode(&body); err != nil {
		return answer{}, err
	}
	in, err := body.group("")
	if err != nil {
		return answer{}, err
	}
	return answerWith(rq.api.service.CreateGroup(rq.Context(), rq.call, in))
}

func updateGroup(rq *request) (answer, error) {
	var body groupInput
	if err := rq.decode(&body); err != nil {
		return answer{}, err
	}
	id := directory.GroupID(rq.PathValue("id"))
	in, err := body.group(id)
	if err != nil {
		return answer{}, err
	}
	return answerWith(rq.api.service.UpdateGroup(rq.Context(), rq.call, id, in))
}

func deleteGroup(rq *request) (answer, error) {
	return noContent, rq.api.service.DeleteGroup(rq.Context(), rq.call, directory.GroupID(rq.PathValue("id")))
}
