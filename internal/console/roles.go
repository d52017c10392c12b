package console

import (
	"slices"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/roles"
)

// rolesPage lists the roles, and compares what they have.
var rolesPage = page{
	about: "role",
	path:  "roles", name: "roles", title: "Roles", menu: "r", needs: []directory.Operation{directory.OpListRoles}, show: showRoles,
	actions: map[string]action{
		"create": {directory.OpCreateRole, createRole},
	},
}

// rolePage shows a role's capabilities, to read and to edit.
var rolePage = page{
	about: "role",
	path:  "roles/{id}", name: "role", title: "Role", needs: []directory.Operation{directory.OpGetRole}, show: showRole,
	parts: map[string]func(*request) (any, error){"preview": previewRoleChange},
	actions: map[string]action{
		"save":   {directory.OpUpdateRole, saveRole},
		"delete": {directory.OpDeleteRole, deleteRole},
	},
}

// rolesCompared is how many roles are compared in one table.
const rolesCompared = 12

type rolesData struct {
	Roles   []roleUse
	Compare []comparedResource
	Apps    []comparedApp
	AppsCut bool // the applications define more
	Columns []roleUse
}

// comparedResource is what each role may do with a resource of the organization.
type comparedResource struct {
	Resource string
	Cells    []comparedCell
}

type comparedCell struct {
	Actions string // such as "create, read"
	Letters string // such as "CR··"
	All     bool
}

func showRoles(rq *request) (any, error) {
	roles, err := rq.roleUses()
	if err != nil {
		return nil, err
	}
	d := rolesData{Roles: roles, Columns: roles[:min(len(roles), rolesCompared)]}
	d.Compare = compareRoles(d.Columns)
	apps, err := rq.apps()
	d.Apps, d.AppsCut = compareApps(apps, d.Columns)
	return d, err
}

func compareRoles(roles []roleUse) (rows []comparedResource) {
	all := grantsOn(authz.ScopeOrg, "", authz.Org.Pairs(authz.Org.All()))
	for _, g := range all {
		row := comparedResource{Resource: g.Resource}
		for _, r := range roles {
			row.Cells = append(row.Cells, compareCell(r.Capabilities.Org, g.Resource))
		}
		rows = append(rows, row)
	}
	return rows
}

func compareCell(have authz.Grants, resource string) comparedCell {
	c := comparedCell{All: true}
	letters := []byte("····"[:0])
	for _, a := range actionColumns {
		g, ok := authz.Org.Grant(authz.Pair{Resource: resource, Action: a})
		if !ok {
			continue
		}
		if !have.Covers(g) {
			c.All = false
			letters = append(letters, '-')
			continue
		}
		letters = append(letters, a.String()[0]-'a'+'A')
		if c.Actions != "" {
			c.Actions += ", "
		}
		c.Actions += a.String()
	}
	c.Letters = string(letters)
	return c
}

func createRole(rq *request) (outcome, error) {
	in := roles.NewRole{Name: rq.PostForm.Get("name"), Description: rq.PostForm.Get("description")}
	if like := rq.PostForm.Get("like"); like != "" {
		r, err := rq.role(directory.RoleID(like))
		if err != nil {
			return outcome{}, err
		}
		in.Capabilities = r.Capabilities
		if in.Capabilities.Apps, err = rq.definedApps(r.Capabilities.Apps); err != nil {
			return outcome{}, err
		}
	}
	r, err := rq.console.catalog.CreateRole(rq.Context(), rq.call, in)
	return outcome{to: "roles/" + string(r.ID), note: note{Text: r.Name + " was created"}}, err
}

type roleData struct {
	Role   roleUse
	Picker picker
	Add    string // a dataset or view that the address asks for
}

func (rq *request) roleID() directory.RoleID { return directory.RoleID(rq.PathValue("id")) }

// role reads one role.
func (rq *request) role(id directory.RoleID) (roleUse, error) {
	roles, err := rq.roles()
	if err != nil {
		return roleUse{}, err
	}
	i := slices.IndexFunc(roles, func(r roleUse) bool { return r.ID == id })
	if i < 0 {
		return roleUse{}, directory.Errorf(directory.NotFound, "role not found")
	}
	return roles[i], nil
}

func showRole(rq *request) (any, error) {
	roles, err := rq.roleUses()
	if err != nil {
		return nil, err
	}
	i := slices.IndexFunc(roles, func(r roleUse) bool { return r.ID == rq.roleID() })
	if i < 0 {
		return nil, directory.Errorf(directory.NotFound, "role not found")
	}
	d := roleData{Role: roles[i]}
	chosen := d.Role.Capabilities
	if rq.form != nil && rq.form.name == "save" {
		chosen, _ = parsePicked(rq.PostForm) // what can't be read was the reason to refuse the form
	}
	q := rq.URL.Query()
	chosen = addNamed(chosen, q.Get("scope"), q.Get("name"))
	d.Picker, err = rq.picker(chosen, authz.Everything(), d.Role.BuiltIn() || !rq.may(directory.OpUpdateRole))
	return d, err
}

// roleIn is the role as the form has it.
func roleIn(rq *request) (in roles.NewRole, err error) {
	if in.Capabilities, err = parsePicked(rq.PostForm); err != nil {
		return in, err
	}
	in.Name, in.Description = rq.PostForm.Get("name"), rq.PostForm.Get("description")
	return in, nil
}

// previewRoleChange says who would gain and lose what if the role were saved.
func previewRoleChange(rq *request) (any, error) {
	in, err := roleIn(rq)
	call := rq.call
	diff := new(access.Diff)
	call.DryRun = diff
	if err == nil {
		_, err = rq.console.catalog.UpdateRole(rq.Context(), call, rq.roleID(), in)
	}
	return rq.tried(directory.OpUpdateRole, diff, err)
}

func saveRole(rq *request) (outcome, error) {
	in, err := roleIn(rq)
	if err != nil {
		return outcome{}, err
	}
	r, err := rq.console.catalog.UpdateRole(rq.Context(), rq.call, rq.roleID(), in)
	return outcome{to: "roles/" + string(r.ID), note: note{Text: r.Name + " was saved"}}, err
}

func deleteRole(rq *request) (outcome, error) {
	err := rq.console.catalog.DeleteRole(rq.Context(), rq.call, rq.roleID())
	return outcome{to: "roles", note: note{Text: "The role was deleted"}}, err
}
