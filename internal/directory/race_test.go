package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// atOnce runs fn n times, all starting together, and gives the answers.
func atOnce(n int, fn func(i int) error) []error {
	answers := make([]error, n)
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-begin
			answers[i] = fn(i)
		})
	}
	ready.Wait()
	close(begin)
	done.Wait()
	return answers
}

// tallyOf counts answers by their code.
func tallyOf(answers []error) map[directory.Code]int {
	counts := make(map[directory.Code]int)
	for _, err := range answers {
		counts[outcome(err)]++
	}
	return counts
}

// owners counts an organization's owners, past the service.
func (w *world) owners() (n int) {
	w.Helper()
	err := w.db.Read(w.Context(), func(tx directory.Tx) (err error) {
		n, err = tx.CountUsers(w.org.ID, "owner")
		return err
	})
	if err != nil {
		w.Error(err)
	}
	return n
}

// leaving are the ways in which an owner may stop being one by themselves.
var leaving = []struct {
	name string
	do   func(w *world, m member) error
}{
	{"removes themselves", func(w *world, m member) error {
		return w.RemoveUser(w.Context(), directory.Call{Principal: m.principal(w)}, m.ID)
	}},
	{"demotes themselves", func(w *world, m member) error {
		return second(w.UpdateUserRole(w.Context(), directory.Call{Principal: m.principal(w)}, m.ID, "none"))
	}},
	{"becomes a member of a new role", func(w *world, m member) error {
		return second(w.CreateRole(w.Context(), directory.Call{Principal: m.principal(w)}, directory.NewRole{
			Name: string(m.ID), Members: members(m.ID),
		}))
	}},
}

// principal authenticates on any goroutine; a dead token gives a principal that
// no operation accepts.
func (m member) principal(w *world) *directory.Principal {
	p, err := w.Authenticate(w.Context(), m.secret, w.org.ID)
	if err != nil {
		return &directory.Principal{Kind: directory.PersonalToken, OrgID: w.org.ID}
	}
	return p
}

// Rule 1 under a race: two to five owners all leave at the same moment, each in
// any of the ways. All but one can.
func TestRaceOwnersAllLeave(t *testing.T) {
	for n := 2; n <= 5; n++ {
		for mix := range combinations(n, len(leaving)) {
			if (raceEnabled || testing.Short()) && n > 2 && mix%11 != 0 {
				continue
			}
			w := newWorld(t)
			all := []member{w.owner}
			for i := range n - 1 {
				all = append(all, w.join(fmt.Sprint("owner", i), "owner"))
			}
			stop := w.watchOwners()
			answers := atOnce(n, func(i int) error { return leaving[digit(mix, i, len(leaving))].do(w, all[i]) })
			stop()
			if got := tallyOf(answers); got[""] != n-1 || got[directory.Conflict] != 1 {
				t.Errorf("%d owners, mix %d: answers %v", n, mix, got)
			}
			if left := w.owners(); left != 1 {
				t.Errorf("%d owners, mix %d: %d are left", n, mix, left)
			}
		}
	}
}

// combinations is how many ways there are to give each of n owners one of k methods.
func combinations(n, k int) int {
	total := 1
	for range n {
		total *= k
	}
	return total
}

// digit is the method of one owner in a combination.
func digit(mix, i, k int) int {
	for range i {
		mix /= k
	}
	return mix % k
}

// watchOwners looks all the while whether there is an owner.
func (w *world) watchOwners() (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ended:
				return
			default:
				if w.owners() == 0 {
					w.Error("for a moment there was no owner")
					return
				}
			}
		}
	}()
	return func() {
		close(ended)
		<-done
	}
}

// Owners unmake each other in a circle, and everybody else at once. However it
// goes, somebody is left, and what was answered is what happened.
func TestRaceOwnersUnmakeEachOther(t *testing.T) {
	for n := 2; n <= 5; n++ {
		for round := range 6 {
			w := newWorld(t)
			all := []member{w.owner}
			for i := range n - 1 {
				all = append(all, w.join(fmt.Sprint("owner", i), "owner"))
			}
			stop := w.watchOwners()
			answers := atOnce(n*(n-1), func(i int) error {
				actor, target := i/(n-1), i%(n-1)
				if target >= actor {
					target++
				}
				call := directory.Call{Principal: all[actor].principal(w)}
				if (i+round)%2 == 0 {
					return w.RemoveUser(w.Context(), call, all[target].ID)
				}
				return second(w.UpdateUserRole(w.Context(), call, all[target].ID, "admin"))
			})
			stop()
			left := w.owners()
			if left < 1 {
				t.Fatalf("%d owners: nobody is left", n)
			}
			removedOrDemoted := 0
			for _, e := range w.since(0) {
				if (e.Action == "removeUserFromOrg" || e.Action == "updateUserRole") && strings.Contains(string(e.Before), `"role":{"id":"owner"`) {
					removedOrDemoted++
				}
			}
			if left != n-removedOrDemoted {
				t.Errorf("%d owners: %d are left after %d were unmade", n, left, removedOrDemoted)
			}
			for _, err := range answers {
				switch outcome(err) {
				case "", directory.Conflict, directory.Forbidden, directory.Unauthenticated, directory.NotFound:
				default:
					t.Errorf("answered %v", err)
				}
			}
		}
	}
}

// One address in every spelling, created at the same moment, is one user.
func TestRaceSameEmail(t *testing.T) {
	spellings := []string{
		"sam.kim@example.com", "SAM.KIM@EXAMPLE.COM", "Sam.Kim@Example.com", "ſam.kim@example.com", "sam.\u212aim@example.com", "sAM.kIM@example.COM",
	}
	for range 5 {
		w := newWorld(t)
		rival := w.tenant("Rival")
		calls := []directory.Call{w.byOwner(), w.as(w.apiToken, ""), w.by(rival)}
		answers := atOnce(3*len(spellings), func(i int) error {
			return second(w.CreateUser(w.Context(), calls[i%3], directory.NewUser{Name: "Sam", Email: spellings[i/3], Role: "user"}))
		})
		if got := tallyOf(answers); got[""] != 2 || got[directory.Conflict] != len(answers)-2 {
			t.Errorf("answers %v", got)
		}
		// Two organizations have the user, of one account, and only one has it active.
		a, ok := w.account(spellings[0])
		if !ok {
			t.Fatal("no account")
		}
		active := 0
		for _, call := range []directory.Call{w.byOwner(), w.by(rival)} {
			var found listed
			must(w.ListUsers(t.Context(), call, directory.UserFilter{Email: spellings[0]}, &found))(t)
			if len(found.users) != 1 || found.users[0].AccountID != a.ID {
				t.Fatalf("found %v", found.users)
			}
			if !found.users[0].Invited {
				active++
			}
		}
		if active != 1 {
			t.Errorf("%d active users", active)
		}
	}
}

// Rule 8 under a race: one key is one user, and all get the same answer.
func TestRaceSameKey(t *testing.T) {
	for range 5 {
		w := newWorld(t)
		call := w.byOwner()
		call.IdempotencyKey, call.Fingerprint = "key", []byte("request")
		const n = 16
		users := make([]directory.User, n)
		answers := atOnce(n, func(i int) (err error) {
			users[i], err = w.CreateUser(w.Context(), call, directory.NewUser{Name: "Jane", Email: "jane@example.com", Role: "user"})
			return err
		})
		if got := tallyOf(answers); got[""] != n {
			t.Errorf("answers %v", got)
		}
		if distinct := slices.CompactFunc(users, func(a, b directory.User) bool { return a == b }); len(distinct) != 1 {
			t.Errorf("different answers: %v", distinct)
		}
		made := 0
		for _, e := range w.since(0) {
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
// does nothing more with it, be the request new or under way.
func TestRaceLosingThePermission(t *testing.T) {
	for what, lose := range map[string]func(w *world, jane member, role directory.Role, group directory.Group) error{
		"demoted": func(w *world, jane member, _ directory.Role, _ directory.Group) error {
			return second(w.UpdateUserRole(w.Context(), w.byOwner(), jane.ID, "none"))
		},
		"removed": func(w *world, jane member, _ directory.Role, _ directory.Group) error {
			return w.RemoveUser(w.Context(), w.byOwner(), jane.ID)
		},
		"the role loses it": func(w *world, _ member, role directory.Role, _ directory.Group) error {
			return second(w.UpdateRole(w.Context(), w.byOwner(), role.ID, directory.NewRole{Name: "Creator"}))
		},
		"the group loses the role": func(w *world, jane member, _ directory.Role, group directory.Group) error {
			return second(w.UpdateGroup(w.Context(), w.byOwner(), group.ID, directory.NewGroup{Name: "G", Roles: roleIDs()}))
		},
		"taken out of the group": func(w *world, jane member, _ directory.Role, group directory.Group) error {
			return second(w.UpdateGroup(w.Context(), w.byOwner(), group.ID, directory.NewGroup{Name: "G", Members: members()}))
		},
		"the group is deleted": func(w *world, _ member, _ directory.Role, group directory.Group) error {
			return w.DeleteGroup(w.Context(), w.byOwner(), group.ID)
		},
		"the token is deleted": func(w *world, jane member, _ directory.Role, _ directory.Group) error {
			call := w.by(jane)
			return w.DeletePersonalToken(w.Context(), call, call.Principal.TokenID)
		},
	} {
		t.Run(what, func(t *testing.T) {
			w := newWorld(t)
			role := w.role("Creator", "users|create")
			jane := w.join("Jane", "none")
			var roles []directory.RoleID
			if strings.Contains(what, "group") {
				roles = append(roles, role.ID)
			} else {
				must(w.UpdateUserRole(t.Context(), w.byOwner(), jane.ID, role.ID))(t)
			}
			group := w.group("G", []directory.UserID{jane.ID}, roles...)
			held := jane.principal(w)

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
							p = jane.principal(w)
						}
						tooLate := lost.Load()
						_, err := w.CreateUser(w.Context(), directory.Call{Principal: p}, directory.NewUser{
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
			for begun := time.Now(); made.Load() < 10 && time.Since(begun) < 20*time.Second; {
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
	r := newRaising(t)
	before := r.by(r.me).Principal.Capabilities
	var tries []func(*raising, directory.Call) error
	for _, raise := range raises {
		tries = append(tries, raise)
	}
	answers := atOnce(4*len(tries), func(i int) error {
		return tries[i%len(tries)](r, directory.Call{Principal: r.me.principal(r.world)})
	})
	if got := tallyOf(answers); got[directory.Forbidden] != len(answers) {
		t.Errorf("answers %v", got)
	}
	if after := r.by(r.me).Principal.Capabilities; !after.Equal(before) {
		t.Errorf("from %v to %v", before.Names(), after.Names())
	}
}

// Rule 2 under a race: in the order of the log, no API token is made with what
// its maker had lost before.
func TestRaceTokensWithinTheirMaker(t *testing.T) {
	w := newWorld(t)
	role := w.role("Maker", "apiTokens|create", "users|delete")
	jane := w.join("Jane", role.ID)
	strong, weak := caps(t, "apiTokens|create", "users|delete"), caps(t, "apiTokens|create")
	answers := atOnce(40, func(i int) error {
		if i%4 == 0 {
			set := strong
			if i%8 == 0 {
				set = weak
			}
			return second(w.UpdateRole(w.Context(), directory.Call{Principal: w.owner.principal(w)}, role.ID, directory.NewRole{Name: "Maker", Capabilities: set}))
		}
		return second(w.CreateAPIToken(w.Context(), directory.Call{Principal: jane.principal(w)}, directory.NewAPIToken{Name: "t", Capabilities: strong}))
	})
	counts := tallyOf(answers)
	if counts[""]+counts[directory.Forbidden] != len(answers) {
		t.Errorf("answers %v", counts)
	}
	has := true
	for _, e := range w.since(0) {
		switch {
		case e.Action == "updateRole":
			has = strings.Contains(string(e.After), `"delete"`)
		case e.Action == "createAPIToken" && e.Actor.UserID == jane.ID && !has:
			t.Errorf("entry %d: a token was made with what its maker had lost", e.Seq)
		}
	}
}
