package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
)

// An organization that is deleted takes along the accounts that are in no other, by
// then: who leaves the other at the same moment ends too, and who is added to it there
// is a member there, of an account that is not theirs of before.
func TestRaceDeletedOrganization(t *testing.T) {
	t.Parallel()
	// Each that is added may make the deletion start anew, which it doesn't do for ever.
	const leaving, added = 6, 1
	for range 2 {
		w := newWorld(t)
		rival := w.Tenant("Rival")
		emails := make([]string, leaving+added)
		leave := make([]directory.UserID, leaving) // users of Acme
		for i := range emails {
			emails[i] = fmt.Sprintf("x%d@example.net", i)
			m := w.WithToken(must(w.CreateUser(t.Context(), w.By(rival), members.NewUser{Name: "X", Email: emails[i], Role: "user"}))(t))
			if i < leaving {
				leave[i] = w.Invite(m, "user").ID
				must(w.AcceptInvitation(t.Context(), w.By(m), w.Org.ID))(t)
			}
		}
		calls := []directory.Call{w.ByOwner(), w.As(w.APIToken, "")}
		nodes := w.nodes()
		answers := atOnce(len(emails)+1, func(i int) error {
			switch n := nodes[i%2]; {
			case i < leaving:
				return n.RemoveUser(w.Context(), calls[i%2], leave[i])
			case i < len(emails):
				return second(n.CreateUser(w.Context(), calls[i%2], members.NewUser{Name: "Y", Email: emails[i], Role: "user"}))
			default:
				return n.DeleteOrg(w.Context(), rival.OrgID)
			}
		})
		if got := tallyOf(answers); got[""] != len(answers) {
			t.Errorf("answers %v: %v", got, answers)
		}
		for i, email := range emails {
			_, ok := w.account(email)
			var found listed
			must(w.ListUsers(t.Context(), w.ByOwner(), members.UserFilter{Email: email}, &found))(t)
			if i < leaving {
				if ok || len(found.Users) > 0 {
					t.Errorf("%s has an account: %t, and is %+v", email, ok, found.Users)
				}
				continue
			}
			// Added before the deletion, the address is invited, and the invitation outlives
			// the account. Added after it, the address is a member at once, of a new account.
			if len(found.Users) != 1 || found.Users[0].Invited == ok {
				t.Errorf("%s has an account: %t, and is %+v", email, ok, found.Users)
			}
		}
	}
}

// One address in every spelling, created at the same moment, is one user.
func TestRaceSameEmail(t *testing.T) {
	t.Parallel()
	spellings := []string{
		"sam.kim@example.com", "SAM.KIM@EXAMPLE.COM", "Sam.Kim@Example.com", "ſam.kim@example.com", "sam.\u212aim@example.com", "sAM.kIM@example.COM",
	}
	for range 5 {
		w := newWorld(t)
		rival := w.Tenant("Rival")
		calls := []directory.Call{w.ByOwner(), w.As(w.APIToken, ""), w.By(rival)}
		nodes := w.nodes()
		answers := atOnce(3*len(spellings), func(i int) error {
			return second(nodes[i%2].CreateUser(w.Context(), calls[i%3], members.NewUser{Name: "Sam", Email: spellings[i/3], Role: "user"}))
		})
		if got := tallyOf(answers); got[""] != 2 || got[directory.Conflict] != len(answers)-2 {
			t.Errorf("answers %v", got)
		}
		// The first organization has an active user, and the other an open invitation to the address.
		a, ok := w.account(spellings[0])
		if !ok {
			t.Fatal("no account")
		}
		active := 0
		for _, call := range []directory.Call{w.ByOwner(), w.By(rival)} {
			var found listed
			must(w.ListUsers(t.Context(), call, members.UserFilter{Email: spellings[0]}, &found))(t)
			if len(found.Users) != 1 {
				t.Fatalf("found %v", found.Users)
			}
			u := found.Users[0]
			if u.Invited {
				continue
			}
			if u.AccountID != a.ID {
				t.Errorf("the active user is of account %q, not %q", u.AccountID, a.ID)
			}
			active++
		}
		if active != 1 {
			t.Errorf("%d active users", active)
		}
	}
}

// Rule 8 under a race: one key is one user, and all get the same answer.
func TestRaceSameKey(t *testing.T) {
	t.Parallel()
	for range 5 {
		w := newWorld(t)
		call := w.ByOwner()
		call.IdempotencyKey, call.Fingerprint = "key", []byte("request")
		const n = 16
		users := make([]directory.User, n)
		nodes := w.nodes()
		answers := atOnce(n, func(i int) (err error) {
			users[i], err = nodes[i%2].CreateUser(w.Context(), call, members.NewUser{Name: "Jane", Email: "jane@example.com", Role: "user"})
			return err
		})
		if got := tallyOf(answers); got[""] != n {
			t.Errorf("answers %v", got)
		}
		if distinct := slices.CompactFunc(users, func(a, b directory.User) bool { return a == b }); len(distinct) != 1 {
			t.Errorf("different answers: %v", distinct)
		}
		made := 0
		for _, e := range w.Since(0) {
			if e.Action == "createUser" && e.Target.Name == "Jane" {
				made++
			}
		}
		if made != 1 {
			t.Errorf("%d users were made", made)
		}
	}
}

// Rule 4: from the moment that it is acknowledged, whoever lost a permission
// changes nothing more with it, be the request new or under way, on any node.
func TestRaceLosingThePermission(t *testing.T) {
	t.Parallel()
	for what, lose := range map[string]func(w *world, jane member, role directory.Role, group directory.Group) error{
		"demoted": func(w *world, jane member, _ directory.Role, _ directory.Group) error {
			return second(w.UpdateUserRole(w.Context(), w.ByOwner(), jane.ID, "none"))
		},
		"removed": func(w *world, jane member, _ directory.Role, _ directory.Group) error {
			return w.RemoveUser(w.Context(), w.ByOwner(), jane.ID)
		},
		"the role loses it": func(w *world, _ member, role directory.Role, _ directory.Group) error {
			return second(w.UpdateRole(w.Context(), w.ByOwner(), role.ID, roles.NewRole{Name: "Creator"}))
		},
		"the group loses the role": func(w *world, jane member, _ directory.Role, group directory.Group) error {
			return second(w.UpdateGroup(w.Context(), w.ByOwner(), group.ID, roles.NewGroup{Name: "G", Roles: roleIDs()}))
		},
		"taken out of the group": func(w *world, jane member, _ directory.Role, group directory.Group) error {
			return second(w.UpdateGroup(w.Context(), w.ByOwner(), group.ID, roles.NewGroup{Name: "G", Members: userIDs()}))
		},
		"the group is deleted": func(w *world, _ member, _ directory.Role, group directory.Group) error {
			return w.DeleteGroup(w.Context(), w.ByOwner(), group.ID)
		},
		"the token is deleted": func(w *world, jane member, _ directory.Role, _ directory.Group) error {
			call := w.By(jane)
			return w.DeletePersonalToken(w.Context(), call, call.Principal.TokenID)
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			role := w.Role("Creator", "users|create")
			jane := w.Join("Jane", "none")
			var roles []directory.RoleID
			if strings.Contains(what, "group") {
				roles = append(roles, role.ID)
			} else {
				must(w.UpdateUserRole(t.Context(), w.ByOwner(), jane.ID, role.ID))(t)
			}
			group := w.Group("G", []directory.UserID{jane.ID}, roles...)
			held := principal(jane, w)
			nodes := w.nodes()

			var lost atomic.Bool
			var made atomic.Int64
			var working sync.WaitGroup
			stop := make(chan struct{})
			for i := range 6 {
				working.Go(func() {
					for n := 0; ; n++ {
						select {
						case <-stop:
							return
						default:
						}
						p := held
						if i%2 == 0 {
							p = principal(jane, w)
						}
						tooLate := lost.Load()
						_, err := nodes[i/2%2].CreateUser(w.Context(), directory.Call{Principal: p}, members.NewUser{
							Name: "X", Email: fmt.Sprintf("x%d-%d@example.com", i, n), Role: "none",
						})
						if err == nil && tooLate {
							t.Errorf("a user was created after the permission was lost")
							return
						}
						if err == nil {
							made.Add(1)
						}
					}
				})
			}
			for begun := time.Now(); made.Load() < 10 && time.Since(begun) < 2*time.Minute; {
				time.Sleep(time.Millisecond)
			}
			if err := lose(w, jane, role, group); err != nil {
				t.Errorf("lose it: %v", err)
			}
			lost.Store(true)
			time.Sleep(20 * time.Millisecond)
			close(stop)
			working.Wait()
			if made.Load() < 10 {
				t.Errorf("only %d users were created before", made.Load())
			}
		})
	}
}

// All ways to raise oneself, tried at once and again and again, raise nobody:
// what one try leaves must not help the next.
func TestRaceRaises(t *testing.T) {
	t.Parallel()
	r := newRaising(t)
	before := r.By(r.me).Principal.Capabilities
	var tries []func(*raising, directory.Call) error
	for _, raise := range raises {
		tries = append(tries, raise)
	}
	nodes := r.nodes()
	answers := atOnce(4*len(tries), func(i int) error {
		on := *r
		on.world = nodes[i/len(tries)%2]
		return tries[i%len(tries)](&on, directory.Call{Principal: principal(r.me, on.world)})
	})
	if got := tallyOf(answers); got[directory.Forbidden] != len(answers) {
		t.Errorf("answers %v", got)
	}
	if after := r.By(r.me).Principal.Capabilities; !after.Equal(before) {
		t.Errorf("from %v to %v", before.Names(), after.Names())
	}
}

// Rule 2 under a race: in the order of the log, no API token is made with what
// its maker had lost before.
func TestRaceTokensWithinTheirMaker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.Role("Maker", "apiTokens|create", "users|delete")
	jane := w.Join("Jane", role.ID)
	strong, weak := caps(t, "apiTokens|create", "users|delete"), caps(t, "apiTokens|create")
	nodes := w.nodes()
	answers := atOnce(40, func(i int) error {
		w := nodes[i/2%2]
		if i%4 == 0 {
			set := strong
			if i%8 == 0 {
				set = weak
			}
			return second(w.UpdateRole(w.Context(), directory.Call{Principal: principal(w.Owner, w)}, role.ID, roles.NewRole{Name: "Maker", Capabilities: set}))
		}
		return second(w.CreateAPIToken(w.Context(), directory.Call{Principal: principal(jane, w)}, credentials.NewAPIToken{Name: "t", Capabilities: strong}))
	})
	counts := tallyOf(answers)
	if counts[""]+counts[directory.Forbidden] != len(answers) {
		t.Errorf("answers %v", counts)
	}
	has := true
	for _, e := range w.Since(0) {
		switch {
		case e.Action == "updateRole":
			has = strings.Contains(string(e.After), `"delete"`)
		case e.Action == "createAPIToken" && e.Actor.UserID == jane.ID && !has:
			t.Errorf("entry %d: a token was made with what its maker had lost", e.Position)
		}
	}
}
