package console

import (
	"net/url"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
)

// groupsPage lists the groups.
var groupsPage = page{
	about: "group",
	path:  "groups", name: "groups", title: "Groups", menu: "p", needs: []directory.Operation{directory.OpListGroups}, show: showGroups,
	actions: map[string]action{
		"create": {directory.OpCreateGroup, createGroup},
	},
}

// groupPage shows a group's roles and members.
var groupPage = page{
	about: "group",
	path:  "groups/{id}", name: "group", title: "Group", needs: []directory.Operation{directory.OpGetGroup}, show: showGroup,
	parts: map[string]func(*request) (any, error){"members": showMembers, "candidates": showCandidates, "preview": previewGroup},
	actions: map[string]action{
		"save":   {directory.OpUpdateGroup, saveGroup},
		"delete": {directory.OpDeleteGroup, deleteGroup},
		"add":    {directory.OpAddGroupMember, addMember},
		"take":   {directory.OpRemoveGroupMember, takeMember},
	},
}

const (
	membersShown    = 50
	candidatesShown = 8
)

func showGroups(rq *request) (any, error) { return rq.groupUses() }

func createGroup(rq *request) (outcome, error) {
	in := roles.NewGroup{Name: rq.PostForm.Get("name"), Description: rq.PostForm.Get("description")}
	g, err := rq.console.catalog.CreateGroup(rq.Context(), rq.call, in)
	return outcome{to: "groups/" + string(g.ID), note: note{Text: g.Name + " was created"}}, err
}

func (rq *request) groupID() directory.GroupID { return directory.GroupID(rq.PathValue("id")) }

type groupData struct {
	Group  groupUse
	Users  []directory.User // to be added
	Roles  []givenRole
	MaySee bool // the members' names
	membersData
}

// membersData is a part of the list of members.
type membersData struct {
	Members  []directory.User
	Text     string
	First    bool   // the part is the list's beginning
	More     string // the rest's query; "" if there is none
	Searched bool   // the rest has to be searched before there is anything to show
}

// givenRole is a role that a group may give.
type givenRole struct {
	roleUse
	Given bool
}

func showGroup(rq *request) (any, error) {
	g, err := rq.groupUse(rq.groupID())
	if err != nil {
		return nil, err
	}
	roles, err := rq.roles()
	if err != nil {
		return nil, err
	}
	d := groupData{Group: g, MaySee: rq.may(directory.OpListUsers)}
	if d.MaySee {
		if d.membersData, err = rq.listMembers(); err != nil {
			return nil, err
		}
	}
	given := g.Roles
	if rq.form != nil && rq.form.name == "save" {
		given = rolesIn(rq)
	}
	for _, r := range roles {
		d.Roles = append(d.Roles, givenRole{r, slices.Contains(given, r.ID)})
	}
	return d, nil
}

// showMembers is a further part of the list of members, or the beginning of another search.
func showMembers(rq *request) (any, error) {
	members, err := rq.listMembers()
	return groupData{Group: groupUse{Group: directory.Group{ID: rq.groupID()}}, membersData: members}, err
}

// listMembers reads the part of the list of members that the query asks for.
func (rq *request) listMembers() (d membersData, err error) {
	q := rq.URL.Query()
	after := directory.UserID(q.Get("after"))
	d = membersData{Text: strings.TrimSpace(q.Get("member")), First: after == ""}
	found, after, err := rq.findUsers(members.UserFilter{Group: rq.groupID(), Text: d.Text, After: after}, membersShown)
	d.Members = found
	if after != "" {
		d.Searched = len(found) < membersShown
		d.More = "?" + url.Values{"member": {d.Text}, "after": {string(after)}}.Encode()
	}
	return d, err
}

// rolesIn are the roles that the form chooses.
func rolesIn(rq *request) []directory.RoleID {
	roles := make([]directory.RoleID, 0, len(rq.PostForm["roles"]))
	for _, id := range rq.PostForm["roles"] {
		roles = append(roles, directory.RoleID(id))
	}
	return roles
}

func groupIn(rq *request) roles.NewGroup {
	gives := rolesIn(rq)
	return roles.NewGroup{Name: rq.PostForm.Get("name"), Description: rq.PostForm.Get("description"), Roles: &gives}
}

// previewGroup says who would gain and lose what if the group were saved.
func previewGroup(rq *request) (any, error) {
	call := rq.call
	diff := new(access.Diff)
	call.DryRun = diff
	_, err := rq.console.catalog.UpdateGroup(rq.Context(), call, rq.groupID(), groupIn(rq))
	return rq.tried(directory.OpUpdateGroup, diff, err)
}

func saveGroup(rq *request) (outcome, error) {
	g, err := rq.console.catalog.UpdateGroup(rq.Context(), rq.call, rq.groupID(), groupIn(rq))
	return outcome{to: "groups/" + string(g.ID), note: note{Text: g.Name + " was saved"}}, err
}

func deleteGroup(rq *request) (outcome, error) {
	err := rq.console.catalog.DeleteGroup(rq.Context(), rq.call, rq.groupID())
	return outcome{to: "groups", note: note{Text: "The group was deleted"}}, err
}

// showCandidates lists the first users that the text finds, to be added.
func showCandidates(rq *request) (any, error) {
	text := strings.TrimSpace(rq.URL.Query().Get("q"))
	if text == "" {
		return groupData{}, nil
	}
	found, _, err := rq.findUsers(members.UserFilter{Text: text}, candidatesShown)
	if err != nil {
		return nil, err
	}
	return groupData{Users: found, Group: groupUse{Group: directory.Group{ID: rq.groupID()}}}, nil
}

func (rq *request) chosenUser() (directory.User, error) {
	return rq.console.Members.GetUser(rq.Context(), rq.call, directory.UserID(rq.PostForm.Get("user")))
}

func addMember(rq *request) (outcome, error) { return moveMember(rq, true) }

func takeMember(rq *request) (outcome, error) { return moveMember(rq, false) }

// moveMember puts a user into the group or takes them out, and offers the reverse.
func moveMember(rq *request, in bool) (outcome, error) {
	u, err := rq.chosenUser()
	if err != nil {
		return outcome{}, err
	}
	here := "groups/" + string(rq.groupID())
	n := note{Undo: here + "/add", With: map[string]string{"user": string(u.ID)}}
	if in {
		n.Text, n.Undo = u.Name+" was added", here+"/take"
		err = rq.console.catalog.AddGroupMember(rq.Context(), rq.call, rq.groupID(), u.ID)
	} else {
		n.Text = u.Name + " was taken out"
		err = rq.console.catalog.RemoveGroupMember(rq.Context(), rq.call, rq.groupID(), u.ID)
	}
	return outcome{to: here, note: n}, err
}
