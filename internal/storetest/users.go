package storetest

import (
	"fmt"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

func user(org directory.OrgID, id directory.UserID) func(directory.Tx) (directory.User, error) {
	return func(tx directory.Tx) (directory.User, error) { return tx.User(org, id) }
}

func users(q directory.UserQuery) func(directory.Tx) ([]directory.User, error) {
	return func(tx directory.Tx) ([]directory.User, error) { return collect(tx.Users(acme, q)) }
}

func accountUser(org directory.OrgID, account directory.AccountID) func(directory.Tx) (directory.User, error) {
	return func(tx directory.Tx) (directory.User, error) { return tx.AccountUser(org, account) }
}

var userTests = []test{
	{"create, get, update, delete", func(s suite) {
		u := newUser(acme, "a")
		s.write(func(tx directory.Tx) error { return all(putOrgs(tx, acme), putUser(tx, u), putUsers(tx, acme, "b")) })
		s.equal("by id", u, got(s, user(acme, u.ID)))
		s.equal("by email", u, got(s, func(tx directory.Tx) (directory.User, error) { return tx.UserByEmail(acme, "acc_a") }))

		s.write(func(tx directory.Tx) error { return putAccount(tx, "acc_c") })
		u.AccountID, u.Name, u.Role, u.Invited = "acc_c", "Zoë", directory.RoleRef{ID: authz.RoleAdmin, Name: authz.RoleAdmin}, false
		changed := u
		changed.Email, changed.CreatedAt = "new@example.com", start // not for UpdateUser to change
		s.write(func(tx directory.Tx) error { return tx.UpdateUser(changed) })
		s.equal("updated", u, got(s, user(acme, u.ID)))
		s.equal("under its key still", u, got(s, func(tx directory.Tx) (directory.User, error) { return tx.UserByEmail(acme, "acc_a") }))

		s.write(func(tx directory.Tx) error { return tx.DeleteUser(acme, u.ID) })
		missing(s, "deleted", user(acme, u.ID))
		s.equal("its account", newAccount("acc_c"), got(s, accountByEmail("acc_c")))
		s.equal("the other one", newUser(acme, "b"), got(s, user(acme, "usr_b")))
	}},
	{"activity", func(s suite) {
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), putUsers(tx, acme, "a", "b", "c"), tx.CreateUser(newUser(other, "a"), "acc_a"))
		})
		added := newUser(acme, "a").CreatedAt
		ids := []directory.UserID{"usr_a", "usr_b", "usr_c", "usr_x"}
		active := func(tx directory.Tx) (map[directory.UserID]time.Time, error) { return tx.Activity(acme, ids) }
		s.equal("nobody yet", map[directory.UserID]time.Time{}, got(s, active))
		first := added.Add(time.Minute)
		for _, tt := range []struct{ at, want time.Time }{
			{first, first}, // the first one counts however soon
			{first.Add(directory.ActivityStored), first},
			{first.Add(directory.ActivityStored + time.Microsecond), first.Add(directory.ActivityStored + time.Microsecond)},
			{first, first.Add(directory.ActivityStored + time.Microsecond)}, // time never goes back
		} {
			s.write(func(tx directory.Tx) error { return tx.NoteActivity(acme, "acc_a", tt.at) })
			s.equal("active at "+tt.at.String(), map[directory.UserID]time.Time{"usr_a": tt.want}, got(s, active))
		}
		s.write(func(tx directory.Tx) error { return tx.NoteActivity(acme, "acc_x", first) }) // gone meanwhile

		inactive := func(since time.Time, after directory.ActivityCursor, limit int) func(directory.Tx) ([]directory.InactiveUser, error) {
			return func(tx directory.Tx) ([]directory.InactiveUser, error) {
				return tx.InactiveUsers(acme, since, after, limit)
			}
		}
		from := directory.ActivityCursor{At: -1}
		never := func(name string) directory.InactiveUser {
			return directory.InactiveUser{User: newUser(acme, name), Since: added.UnixMicro()}
		}
		s.equal("since before they were added", []directory.InactiveUser(nil), got(s, inactive(added, from, 10)))
		s.equal("without the active one", []directory.InactiveUser{never("b"), never("c")}, got(s, inactive(first, from, 10)))
		last := never("a")
		last.Since = first.Add(directory.ActivityStored + time.Microsecond).UnixMicro()
		s.equal("all, the active one last", []directory.InactiveUser{never("b"), never("c"), last}, got(s, inactive(start.AddDate(1, 0, 0), from, 10)))
		s.equal("the first", []directory.InactiveUser{never("b")}, got(s, inactive(first, from, 1)))
		s.equal("after the first", []directory.InactiveUser{never("c"), last}, got(s, inactive(start.AddDate(1, 0, 0), directory.ActivityCursor{At: added.UnixMicro(), ID: "usr_b"}, 10)))
	}},
	{"missing and taken", func(s suite) {
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), putUsers(tx, acme, "a"), putAccount(tx, "acc_b"))
		})
		missing(s, "by id", user(acme, "usr_x"))
		missing(s, "by email", func(tx directory.Tx) (directory.User, error) { return tx.UserByEmail(acme, "ACC_A") })
		s.fails("update", directory.NotFound, func(tx directory.Tx) error {
			u := newUser(acme, "b")
			return tx.UpdateUser(u)
		})
		s.fails("delete", directory.NotFound, func(tx directory.Tx) error { return tx.DeleteUser(acme, "usr_b") })

		taken := func(what string, change func(*directory.User), key string) {
			s.Helper()
			u := newUser(acme, "b")
			change(&u)
			s.fails(what, directory.Conflict, func(tx directory.Tx) error { return tx.CreateUser(u, key) })
		}
		taken("id", func(u *directory.User) { u.ID = "usr_a" }, "acc_b")
		taken("email", func(*directory.User) {}, "acc_a")
		taken("account", func(u *directory.User) { u.AccountID = "acc_a" }, "acc_b")
		s.fails("unknown account", "", func(tx directory.Tx) error { return tx.CreateUser(newUser(acme, "x"), "acc_x") })
		s.fails("unknown organization", "", func(tx directory.Tx) error { return tx.CreateUser(newUser("nobody", "b"), "acc_b") })
		s.equal("nothing came of it", []directory.UserID{"usr_a"}, userIDs(got(s, users(directory.UserQuery{}))))

		// The same address in another organization is another membership.
		elsewhere := newUser(other, "a")
		s.write(func(tx directory.Tx) error { return tx.CreateUser(elsewhere, "acc_a") })
		s.equal("elsewhere", elsewhere, got(s, user(other, elsewhere.ID)))
	}},
	{"an account's users", func(s suite) {
		// In the order of their ids, which is the order in which they came.
		s.write(func(tx directory.Tx) error {
			if err := all(putOrgs(tx, "z", "m", "a"), putAccount(tx, "acc_a")); err != nil {
				return err
			}
			for i, org := range []directory.OrgID{"z", "m", "a"} {
				u := newUser(org, "a")
				if i == 1 { // an invitation of the address is none of the account's
					u = newInvitation(org, "a", start)
				}
				u.ID = directory.UserID(fmt.Sprintf("usr_%d", i))
				if err := tx.CreateUser(u, "acc_a"); err != nil {
					return err
				}
			}
			return putUsers(tx, "m", "b")
		})
		list := got(s, func(tx directory.Tx) ([]directory.User, error) { return tx.AccountUsers("acc_a") })
		s.equal("memberships", []directory.UserID{"usr_0", "usr_2"}, userIDs(list))
		s.equal("of nobody", 0, len(got(s, func(tx directory.Tx) ([]directory.User, error) { return tx.AccountUsers("acc_x") })))
		for i, org := range []directory.OrgID{"z", "a"} {
			s.equal("in one organization", list[i], got(s, accountUser(org, "acc_a")))
		}
		missing(s, "where the address is invited", accountUser("m", "acc_a"))
		missing(s, "in another", accountUser("b", "acc_a"))
		missing(s, "nobody in one", accountUser("m", "acc_x"))
		for limit, want := range [][]directory.UserID{nil, {"usr_2"}, {"usr_2", "usr_0"}, {"usr_2", "usr_0"}} {
			s.equal("active, by organization", want, userIDs(got(s, func(tx directory.Tx) ([]directory.User, error) { return tx.ActiveUsers("acc_a", limit) })))
		}
		suspended := list[1]
		suspended.Suspended = true
		s.write(func(tx directory.Tx) error { return tx.UpdateUser(suspended) })
		s.equal("active, one suspended", list[:1], got(s, func(tx directory.Tx) ([]directory.User, error) { return tx.ActiveUsers("acc_a", 2) }))
		s.equal("in one, suspended", suspended, got(s, accountUser("a", "acc_a")))
	}},
	{"invitations need no account, and are found by address, organization and expiry", func(s suite) {
		soon, late := start.Add(time.Hour), start.Add(2*time.Hour)
		a, b, c := newInvitation(acme, "a", late), newInvitation(acme, "b", soon), newInvitation(other, "a", soon)
		c.ID = "usr_c"
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), tx.CreateUser(a, "key_a"), tx.CreateUser(b, "key_b"), tx.CreateUser(c, "key_a"), putUsers(tx, acme, "m"))
		})
		s.equal("by id", a, got(s, user(acme, a.ID)))
		s.equal("listed", []directory.User{a, b, newUser(acme, "m")}, got(s, users(directory.UserQuery{})))
		to := func(now time.Time, limit int) []directory.User {
			return got(s, func(tx directory.Tx) ([]directory.User, error) { return tx.InvitationsTo("key_a", now, limit) })
		}
		s.equal("to the address, the newest first", []directory.User{c, a}, to(start, 5))
		s.equal("the newest", []directory.User{c}, to(start, 1))
		s.equal("of those that have not expired", []directory.User{a}, to(soon, 5))
		in := func(after directory.UserID, limit int) []directory.User {
			return got(s, func(tx directory.Tx) ([]directory.User, error) { return tx.Invitations(acme, after, limit) })
		}
		s.equal("of the organization", []directory.User{a, b}, in("", 5))
		s.equal("a page", []directory.User{a}, in("", 1))
		s.equal("the next one", []directory.User{b}, in("usr_a", 5))
		before := func(t time.Time, limit int) []directory.User {
			return got(s, func(tx directory.Tx) ([]directory.User, error) { return tx.ExpiredInvitations(t, limit) })
		}
		s.equal("none expired", 0, len(before(soon, 5)))
		s.equal("expired", []directory.User{b, c}, before(late, 5))
		s.equal("the first", []directory.User{b}, before(late, 1))

		a.Invited, a.AccountID, a.InvitedBy, a.ExpiresAt = false, "acc_m2", directory.Actor{}, time.Time{}
		s.write(func(tx directory.Tx) error { return all(putAccount(tx, "acc_m2"), tx.UpdateUser(a)) })
		s.equal("accepted", a, got(s, user(acme, a.ID)))
		s.equal("no invitation any more", []directory.User{c}, to(start, 5))
	}},
	{"an address that is taken lets the transaction go on", func(s suite) {
		s.write(func(tx directory.Tx) error {
			if err := all(putOrgs(tx, acme), putUsers(tx, acme, "a"), putAccount(tx, "acc_b")); err != nil {
				return err
			}
			s.equal("code", directory.Conflict, directory.CodeOf(tx.CreateUser(newUser(acme, "b"), "acc_a")))
			return all(tx.DeleteUser(acme, "usr_a"), tx.CreateUser(newUser(acme, "b"), "acc_a"))
		})
		s.equal("in its place", newUser(acme, "b"), got(s, user(acme, "usr_b")))
	}},
	{"role names follow the role", func(s suite) {
		role := newRole(acme, "r")
		elsewhere := newRole(other, "r")
		elsewhere.Name = "Elsewhere"
		u := newUser(acme, "a")
		u.Role = role.Ref()
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme, other), tx.CreateRole(role, "r"), tx.CreateRole(elsewhere, "r"), putUser(tx, u))
		})
		s.equal("as created", u, got(s, user(acme, u.ID)))
		role.Name = "Renamed"
		s.write(func(tx directory.Tx) error { return tx.UpdateRole(role, "renamed") })
		u.Role = role.Ref()
		s.equal("renamed", u, got(s, user(acme, u.ID)))
		s.equal("in the list", []directory.User{u}, got(s, users(directory.UserQuery{Role: role.ID})))
	}},
	{"who of many is missing", func(s suite) {
		many := ids[string]("%05d", 2500)
		s.write(func(tx directory.Tx) error { return putOrgs(tx, acme, other) })
		for some := range slices.Chunk(many, 500) { // a transaction has a limit of time
			s.write(func(tx directory.Tx) error { return putUsers(tx, acme, some...) })
		}
		hasUsers := func(org directory.OrgID, ids []directory.UserID) []directory.UserID {
			return got(s, func(tx directory.Tx) ([]directory.UserID, error) { return tx.HasUsers(org, ids) })
		}
		ask := ids[directory.UserID]("usr_%05d", 2500)
		s.equal("all there", []directory.UserID(nil), hasUsers(acme, ask))
		s.equal("nobody asked for", []directory.UserID(nil), hasUsers(acme, nil))
		s.equal("elsewhere", ask, hasUsers(other, ask))
		// Strangers stand where statements might be cut, and keep their order.
		want := []directory.UserID{"z", "y", "x"}
		ask = slices.Concat([]directory.UserID{"z"}, ask[:1000], []directory.UserID{"y"}, ask[1000:], []directory.UserID{"x"})
		s.equal("strangers", want, hasUsers(acme, ask))
		s.equal("twice the same", []directory.UserID(nil), hasUsers(acme, []directory.UserID{"usr_00001", "usr_00001"}))
	}},
	{"delete takes them out of groups", func(s suite) {
		g, h := newGroup(acme, "g"), newGroup(acme, "h")
		g.Members, h.Members = []directory.UserID{"usr_a", "usr_b"}, []directory.UserID{"usr_a"}
		s.write(func(tx directory.Tx) error {
			return all(putOrgs(tx, acme), putUsers(tx, acme, "a", "b"), tx.CreateGroup(g, "g"), tx.CreateGroup(h, "h"))
		})
		s.write(func(tx directory.Tx) error { return tx.DeleteUser(acme, "usr_a") })
		g.Members, h.Members = g.Members[1:], nil
		g.Version, h.Version = 1, 1
		s.equal("groups", []directory.Group{g, h}, got(s, groups(acme)))
		// The same id again is not in them.
		s.write(func(tx directory.Tx) error { return tx.CreateUser(newUser(acme, "a"), "acc_a") })
		s.equal("groups of a newcomer", 0, len(got(s, groupsOf("usr_a"))))
	}},
}
