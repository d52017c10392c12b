package storetest

import (
	"fmt"
	"slices"
	"time"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// contents is everything that an organization has.
type contents struct {
	Org     directory.Org
	Users   []directory.User
	Roles   []directory.Role
	Groups  []directory.Group
	Tokens  []directory.APITokenRecord
	Hooks   []directory.Webhook
	Sent    []directory.Delivery
	Entries []directory.Entry
	Version string
}

// dump reads an organization; nothing where there is none.
func dump(s suite, org directory.OrgID) (c contents) {
	s.Helper()
	s.read(func(tx directory.Tx) (err error) {
		if c.Org, err = tx.Org(org); err != nil && directory.CodeOf(err) != directory.NotFound {
			return err
		}
		var errs [8]error
		c.Users, errs[0] = collect(tx.Users(org, directory.UserQuery{}))
		c.Roles, errs[1] = tx.Roles(org)
		c.Groups, errs[2] = tx.Groups(org)
		c.Tokens, errs[3] = tx.APITokens(org)
		c.Entries, errs[4] = collect(tx.OrgEntries(org, directory.EntryQuery{}))
		c.Version, errs[5] = tx.OrgVersion(org)
		c.Hooks, errs[6] = tx.Webhooks(org)
		for _, w := range c.Hooks {
			sent, err := tx.Deliveries(org, w.ID, directory.DeliveryQuery{Limit: 10})
			c.Sent, errs[7] = append(c.Sent, sent...), err
		}
		return all(errs[:]...)
	})
	if c.Entries == nil {
		c.Version = ""
	}
	return c
}

var isolationTests = []test{
	{"another organization's ids are nobody's", func(s suite) {
		fillForIsolation(s)
		before := dump(s, other)
		rapid.Check(s.T, func(t *rapid.T) {
			name := rapid.SampledFrom([]string{"0", "1", "2", "x"}).Draw(t, "of the other organization")
			tried := rapid.SampledFrom(strangersTry).Draw(t, "what")
			err := s.db.Write(s.Context(), func(tx directory.Tx) error { return tried.do(tx, "o"+name) })
			if directory.CodeOf(err) != directory.NotFound {
				t.Fatalf("%s: error %v, want %s", tried.what, err, directory.NotFound)
			}
		})
		s.equal("the other organization", before, dump(s, other))
	}},
	{"lists hold one organization's rows only", func(s suite) {
		fillForIsolation(s)
		for _, org := range []directory.OrgID{acme, other} {
			c := dump(s, org)
			s.equal(string(org), []int{3, 3, 3, 3, 3, 3, 3}, []int{len(c.Users), len(c.Roles), len(c.Groups), len(c.Tokens), len(c.Entries), len(c.Hooks), len(c.Sent)})
			for i := range 3 {
				for _, id := range []directory.OrgID{c.Users[i].OrgID, c.Roles[i].OrgID, c.Groups[i].OrgID, c.Tokens[i].OrgID, c.Entries[i].OrgID, c.Hooks[i].OrgID, c.Sent[i].OrgID} {
					if id != org {
						s.Errorf("%s lists a row of %s", org, id)
					}
				}
			}
		}
		s.equal("users of the other", 3, len(got(s, func(tx directory.Tx) ([]directory.UserID, error) {
			return tx.HasUsers(acme, []directory.UserID{"usr_o0", "usr_o1", "usr_o2"})
		})))
		s.equal("groups of another's user", 0, len(got(s, groupsOf("usr_o0"))))
		s.equal("groups with another's role", 0, got(s, countGroups(acme, "role_o0")))
		s.equal("users with another's role", 0, got(s, func(tx directory.Tx) (int, error) { return tx.CountUsers(acme, "role_o0") }))
	}},
	{"one organization's doings don't show in another", func(s suite) {
		fillForIsolation(s)
		before := dump(s, other)
		rapid.Check(s.T, func(t *rapid.T) {
			n := rapid.SampledFrom([]string{"0", "1", "2"}).Draw(t, "own")
			change := rapid.SampledFrom(ownChanges).Draw(t, "what")
			// Undone again, so that each change finds the same rows.
			err := s.db.Write(s.Context(), func(tx directory.Tx) error {
				if err := change.do(tx, "a"+n); err != nil {
					return err
				}
				if v, err := tx.OrgVersion(other); err != nil || v != before.Version {
					return fmt.Errorf("version %q, %w", v, err)
				}
				list, err := collect(tx.Users(other, directory.UserQuery{}))
				if err != nil || len(list) != 3 {
					return fmt.Errorf("%d users, %w", len(list), err)
				}
				return errOwn
			})
			if err == nil || err.Error() != errOwn.Error() {
				t.Fatalf("%s: %v", change.what, err)
			}
		})
		s.equal("the other organization", before, dump(s, other))
	}},
}

// fillForIsolation gives two organizations three rows of each kind; "a0" to
// "a2" are of the first, "o0" to "o2" of the second.
func fillForIsolation(s suite) {
	s.Helper()
	s.write(func(tx directory.Tx) error {
		for org, prefix := range map[directory.OrgID]string{acme: "a", other: "o"} {
			if err := putOrgs(tx, org); err != nil {
				return err
			}
			for i := range 3 {
				name := fmt.Sprint(prefix, i)
				u, g := newUser(org, name), newGroup(org, name)
				u.Role = newRole(org, name).Ref()
				g.Members, g.Roles = []directory.UserID{u.ID}, []directory.RoleID{u.Role.ID}
				if err := all(
					tx.CreateRole(newRole(org, name), name), putUser(tx, u), tx.CreateGroup(g, name),
					tx.CreateAPIToken(newAPIToken(org, name)), appendEntry(tx, newEntry(org, name)), putWebhook(tx, org, name, 1),
				); err != nil {
					return err
				}
			}
		}
		return nil
	})
}

type attempt struct {
	what string
	do   func(tx directory.Tx, name string) error
}

// strangersTry to reach a row of another organization through acme.
var strangersTry = []attempt{
	{"User", func(tx directory.Tx, name string) error { return second(tx.User(acme, directory.UserID("usr_"+name))) }},
	{"UserByEmail", func(tx directory.Tx, name string) error { return second(tx.UserByEmail(acme, "acc_"+name)) }},
	{"UpdateUser", func(tx directory.Tx, name string) error {
		u := newUser(acme, name)
		u.Name, u.AccountID = "Stolen", "acc_a0"
		return tx.UpdateUser(u)
	}},
	{"DeleteUser", func(tx directory.Tx, name string) error { return tx.DeleteUser(acme, directory.UserID("usr_"+name)) }},
	{"Role", func(tx directory.Tx, name string) error { return second(tx.Role(acme, directory.RoleID("role_"+name))) }},
	{"UpdateRole", func(tx directory.Tx, name string) error {
		r := newRole(acme, name)
		r.Capabilities = authz.Everything()
		return tx.UpdateRole(r, "stolen")
	}},
	{"DeleteRole", func(tx directory.Tx, name string) error { return tx.DeleteRole(acme, directory.RoleID("role_"+name)) }},
	{"Group", func(tx directory.Tx, name string) error {
		return second(tx.Group(acme, directory.GroupID("grp_"+name)))
	}},
	{"UpdateGroup", func(tx directory.Tx, name string) error { return tx.UpdateGroup(newGroup(acme, name), "stolen") }},
	{"DeleteGroup", func(tx directory.Tx, name string) error { return tx.DeleteGroup(acme, directory.GroupID("grp_"+name)) }},
	{"APIToken", func(tx directory.Tx, name string) error {
		return second(tx.APIToken(acme, directory.TokenID("tok_"+name)))
	}},
	{"ExpireAPIToken", func(tx directory.Tx, name string) error {
		return tx.ExpireAPIToken(acme, directory.TokenID("tok_"+name), time.Time{})
	}},
	{"SuccessorsOf", func(tx directory.Tx, name string) error {
		ids, err := tx.SuccessorsOf(acme, newAPIToken(acme, name).Replaces, start, 10)
		if err == nil && !slices.Contains(ids, directory.TokenID("tok_"+name)) {
			err = directory.Errorf(directory.NotFound, "no successor %s", name)
		}
		return err
	}},
	{"UpdateAPITokenCreator", func(tx directory.Tx, name string) error {
		return tx.UpdateAPITokenCreator(acme, directory.TokenID("tok_"+name), directory.Actor{})
	}},
	{"DeleteAPIToken", func(tx directory.Tx, name string) error {
		return tx.DeleteAPIToken(acme, directory.TokenID("tok_"+name))
	}},
	{"APITokenUsed", func(tx directory.Tx, name string) error {
		return second(tx.APITokenUsed(acme, directory.TokenID("tok_"+name)))
	}},
	{"UseAPIToken", func(tx directory.Tx, name string) error {
		// To use one that is gone is no error; it must not have been used either.
		id := directory.TokenID("tok_" + name)
		if err := tx.UseAPIToken(acme, id, start); err != nil {
			return err
		}
		if at, err := tx.APITokenUsed(other, id); err == nil && !at.IsZero() {
			return fmt.Errorf("used through another organization")
		}
		return second(tx.APITokenUsed(acme, id))
	}},
	{"NoteActivity", func(tx directory.Tx, name string) error {
		if err := tx.NoteActivity(acme, directory.AccountID("acc_"+name), start.Add(time.Hour)); err != nil {
			return err
		}
		active, err := tx.Activity(other, []directory.UserID{directory.UserID("usr_" + name)})
		if err != nil || len(active) > 0 {
			return fmt.Errorf("active through another organization: %v, %w", active, err)
		}
		return second(tx.AccountUser(acme, directory.AccountID("acc_"+name)))
	}},
	{"Activity", func(tx directory.Tx, name string) error {
		active, err := tx.Activity(acme, []directory.UserID{directory.UserID("usr_" + name)})
		if err != nil || len(active) > 0 {
			return fmt.Errorf("read through another organization: %v, %w", active, err)
		}
		return second(tx.User(acme, directory.UserID("usr_"+name)))
	}},
	{"Webhook", func(tx directory.Tx, name string) error {
		return second(tx.Webhook(acme, directory.WebhookID("whk_"+name)))
	}},
	{"UpdateWebhook", func(tx directory.Tx, name string) error { return tx.UpdateWebhook(newWebhook(acme, name)) }},
	{"DeleteWebhook", func(tx directory.Tx, name string) error {
		return tx.DeleteWebhook(acme, directory.WebhookID("whk_"+name))
	}},
	{"SetQueue", func(tx directory.Tx, name string) error {
		return tx.SetQueue(acme, directory.WebhookID("whk_"+name), 1, start)
	}},
	{"Delivery", func(tx directory.Tx, name string) error {
		return second(tx.Delivery(acme, directory.WebhookID("whk_"+name), 1))
	}},
	{"EndDeliveries", func(tx directory.Tx, name string) error {
		n, err := tx.EndDeliveries(acme, directory.WebhookID("whk_"+name), start.Add(100*time.Hour), start, "stolen")
		if n != 0 || err != nil {
			return fmt.Errorf("%d ended, %w", n, err)
		}
		return second(tx.Delivery(acme, directory.WebhookID("whk_"+name), 1))
	}},
}

// ownChanges are what acme may do to its own rows.
var ownChanges = []attempt{
	{"UpdateUser", func(tx directory.Tx, name string) error { return tx.UpdateUser(newUser(acme, name)) }},
	{"DeleteUser", func(tx directory.Tx, name string) error { return tx.DeleteUser(acme, directory.UserID("usr_"+name)) }},
	{"UpdateRole", func(tx directory.Tx, name string) error { return tx.UpdateRole(newRole(acme, name), "new") }},
	{"DeleteRole", func(tx directory.Tx, name string) error { return tx.DeleteRole(acme, directory.RoleID("role_"+name)) }},
	{"DeleteGroup", func(tx directory.Tx, name string) error { return tx.DeleteGroup(acme, directory.GroupID("grp_"+name)) }},
	{"UpdateAPITokenCreator", func(tx directory.Tx, name string) error {
		return tx.UpdateAPITokenCreator(acme, directory.TokenID("tok_"+name), directory.Actor{})
	}},
	{"DeleteAPIToken", func(tx directory.Tx, name string) error {
		return tx.DeleteAPIToken(acme, directory.TokenID("tok_"+name))
	}},
	{"AppendEntry", func(tx directory.Tx, name string) error { return appendEntry(tx, newEntry(acme, name)) }},
	{"DeleteWebhook", func(tx directory.Tx, name string) error {
		return tx.DeleteWebhook(acme, directory.WebhookID("whk_"+name))
	}},
	{"RequeueDead", func(tx directory.Tx, name string) error {
		id := directory.WebhookID("whk_" + name)
		if _, err := tx.EndDeliveries(acme, id, start.Add(100*time.Hour), start, "ended"); err != nil {
			return err
		}
		n, _, err := tx.RequeueDead(acme, id, newDelivery(acme, name, 1), 10)
		if n != 1 {
			err = fmt.Errorf("%d queued again, %w", n, err)
		}
		return err
	}},
	{"UpdateOrg", func(tx directory.Tx, _ string) error { return tx.UpdateOrg(newOrg(acme)) }},
	{"DeleteOrg", func(tx directory.Tx, _ string) error { return tx.DeleteOrg(acme) }},
}

func second[T any](_ T, err error) error { return err }
