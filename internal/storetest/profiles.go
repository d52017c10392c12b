package storetest

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"

// newProfile has attributes of every type. Its texts are those of storage, with numbers
// that keep their digits.
func newProfile(name string) directory.Profile {
	return directory.Profile{
		UserName: "User." + name, ExternalID: "Ext-" + name, Version: 1, UpdatedAt: start.Add(time.Hour),
		Attributes: map[string]any{
			"title": "Title of " + name, "name": map[string]any{"familyName": "Fam " + name},
			"emails": []any{
				map[string]any{"value": name + "@Work.example", "type": "work", "primary": true},
				map[string]any{"value": name + "@home.example", "type": "Home"},
			},
			enterprise: map[string]any{"department": "Dép." + name, "level": json.Number("3"), "remote": true},
			"tags":     []any{"Red", "x." + name},
		},
	}
}

func profiled(org directory.OrgID, id directory.UserID) func(directory.Tx) (directory.Profiled, error) {
	return func(tx directory.Tx) (directory.Profiled, error) { return tx.Profiled(org, id) }
}

// prepareProfiles makes the users a and b with stored profiles, c without one, and the
// user o of another organization.
func prepareProfiles(s suite) {
	s.write(func(tx directory.Tx) error {
		return all(
			putOrgs(tx, acme, other), putUsers(tx, acme, "a", "b", "c"), putUsers(tx, other, "o"),
			tx.PutProfile(acme, "usr_a", newProfile("a")), tx.PutProfile(acme, "usr_b", newProfile("b")),
			tx.PutProfile(other, "usr_o", newProfile("a")),
		)
	})
}

// selected are the ids of the users that a condition selects, by every way to ask for them.
func selected(s suite, where directory.Condition) []directory.UserID {
	s.Helper()
	page := got(s, func(tx directory.Tx) ([]directory.Profiled, error) {
		users, next, err := tx.Profiles(acme, directory.ProfileQuery{Where: where})
		if next != nil {
			s.Errorf("more users follow %v", users)
		}
		return users, err
	})
	found := []directory.UserID{}
	for _, u := range page {
		found = append(found, u.ID)
	}
	s.equal("counted", len(found), got(s, func(tx directory.Tx) (int, error) { return tx.CountProfiles(acme, where) }))
	return found
}

func is(value any, path ...string) directory.Compare {
	return directory.Compare{Path: path, Op: directory.Equal, Value: value}
}

func compare(op directory.Comparison, value any, path ...string) directory.Compare {
	return directory.Compare{Path: path, Op: op, Value: value}
}

func exactly(c directory.Compare) directory.Compare {
	c.CaseExact = true
	return c
}

var profileTests = []test{
	{"put and get", func(s suite) {
		prepareProfiles(s)
		s.equal("stored", directory.Profiled{User: newUser(acme, "a"), Profile: newProfile("a")}, got(s, profiled(acme, "usr_a")))
		c := newUser(acme, "c")
		s.equal("made of the account", directory.Profiled{User: c, Profile: directory.Profile{
			UserName: c.Email, Attributes: directory.AttributesOf(c), UpdatedAt: c.CreatedAt,
		}}, got(s, profiled(acme, "usr_c")))
		missing(s, "of another organization", profiled(acme, "usr_o"))
		s.equal("by external id", []directory.UserID{"usr_b"}, userIDs(got(s, users(directory.UserQuery{ExternalID: "Ext-b"}))))
		changed := newProfile("A2")
		changed.Version, changed.ExternalID = 2, ""
		s.write(func(tx directory.Tx) error { return tx.PutProfile(acme, "usr_a", changed) })
		s.equal("replaced", changed, got(s, profiled(acme, "usr_a")).Profile)
		s.equal("its old letters", 0, len(selected(s, compare(directory.StartsWith, "USER.A@", "userName"))))
		s.equal("its new letters", []directory.UserID{"usr_a"}, selected(s, compare(directory.EndsWith, ".A2", "userName")))
		s.equal("its old email", 0, len(selected(s, directory.Some{Path: directory.Path{"emails"}, Where: is("A@WORK.EXAMPLE", "value")})))
		s.fails("a user name that is taken", directory.Conflict, func(tx directory.Tx) error {
			return tx.PutProfile(acme, "usr_c", directory.Profile{UserName: "uSER.b", Version: 1})
		})
		s.fails("of nobody", directory.NotFound, func(tx directory.Tx) error { return tx.PutProfile(acme, "usr_x", newProfile("x")) })
		s.write(func(tx directory.Tx) error { return tx.DeleteUser(acme, "usr_b") })
		s.equal("goes with the user", 0, len(selected(s, is("USER.B", "userName"))))
	}},
	{"pages within a change", func(s suite) {
		prepareProfiles(s)
		s.write(func(tx directory.Tx) error {
			users, _, err := tx.Profiles(acme, directory.ProfileQuery{})
			s.equal("users", 3, len(users))
			n, countErr := tx.CountProfiles(acme, nil)
			s.equal("counted", 3, n)
			return all(err, countErr)
		})
	}},
	{"too many letters to find each of them", func(s suite) {
		prepareProfiles(s)
		long := newProfile("a")
		var emails []any
		for i := range 200 {
			emails = append(emails, map[string]any{"value": fmt.Sprintf("%d.%d@%d", i*7919, i*104729, i*1299709)})
		}
		long.Attributes["emails"] = emails
		s.write(func(tx directory.Tx) error { return tx.PutProfile(acme, "usr_a", long) })
		where := directory.Some{Path: directory.Path{"emails"}, Where: compare(directory.Contains, "104729@1299709", "value")}
		s.equal("found all the same", []directory.UserID{"usr_a"}, selected(s, where))
		s.write(func(tx directory.Tx) error { return tx.DeleteUser(acme, "usr_a") })
		s.equal("gone", 0, len(selected(s, where)))
	}},
	{"a user name belongs to a stored profile first", func(s suite) {
		prepareProfiles(s)
		named := func(key string) directory.UserID {
			return got(s, func(tx directory.Tx) (directory.UserID, error) { return tx.UserNamed(acme, key) })
		}
		key := "acc_c" // of the address, as putUser stores it
		s.equal("by the address", directory.UserID("usr_c"), named(key))
		taken := newProfile("a")
		taken.UserName = "acc_c"
		s.write(func(tx directory.Tx) error {
			return all(tx.CreateUser(newUser(other, "c"), "acc_c"), tx.PutProfile(acme, "usr_a", taken))
		})
		missing(s, "nobody has the folded address", func(tx directory.Tx) (directory.UserID, error) { return tx.UserNamed(acme, "USER.A") })
		s.equal("the stored profile's", directory.UserID("usr_a"), named("ACC_C"))
	}},
	{"groups", func(s suite) {
		prepareGroups(s)
		g, h := newGroup(acme, "g"), newGroup(acme, "h")
		g.Members, g.Roles = []directory.UserID{"usr_a"}, []directory.RoleID{"role_q"}
		kept := directory.GroupProfile{ExternalID: "Ext", Attributes: map[string]any{"color": "Red"}, UpdatedAt: start.Add(time.Hour)}
		s.write(func(tx directory.Tx) error {
			return all(tx.CreateGroup(g, "GROUP G"), tx.CreateGroup(h, "GROUP H"), tx.PutGroupProfile(acme, g.ID, kept))
		})
		g.Members = nil
		one := got(s, func(tx directory.Tx) (directory.ProfiledGroup, error) { return tx.ProfiledGroup(acme, g.ID) })
		s.equal("one", directory.ProfiledGroup{Group: g, Profile: kept}, one)
		missing(s, "elsewhere", func(tx directory.Tx) (directory.ProfiledGroup, error) { return tx.ProfiledGroup(other, g.ID) })
		for _, test := range []struct {
			name  string
			where directory.Condition
			want  string
		}{
			{"all", nil, "gh"},
			{"name", is("GROUP G", "displayName"), "g"},
			{"name begins", compare(directory.StartsWith, "GROUP", "displayName"), "gh"},
			{"external id", is("Ext", "externalId"), "g"},
			{"member", directory.Some{Path: directory.Path{"members"}, Where: is("usr_a", "value")}, "g"},
			{"member by one of two conditions", directory.Some{Path: directory.Path{"members"}, Where: directory.Or{
				is("x", "value"), directory.Present{Path: directory.Path{"value"}},
			}}, "g"},
			{"no member", directory.Not{Condition: directory.Some{Path: directory.Path{"members"}}}, "h"},
			{"attribute", is("RED", "color"), "g"},
			{"not the attribute", directory.Not{Condition: is("RED", "color")}, "h"},
		} {
			var found string
			s.read(func(tx directory.Tx) error {
				groups, _, err := tx.GroupProfiles(acme, directory.ProfileQuery{Where: test.where})
				for _, g := range groups {
					found += string(g.ID[len("grp_"):])
				}
				return err
			})
			s.equal(test.name, test.want, found)
			s.equal(test.name+", counted", len(test.want), got(s, func(tx directory.Tx) (int, error) { return tx.CountGroupProfiles(acme, test.where) }))
		}
		names := got(s, func(tx directory.Tx) (map[directory.UserID][]directory.GroupName, error) {
			return tx.GroupNamesOf(acme, []directory.UserID{"usr_a", "usr_b"})
		})
		s.equal("names", map[directory.UserID][]directory.GroupName{"usr_a": {{ID: g.ID, Name: g.Name}}}, names)
		s.write(func(tx directory.Tx) error { return tx.DeleteGroup(acme, g.ID) })
		s.equal("what is kept goes with the group", 0, got(s, func(tx directory.Tx) (int, error) {
			return tx.CountGroupProfiles(acme, is("Ext", "externalId"))
		}))
	}},
	{"settings, state and losses", func(s suite) {
		prepareProfiles(s)
		settings := func(org directory.OrgID) directory.ProvisioningSettings {
			return got(s, func(tx directory.Tx) (directory.ProvisioningSettings, error) { return tx.ProvisioningSettings(org) })
		}
		state := func(org directory.OrgID) directory.ProvisioningState {
			return got(s, func(tx directory.Tx) (directory.ProvisioningState, error) { return tx.ProvisioningState(org) })
		}
		losses := func(org directory.OrgID) int {
			return got(s, func(tx directory.Tx) (int, error) { return tx.CountLosses(org) })
		}
		s.equal("no settings", directory.ProvisioningSettings{}, settings(acme))
		s.equal("no state", directory.ProvisioningState{}, state(acme))
		set := directory.ProvisioningSettings{DefaultRole: "role_a", BreakerPercent: 7, Schemas: json.RawMessage(`[1]`)}
		kept := directory.ProvisioningState{Run: json.RawMessage(`{"a":1}`)}
		for range 2 {
			s.write(func(tx directory.Tx) error {
				return all(tx.SetProvisioningSettings(acme, set), tx.SetProvisioningState(acme, kept),
					tx.AddLosses(acme, []directory.UserID{"usr_a", "usr_gone"}))
			})
		}
		s.equal("settings", set, settings(acme))
		s.equal("state", kept, state(acme))
		s.equal("losses", 2, losses(acme))
		s.equal("settings elsewhere", directory.ProvisioningSettings{}, settings(other))
		s.equal("state elsewhere", directory.ProvisioningState{}, state(other))
		s.equal("losses elsewhere", 0, losses(other))
		s.write(func(tx directory.Tx) error { return tx.DropLosses(acme) })
		s.equal("losses dropped", 0, losses(acme))
		present := func(tx directory.Tx) (int, error) { return tx.CountPresent(acme) }
		s.equal("present", 3, got(s, present))
		s.write(func(tx directory.Tx) error {
			u, err := tx.User(acme, "usr_a")
			u.Suspended = true
			return all(err, tx.UpdateUser(u))
		})
		s.equal("present without the suspended", 2, got(s, present))
		s.write(func(tx directory.Tx) error { return tx.DeleteOrg(acme) })
		s.equal("gone with the organization", directory.ProvisioningSettings{}, settings(acme))
	}},
}
