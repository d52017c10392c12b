package scim

import (
	"errors"
	"maps"
	"net/http"
	"slices"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/scim/patch"
	"github.com/rosterhq/roster/internal/scim/schema"
)

func groups(types *resourceTypes) *schema.ResourceType { return types.group }

func (rq *request) groupURL(id directory.GroupID) string { return rq.base + "/Groups/" + string(id) }

// group is the resource of a group, with the attributes that are not in it.
func (rq *request) group(t *schema.ResourceType, g provisioning.Group) (resource, others object) {
	resource, others = split(t, g.Attributes)
	resource["id"], resource["displayName"] = string(g.ID), g.Name
	if g.ExternalID != "" {
		resource["externalId"] = g.ExternalID
	}
	if len(g.Members) > 0 {
		members := make([]any, len(g.Members))
		for i, id := range g.Members {
			members[i] = object{"value": string(id), "$ref": rq.userURL(id), "type": "User"}
		}
		resource["members"] = members
	}
	resource["meta"] = object{
		"resourceType": t.Name, "created": schema.FormatTime(g.CreatedAt), "lastModified": schema.FormatTime(g.UpdatedAt),
		"location": rq.groupURL(g.ID), "version": groupTag(g),
	}
	return resource, others
}

// groupOf is what a resource says of a group, without the members.
func groupOf(resource, others object) provisioning.GroupChange {
	g := provisioning.GroupChange{Attributes: make(object)}
	g.Name, _ = resource["displayName"].(string)
	g.ExternalID, _ = resource["externalId"].(string)
	maps.Copy(g.Attributes, others)
	maps.Copy(g.Attributes, resource)
	for _, name := range []string{"schemas", "id", "externalId", "meta", "displayName", "members"} {
		delete(g.Attributes, name)
	}
	return g
}

// membersOf are the ids of a resource's members.
func membersOf(resource object) []directory.UserID {
	ids := []directory.UserID{}
	members, _ := resource["members"].([]any)
	for _, member := range members {
		member, _ := member.(object)
		if id, _ := member["value"].(string); id != "" {
			ids = append(ids, directory.UserID(id))
		}
	}
	slices.Sort(ids)
	return slices.Compact(ids)
}

func (rq *request) groupResponse(status int, t *schema.ResourceType, p *schema.Projection, g provisioning.Group) *response {
	resource, _ := rq.group(t, g)
	return &response{status, rq.groupURL(g.ID), groupTag(g), shown(t, p, resource)}
}

func getGroup(rq *request) (*response, error) {
	t, projection, err := rq.typed(directory.OpGetGroup, groups)
	if err != nil {
		return nil, err
	}
	g, err := rq.server.provisioner.GetGroup(rq.ctx, rq.Call, directory.GroupID(rq.id), projection.Wants("members"))
	if err != nil {
		return nil, err
	}
	return rq.groupResponse(http.StatusOK, t, projection, g), nil
}

func listGroups(rq *request) (*response, error) {
	l, err := queryOf(rq.query)
	if err != nil {
		return nil, err
	}
	return rq.groups(l)
}

func searchGroups(rq *request) (*response, error) {
	l, err := searchOf(rq.body)
	if err != nil {
		return nil, err
	}
	return rq.groups(l)
}

func (rq *request) groups(l listQuery) (*response, error) {
	types, err := rq.load(directory.OpListGroups)
	if err != nil {
		return nil, err
	}
	t := types.group
	c, err := l.compile(t, func(p *schema.Projection) int {
		if p.Wants("members") {
			return MaxGroupPage
		}
		return MaxPage
	})
	if err != nil {
		return nil, err
	}
	c.Related = c.projection.Wants("members") && c.count > 0
	page, err := rq.server.provisioner.ListGroups(rq.ctx, rq.Call, c.Query)
	if err != nil {
		return nil, err
	}
	return &response{status: http.StatusOK, body: pageOf(c, page, func(g provisioning.Group) object {
		resource, _ := rq.group(t, g)
		return shown(t, c.projection, resource)
	})}, nil
}

func createGroup(rq *request) (*response, error) {
	t, projection, err := rq.typed(directory.OpCreateGroup, groups)
	if err != nil {
		return nil, err
	}
	resource, err := rq.decode(t)
	if err != nil {
		return nil, err
	}
	in := groupOf(resource, nil)
	in.Add = membersOf(resource)
	g, err := rq.server.provisioner.CreateGroup(rq.ctx, rq.Call, in)
	if err != nil {
		return nil, err
	}
	g.Members = in.Add
	return rq.groupResponse(http.StatusCreated, t, projection, g), nil
}

func replaceGroup(rq *request) (*response, error) {
	t, projection, err := rq.typed(directory.OpUpdateGroup, groups)
	if err != nil {
		return nil, err
	}
	resource, err := rq.decode(t)
	if err != nil {
		return nil, err
	}
	members := membersOf(resource)
	g, err := rq.modifyGroup(t, false, func(current, _ object) (provisioning.GroupChange, error) {
		replaced, err := t.Replace(current, resource)
		change := groupOf(replaced, nil)
		change.Replace = &members
		return change, err
	})
	if err != nil {
		return nil, err
	}
	g.Members = members
	return rq.groupResponse(http.StatusOK, t, projection, g), nil
}

// patchGroup responds without the group, so that the change of one member costs the same
// in a small and in a large group, unless the query asks for attributes (RFC 7644 section
// 3.5.2).
func patchGroup(rq *request) (*response, error) {
	t, projection, err := rq.typed(directory.OpUpdateGroup, groups)
	if err != nil {
		return nil, err
	}
	operations, err := patch.FromObject(rq.body)
	if err != nil {
		return nil, coded(err)
	}
	members, rest, ok, err := patch.SplitMembers(t, operations)
	if err != nil {
		return nil, coded(err)
	}
	var g provisioning.Group
	if ok {
		g, err = rq.modifyGroup(t, false, func(current, others object) (provisioning.GroupChange, error) {
			patched, err := patch.Apply(t, current, rest)
			change := groupOf(patched, others)
			change.Add, change.Remove = userIDs(members.Add), slices.DeleteFunc(userIDs(members.Remove), notID)
			if members.Replace != nil {
				change.Replace = new(userIDs(*members.Replace))
			}
			return change, err
		})
	} else {
		g, err = rq.modifyGroup(t, true, func(current, others object) (provisioning.GroupChange, error) {
			patched, err := patch.Apply(t, current, operations)
			change := groupOf(patched, others)
			change.Replace = new(membersOf(patched))
			return change, err
		})
	}
	if err != nil {
		return nil, err
	}
	if !rq.query.Has("attributes") && !rq.query.Has("excludedAttributes") {
		return &response{status: http.StatusNoContent, location: rq.groupURL(g.ID), tag: groupTag(g)}, nil
	}
	if projection.Wants("members") {
		whole, err := rq.server.provisioner.GetGroup(rq.ctx, rq.Call, g.ID, true)
		if err == nil {
			g = whole
		} else if !errors.Is(err, provisioning.ErrTooManyMembers) { // then it is shown without them: the change is done
			return nil, err
		}
	}
	return rq.groupResponse(http.StatusOK, t, projection, g), nil
}

func userIDs(ids []string) []directory.UserID {
	users := make([]directory.UserID, len(ids))
	for i, id := range ids {
		users[i] = directory.UserID(id)
	}
	return users
}

// notID reports whether nobody can have the id, so that nobody has to be removed.
func notID(id directory.UserID) bool { return !isID(string(id)) }

// modifyGroup makes of a group what a function makes of the current resource.
func (rq *request) modifyGroup(t *schema.ResourceType, withMembers bool, modify func(current, others object) (provisioning.GroupChange, error)) (provisioning.Group, error) {
	return rq.server.provisioner.ModifyGroup(rq.ctx, rq.Call, directory.GroupID(rq.id), withMembers, func(g provisioning.Group) (provisioning.GroupChange, error) {
		if err := rq.conditions.check(groupTag(g)); err != nil {
			return provisioning.GroupChange{}, err
		}
		current, others := rq.group(t, g)
		change, err := modify(current, others)
		return change, coded(err)
	})
}

func deleteGroup(rq *request) (*response, error) {
	err := rq.server.provisioner.DeleteGroup(rq.ctx, rq.Call, directory.GroupID(rq.id), func(g provisioning.Group) error {
		return rq.conditions.check(groupTag(g))
	})
	return &response{status: http.StatusNoContent}, err
}
