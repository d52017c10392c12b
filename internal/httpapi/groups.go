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
	g, err := rq.api.service.GetGroup(rq.Context(), rq.call, directory.GroupID(rq.PathValue("id")))
	if err != nil {
		return answer{}, err
	}
	ans, err := answerWith(g, nil)
	if err != nil {
		return answer{}, err
	}
	ans.tag, err = groupTag(g)
	return ans, err
}

// groupTag is the ETag of a group. It depends on the version instead of the members, so
// that a group with many is compared without them.
func groupTag(g directory.Group) (string, error) {
	g.Members = nil
	body, err := represent(g)
	return etag(append(body, decimal(int(g.Version))...)), err
}

func addGroupMember(rq *request) (answer, error) {
	group, user := directory.GroupID(rq.PathValue("id")), directory.UserID(rq.PathValue("userId"))
	return noContent, rq.api.service.AddGroupMember(rq.Context(), rq.call, group, user)
}

func removeGroupMember(rq *request) (answer, error) {
	group, user := directory.GroupID(rq.PathValue("id")), directory.UserID(rq.PathValue("userId"))
	return noContent, rq.api.service.RemoveGroupMember(rq.Context(), rq.call, group, user)
}

// memberChanges are the members to add to a group and to remove from it.
type memberChanges struct {
	Add    []directory.UserID `json:"add"`
	Remove []directory.UserID `json:"remove"`
}

func updateGroupMembers(rq *request) (answer, error) {
	var body memberChanges
	if err := rq.decode(&body); err != nil {
		return answer{}, err
	}
	return noContent, rq.api.service.ChangeGroupMembers(rq.Context(), rq.call, directory.GroupID(rq.PathValue("id")), body.Add, body.Remove)
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
