package storetest

import (
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

func group(id directory.GroupID) func(directory.Tx) (directory.Group, error) {
	return func(tx directory.Tx) (directory.Group, error) { return tx.Group(acme, id) }
}

func groups(org directory.OrgID) func(directory.Tx) ([]directory.Group, error) {
	return func(tx directory.Tx) ([]directory.Group, error) { return tx.Groups(org) }
}

func groupsOf(id directory.UserID) func(directory.Tx) ([]directory.Group, error) {
	return func(tx directory.Tx) ([]directory.Group, error) { return tx.GroupsOf(acme, id) }
}

func groupIDsOf(org directory.OrgID, id directory.UserID) func(directory.Tx) ([]directory.GroupID, error) {
	return func(tx directory.Tx) ([]directory.GroupID, error) { return tx.GroupIDsOf(org, id) }
}

// prepareGroups makes three users and two custom roles in both organizations.
func prepareGroups(s suite) {
	s.write(func(tx directory.Tx) error {
		return all(
			putOrgs(tx, acme, other), putUsers(tx, acme, "b", "a", "Z"), putUsers(tx, other, "o"),
			tx.CreateRole(newRole(acme, "q"), "q"), tx.CreateRole(newRole(acme, "R"), "r"), tx.CreateRole(newRole(other, "o"), "o"),
		)
	})
}

var groupTests = []test{
	{"create, get, list, update, delete", func(s suite) {
		prepareGroups(s)
		g, h := newGroup(acme, "g"), newGroup(acme, "H")
		g.Members = []directory.UserID{"usr_b", "usr_Z"} // given in any order
		g.Roles = []directory.RoleID{"role_q", authz.RoleAdmin, "role_R"}
		h.Managed, h.Description = true, ""
		s.write(func(tx directory.Tx) error { return all(tx.CreateGroup(g, "g"), tx.CreateGroup(h, "h")) })
		g.Members = []directory.UserID{"usr_Z", "usr_b"}
		g.Roles = []directory.RoleID{authz.RoleAdmin, "role_R", "role_q"}
		s.equal("group", g, got(s, group(g.ID)))
		s.equal("whose they are", []directory.GroupID{g.ID}, got(s, groupIDsOf(acme, "usr_b")))
		s.equal("of nobody", 0, len(got(s, groupIDsOf(acme, "usr_a"))))
		s.equal("of a stranger", 0, len(got(s, groupIDsOf(other, "usr_b"))))
		s.equal("group without anybody", h, got(s, group(h.ID)))
		s.equal("list", []directory.Group{h, g}, got(s, groups(acme)))
		s.equal("elsewhere", 0, len(got(s, groups(other))))

		g.Name, g.Description, g.Managed = "New", "d", true
		g.Roles = []directory.RoleID{"role_R"}
		changed := g
		changed.CreatedAt, changed.Members = start, nil // not for UpdateGroup to change
		s.write(func(tx directory.Tx) error { return tx.UpdateGroup(changed, "new") })
		g.Version = 1
		s.equal("updated", g, got(s, group(g.ID)))
		s.write(func(tx directory.Tx) error {
			return tx.ChangeMembers(acme, g.ID, []directory.UserID{"usr_a"}, []directory.UserID{"usr_Z"})
		})
		g.Members, g.Version = []directory.UserID{"usr_a", "usr_b"}, 2
		s.equal("with other members", g, got(s, group(g.ID)))
		head := g
		head.Members = nil
		s.equal("without members", head, got(s, func(tx directory.Tx) (directory.Group, error) { return tx.GroupHead(acme, g.ID) }))
		s.equal("all without members", []directory.Group{h, head}, got(s, func(tx directory.Tx) ([]directory.Group, error) { return tx.GroupHeads(acme) }))
		s.equal("how many", 2, got(s, func(tx directory.Tx) (int, error) { return tx.CountMembers(acme, g.ID) }))
		s.equal("some of them", []directory.UserID{"usr_b"}, got(s, func(tx directory.Tx) ([]directory.UserID, error) {
			return tx.MembersAmong(acme, g.ID, []directory.UserID{"usr_Z", "usr_b"})
		}))
		s.fails("members of none", directory.NotFound, func(tx directory.Tx) error {
			return tx.ChangeMembers(acme, "grp_x", []directory.UserID{"usr_a"}, nil)
		})
		reached := func(role directory.RoleID, group directory.GroupID) []directory.UserID {
			ids := got(s, func(tx directory.Tx) ([]directory.UserID, error) { return tx.Reached(acme, role, group, 10) })
			s.equal("counted", len(ids), got(s, func(tx directory.Tx) (int, error) { return tx.CountReached(acme, role, group) }))
			s.equal("among some", len(ids)-1, got(s, func(tx directory.Tx) (int, error) { return tx.ReachedAmong(acme, role, group, ids[1:]) }))
			return ids
		}
		s.equal("by the group", g.Members, reached("", g.ID))
		s.equal("by a role that it gives", g.Members, reached("role_R", ""))
		s.write(func(tx directory.Tx) error { return tx.DeleteGroup(acme, g.ID) })
		missing(s, "deleted", group(g.ID))
		s.equal("nobody is in it", 0, len(got(s, groupsOf("usr_b"))))
		s.equal("its role is free", 0, got(s, countGroups(acme, "role_R")))
		s.equal("its members stay", 3, len(got(s, users(directory.UserQuery{}))))
		s.equal("the other one", h, got(s, group(h.ID)))
	}},
	{"nil and empty lists are both none", func(s suite) {
		prepareGroups(s)
		g := newGroup(acme, "g")
		for _, none := range [][]directory.UserID{nil, {}} {
			g.Members = []directory.UserID{"usr_a"}
			g.Roles = []directory.RoleID{"role_q"}
			s.write(func(tx directory.Tx) error { return tx.CreateGroup(g, "g") })
			g.Members, g.Roles = none, []directory.RoleID(nil)
			if none != nil {
				g.Roles = []directory.RoleID{}
			}
			s.write(func(tx directory.Tx) error {
				return all(tx.UpdateGroup(g, "g"), tx.ChangeMembers(acme, g.ID, none, []directory.UserID{"usr_a"}))
			})
			back := got(s, group(g.ID))
			if len(back.Members)+len(back.Roles) != 0 {
				s.Errorf("%#v came back as %v and %v", none, back.Members, back.Roles)
			}
			s.write(func(tx directory.Tx) error { return tx.DeleteGroup(acme, g.ID) })
		}
	}},
	{"of a user, and by role", func(s suite) {
		prepareGroups(s)
		s.write(func(tx directory.Tx) error {
			for _, name := range []string{"c", "B", "a"} {
				g := newGroup(acme, name)
				g.Roles = []directory.RoleID{"role_q"}
				if name != "c" {
					g.Members = []directory.UserID{"usr_a"}
				}
				if err := tx.CreateGroup(g, name); err != nil {
					return err
				}
			}
			return nil
		})
		var found []directory.GroupID
		for _, g := range got(s, groupsOf("usr_a")) {
			whole := got(s, group(g.ID))
			whole.Members = nil
			s.equal("a group of the user, without members", whole, g)
			found = append(found, g.ID)
		}
		s.equal("groups of the user", []directory.GroupID{"grp_B", "grp_a"}, found)
		s.equal("of another", 0, len(got(s, groupsOf("usr_b"))))
		s.equal("with the role", 3, got(s, countGroups(acme, "role_q")))
		s.equal("with another", 0, got(s, countGroups(acme, "role_R")))
		s.equal("with that id elsewhere", 0, got(s, countGroups(other, "role_q")))
	}},
	{"missing and taken", func(s suite) {
		prepareGroups(s)
		s.write(func(tx directory.Tx) error {
			return all(tx.CreateGroup(newGroup(acme, "a"), "a"), tx.CreateGroup(newGroup(acme, "b"), "b"))
		})
		missing(s, "get", group("grp_x"))
		s.fails("update", directory.NotFound, func(tx directory.Tx) error { return tx.UpdateGroup(newGroup(acme, "x"), "x") })
		s.fails("delete", directory.NotFound, func(tx directory.Tx) error { return tx.DeleteGroup(acme, "grp_x") })
		s.fails("same id", directory.Conflict, func(tx directory.Tx) error { return tx.CreateGroup(newGroup(acme, "a"), "c") })
		s.fails("same name", directory.Conflict, func(tx directory.Tx) error { return tx.CreateGroup(newGroup(acme, "c"), "a") })
		s.fails("renamed to one there is", directory.Conflict, func(tx directory.Tx) error { return tx.UpdateGroup(newGroup(acme, "b"), "a") })
		stranger := newGroup(acme, "c")
		stranger.Members = []directory.UserID{"usr_a", "usr_o"} // the second is another organization's
		s.fails("with a stranger", "", func(tx directory.Tx) error { return tx.CreateGroup(stranger, "c") })
		missing(s, "nothing of it stays", group("grp_c"))
		s.equal("nor in its members", 0, len(got(s, groupsOf("usr_a"))))
		s.write(func(tx directory.Tx) error { return tx.CreateGroup(newGroup(other, "a"), "a") })
	}},
}

func countGroups(org directory.OrgID, id directory.RoleID) func(directory.Tx) (int, error) {
	return func(tx directory.Tx) (int, error) { return tx.CountGroupsWithRole(org, id) }
}
