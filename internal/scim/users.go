package scim

import (
	"fmt"
	"hash/crc32"
	"maps"
	"net/http"
	"strconv"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/scim/patch"
	"github.com/rosterhq/roster/internal/scim/schema"
)

// userTag is the version of a user. That of a user without a stored profile is made of
// the account.
func userTag(p provisioning.Person) string {
	if p.Version < 2 {
		return fmt.Sprintf(`W/"%d-%08x"`, p.Version, crc32.ChecksumIEEE([]byte(p.Profile.UserName+"\n"+p.Email)))
	}
	return fmt.Sprintf(`W/"%d"`, p.Version)
}

// split separates the attributes that the schemas describe from others, which v2 has set
// or which belong to a schema that is gone. The others are kept and not shown.
func split(t *schema.ResourceType, attributes object) (known, others object) {
	if normalized, err := t.Normalize(attributes); err == nil && len(normalized) == len(attributes) {
		return normalized, nil
	}
	known, others = make(object), make(object)
	for name, value := range attributes {
		one, err := t.Normalize(object{name: value})
		if err != nil || len(one) == 0 {
			others[name] = value
			continue
		}
		maps.Copy(known, one)
	}
	return known, others
}

// user is the resource of a user, with the attributes that are not in it.
func (rq *request) user(t *schema.ResourceType, p provisioning.Person) (resource, others object) {
	resource, others = split(t, p.Profile.Attributes)
	resource["id"], resource["userName"], resource["active"] = string(p.ID), p.Profile.UserName, p.Profile.Active
	if p.Profile.ExternalID != "" {
		resource["externalId"] = p.Profile.ExternalID
	}
	var groups []any
	if !rq.seesGroups() {
		p.Groups = nil
	}
	for _, g := range p.Groups {
		groups = append(groups, object{
			"value": string(g.ID), "$ref": rq.base + "/Groups/" + string(g.ID), "display": g.Name, "type": "direct",
		})
	}
	if groups != nil {
		resource["groups"] = groups
	}
	resource["meta"] = object{
		"resourceType": t.Name, "created": schema.FormatTime(p.CreatedAt), "lastModified": schema.FormatTime(p.UpdatedAt),
		"location": rq.userURL(p.ID), "version": userTag(p),
	}
	return resource, others
}

// seesGroups reports whether the principal may see who is in which group.
func (rq *request) seesGroups() bool {
	return directory.OpListGroups.Authorize(rq.Call.Principal) == nil
}

func (rq *request) userURL(id directory.UserID) string { return rq.base + "/Users/" + string(id) }

// shown is the part of a resource that responses have.
func shown(t *schema.ResourceType, p *schema.Projection, resource object) object {
	resource["schemas"] = t.SchemasOf(resource)
	return p.Apply(resource)
}

// profileOf is what a resource says of a user. If it does not say whether the user is
// active, they stay as they are.
func profileOf(resource, others object, active bool) provisioning.Profile {
	p := provisioning.Profile{Active: active, Attributes: make(object)}
	p.UserName, _ = resource["userName"].(string)
	p.ExternalID, _ = resource["externalId"].(string)
	if set, ok := resource["active"].(bool); ok {
		p.Active = set
	}
	maps.Copy(p.Attributes, others)
	maps.Copy(p.Attributes, resource)
	for _, name := range []string{"schemas", "id", "externalId", "meta", "userName", "active", "groups"} {
		delete(p.Attributes, name)
	}
	return p
}

// typed loads the types for an operation, and the projection that the query asks for.
func (rq *request) typed(op directory.Operation, pick func(*resourceTypes) *schema.ResourceType) (*schema.ResourceType, *schema.Projection, error) {
	types, err := rq.load(op)
	if err != nil {
		return nil, nil, err
	}
	t := pick(types)
	p, err := t.Projection(rq.query["attributes"], rq.query["excludedAttributes"])
	return t, p, coded(err)
}

func users(types *resourceTypes) *schema.ResourceType { return types.user }

func (rq *request) userResponse(status int, t *schema.ResourceType, p *schema.Projection, person provisioning.Person) *response {
	resource, _ := rq.user(t, person)
	return &response{status, rq.userURL(person.ID), userTag(person), shown(t, p, resource)}
}

func getUser(rq *request) (*response, error) {
	return rq.cached(directory.OpGetUser, readUser, func(*response) bool { return true })
}

func readUser(rq *request) (*response, error) {
	t, projection, err := rq.typed(directory.OpGetUser, users)
	if err != nil {
		return nil, err
	}
	person, err := rq.server.provisioner.GetUser(rq.ctx, rq.Call, directory.UserID(rq.id))
	if err != nil {
		return nil, err
	}
	return rq.userResponse(http.StatusOK, t, projection, person), nil
}

func listUsers(rq *request) (*response, error) {
	return rq.cached(directory.OpListUsers, readUsers, func(answer *response) bool {
		page, ok := answer.body.(listBody)
		return ok && page.Items > 0 && !isSearch(rq.query) && rq.query.Has("filter")
	})
}

func readUsers(rq *request) (*response, error) {
	l, err := queryOf(rq.query)
	if err != nil {
		return nil, err
	}
	return rq.users(l)
}

func searchUsers(rq *request) (*response, error) {
	l, err := searchOf(rq.body)
	if err != nil {
		return nil, err
	}
	return rq.users(l)
}

func (rq *request) users(l listQuery) (*response, error) {
	types, err := rq.load(directory.OpListUsers)
	if err != nil {
		return nil, err
	}
	t := types.user
	if !rq.seesGroups() {
		l.hidden = "groups"
	}
	c, err := l.compile(t, func(*schema.Projection) int { return MaxPage })
	if err != nil {
		return nil, err
	}
	c.Related = c.projection.Wants("groups")
	page, err := rq.server.provisioner.ListUsers(rq.ctx, rq.Call, c.Query)
	if err != nil {
		return nil, err
	}
	return &response{status: http.StatusOK, body: pageOf(c, page, func(p provisioning.Person) object {
		resource, _ := rq.user(t, p)
		return shown(t, c.projection, resource)
	})}, nil
}

// decode reads the resource in the body.
func (rq *request) decode(t *schema.ResourceType) (object, error) {
	resource, err := t.Normalize(rq.body)
	if err == nil {
		err = t.Validate(resource)
	}
	return resource, coded(err)
}

func createUser(rq *request) (*response, error) {
	t, projection, err := rq.typed(directory.OpCreateUser, users)
	if err != nil {
		return nil, err
	}
	resource, err := rq.decode(t)
	if err != nil {
		return nil, err
	}
	person, err := rq.server.provisioner.CreateUser(rq.ctx, rq.Call, profileOf(resource, nil, true))
	if err != nil {
		return nil, err
	}
	return rq.userResponse(http.StatusCreated, t, projection, person), nil
}

func replaceUser(rq *request) (*response, error) {
	return rq.modifyUser(func(t *schema.ResourceType) (func(current, others object, active bool) (provisioning.Profile, error), error) {
		resource, err := rq.decode(t)
		if err != nil {
			return nil, err
		}
		return func(current, _ object, active bool) (provisioning.Profile, error) {
			replaced, err := t.Replace(current, resource)
			return profileOf(replaced, nil, active), err
		}, nil
	})
}

func patchUser(rq *request) (*response, error) {
	return rq.modifyUser(func(t *schema.ResourceType) (func(current, others object, active bool) (provisioning.Profile, error), error) {
		operations, err := patch.FromObject(rq.body)
		if err != nil {
			return nil, coded(err)
		}
		return func(current, others object, active bool) (provisioning.Profile, error) {
			patched, err := patch.Apply(t, current, operations)
			return profileOf(patched, others, active), err
		}, nil
	})
}

// modifyUser makes of a user what a function makes of the current resource.
func (rq *request) modifyUser(prepare func(*schema.ResourceType) (func(current, others object, active bool) (provisioning.Profile, error), error)) (*response, error) {
	t, projection, err := rq.typed(directory.OpUpdateUserProfile, users)
	if err != nil {
		return nil, err
	}
	modify, err := prepare(t)
	if err != nil {
		return nil, err
	}
	person, err := rq.server.provisioner.ModifyUser(rq.ctx, rq.Call, directory.UserID(rq.id), func(p provisioning.Person) (provisioning.Profile, error) {
		if err := rq.conditions.check(userTag(p)); err != nil {
			return p.Profile, err
		}
		current, others := rq.user(t, p)
		profile, err := modify(current, others, p.Profile.Active)
		return profile, coded(err)
	})
	if err != nil {
		return nil, err
	}
	return rq.userResponse(http.StatusOK, t, projection, person), nil
}

func deleteUser(rq *request) (*response, error) {
	err := rq.server.provisioner.DeleteUser(rq.ctx, rq.Call, directory.UserID(rq.id), func(p provisioning.Person) error {
		return rq.conditions.check(userTag(p))
	})
	return &response{status: http.StatusNoContent}, err
}

// getMe responds with the person's own user. An API token is nobody's.
func getMe(rq *request) (*response, error) {
	if rq.Call.Principal.UserID == "" {
		return noMe(rq)
	}
	t, projection, err := rq.typed(directory.OpGetOwnProfile, users)
	if err != nil {
		return nil, err
	}
	person, err := rq.server.provisioner.GetSelf(rq.ctx, rq.Call)
	if err != nil {
		return nil, err
	}
	return rq.userResponse(http.StatusOK, t, projection, person), nil
}

func noMe(*request) (*response, error) {
	return nil, directory.Errorf(notImplemented, "/Me can only be read, and only with a personal token; use /Users")
}

func groupTag(g provisioning.Group) string { return `W/"` + strconv.FormatInt(g.Version, 10) + `"` }
