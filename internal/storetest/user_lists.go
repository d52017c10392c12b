package storetest

import (
	"errors"
	"fmt"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

var userListTests = []test{
	{"list in byte order, narrowed", func(s suite) {
		names := []string{"b", "a", "Z", "é", "a0", "_", "10", "9"}
		s.write(func(tx directory.Tx) error {
			if err := putOrgs(tx, acme, other); err != nil {
				return err
			}
			for i, name := range names {
				u := newUser(acme, name)
				if i%2 == 0 {
					u.Role = directory.RoleRef{ID: authz.RoleAdmin, Name: authz.RoleAdmin}
				}
				if i == 2 {
					invitation := newInvitation(acme, name, start)
					u.AccountID, u.Invited, u.InvitedBy, u.ExpiresAt = "", true, invitation.InvitedBy, start
				}
				account := directory.AccountID("acc_" + name)
				if err := all(putAccount(tx, account), tx.CreateUser(u, string(account)), tx.CreateUser(newUser(other, name), string(account))); err != nil {
					return err
				}
				if i == 4 || i == 5 {
					u.Suspended = true
					if err := tx.UpdateUser(u); err != nil {
						return err
					}
				}
			}
			g, elsewhere := newGroup(acme, "g"), newGroup(other, "g")
			g.Members, elsewhere.Members = []directory.UserID{"usr_10", "usr_Z", "usr_a0"}, []directory.UserID{"usr_a"}
			return all(tx.CreateGroup(g, "g"), tx.CreateGroup(elsewhere, "g"))
		})
		inOrder := []directory.UserID{"usr_10", "usr_9", "usr_Z", "usr__", "usr_a", "usr_a0", "usr_b", "usr_é"}
		for what, tt := range map[string]struct {
			q    directory.UserQuery
			want []directory.UserID
		}{
			"all":                {directory.UserQuery{}, inOrder},
			"after one":          {directory.UserQuery{After: "usr_Z"}, inOrder[3:]},
			"after one that was": {directory.UserQuery{After: "usr_a00"}, inOrder[6:]},
			"after the last":     {directory.UserQuery{After: "usr_é"}, nil},
			"by role":            {directory.UserQuery{Role: authz.RoleAdmin}, []directory.UserID{"usr_10", "usr_Z", "usr_a0", "usr_b"}},
			"by a role of none":  {directory.UserQuery{Role: "role_x"}, nil},
			"by email":           {directory.UserQuery{EmailKey: "acc_a"}, []directory.UserID{"usr_a"}},
			"by all":             {directory.UserQuery{EmailKey: "acc_b", Role: authz.RoleAdmin, After: "usr_a"}, []directory.UserID{"usr_b"}},
			"some":               {directory.UserQuery{Limit: 2}, inOrder[:2]},
			"some after one":     {directory.UserQuery{After: "usr_b", Limit: 2}, inOrder[7:]},
			"some by role":       {directory.UserQuery{Role: authz.RoleAdmin, Limit: 3}, []directory.UserID{"usr_10", "usr_Z", "usr_a0"}},
			"active":             {directory.UserQuery{Status: directory.Active}, []directory.UserID{"usr_10", "usr_9", "usr_a", "usr_b", "usr_é"}},
			"suspended":          {directory.UserQuery{Status: directory.Suspended}, []directory.UserID{"usr__", "usr_a0"}},
			"suspended admins":   {directory.UserQuery{Status: directory.Suspended, Role: authz.RoleAdmin, Limit: 5}, []directory.UserID{"usr_a0"}},
			"invited":            {directory.UserQuery{Status: directory.Invited}, []directory.UserID{"usr_Z"}},
			"invited, by email":  {directory.UserQuery{Status: directory.Invited, EmailKey: "acc_a"}, nil},
			"active admins":      {directory.UserQuery{Status: directory.Active, Role: authz.RoleAdmin, Limit: 2}, []directory.UserID{"usr_10", "usr_b"}},
			"some suspended":     {directory.UserQuery{Status: directory.Suspended, After: "usr__", Limit: 1}, []directory.UserID{"usr_a0"}},
			"members":            {directory.UserQuery{Group: "grp_g"}, []directory.UserID{"usr_10", "usr_Z", "usr_a0"}},
			"some members":       {directory.UserQuery{Group: "grp_g", After: "usr_10", Limit: 1}, []directory.UserID{"usr_Z"}},
			"suspended members":  {directory.UserQuery{Group: "grp_g", Status: directory.Suspended, Role: authz.RoleAdmin, Limit: 1}, []directory.UserID{"usr_a0"}},
			"a member by email":  {directory.UserQuery{Group: "grp_g", EmailKey: "acc_10"}, []directory.UserID{"usr_10"}},
			"members of nothing": {directory.UserQuery{Group: "grp_x"}, nil},
			"by all, in vain":    {directory.UserQuery{EmailKey: "acc_b", Role: authz.RoleAdmin, After: "usr_b"}, nil},
		} {
			s.equal(what, tt.want, userIDs(got(s, users(tt.q))))
		}
		suspended := newUser(acme, "_")
		suspended.Suspended = true
		s.equal("one suspended", suspended, got(s, func(tx directory.Tx) (directory.User, error) { return tx.User(acme, "usr__") }))
		s.equal("admins who accepted and are not suspended", 2, got(s, func(tx directory.Tx) (int, error) { return tx.CountUsers(acme, authz.RoleAdmin) }))
		between := func(from, to directory.UserID) int {
			return got(s, func(tx directory.Tx) (int, error) { return tx.CountUsersBetween(acme, from, to) })
		}
		s.equal("from one on", len(inOrder)-3, between("usr__", ""))
		s.equal("up to one", 3, between("", "usr__"))
		s.equal("between equal ids", 0, between("usr_b", "usr_b"))
		s.equal("the one that it begins with", 1, between("usr_b", "usr_b0"))
		s.equal("owners", 0, got(s, func(tx directory.Tx) (int, error) { return tx.CountUsers(acme, authz.RoleOwner) }))
	}},
	{"a long list is read in pieces, and nothing is missing where they meet", func(s suite) {
		names := ids[string]("%04d", 1001)
		role := newRole(acme, "r")
		s.write(func(tx directory.Tx) error {
			if err := all(putOrgs(tx, acme, other), putUsers(tx, acme, names...), putUsers(tx, other, "x"), tx.CreateRole(role, "r")); err != nil {
				return err
			}
			for i, name := range names { // the last of a piece, the first of the next, and some
				if i%100 == 99 || i%100 == 0 {
					u := newUser(acme, name)
					u.Role = role.Ref()
					if err := tx.UpdateUser(u); err != nil {
						return err
					}
				}
			}
			return nil
		})
		all := got(s, users(directory.UserQuery{}))
		if len(all) != len(names) {
			s.Fatalf("%d users, want %d", len(all), len(names))
		}
		for i, u := range all {
			want := newUser(acme, names[i])
			if i%100 == 99 || i%100 == 0 {
				want.Role = role.Ref()
			}
			s.equal("user", want, u)
		}
		for _, limit := range []int{1, 499, 500, 501, 1000, 1001, 1002} {
			some := got(s, users(directory.UserQuery{Limit: limit, After: "usr_"}))
			s.equal(fmt.Sprint("limit ", limit), userIDs(all[:min(limit, len(all))]), userIDs(some))
		}
		s.equal("of a role", 21, len(got(s, users(directory.UserQuery{Role: role.ID}))))
		s.equal("of the role, all", 980, len(got(s, users(directory.UserQuery{Role: all[1].Role.ID}))))
	}},
	{"a list can be left early", func(s suite) {
		s.write(func(tx directory.Tx) error { return all(putOrgs(tx, acme), putUsers(tx, acme, "a", "b", "c")) })
		for range 50 { // more often than there are connections
			s.read(func(tx directory.Tx) error {
				for u, err := range tx.Users(acme, directory.UserQuery{}) {
					if err != nil || u.ID == "usr_a" {
						break
					}
				}
				_, err := tx.User(acme, "usr_c")
				return err
			})
		}
	}},
	{"a list has its transaction to itself while it is read", func(s suite) {
		s.write(func(tx directory.Tx) error { return all(putOrgs(tx, acme), putUsers(tx, acme, "a", "b")) })
		s.fails("write inside the loop", "", func(tx directory.Tx) error {
			for u, err := range tx.Users(acme, directory.UserQuery{}) {
				if err != nil {
					return err
				}
				return tx.DeleteUser(acme, u.ID)
			}
			return errors.New("nobody there")
		})
	}},
}
