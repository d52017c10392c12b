package directory_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/roles"
)

// owners counts an organization's owners, past the service.
func (w *world) owners() (n int) {
	w.Helper()
	err := w.DB.Read(w.Context(), func(tx directory.Tx) (err error) {
		n, err = tx.CountUsers(w.Org.ID, "owner")
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
		return w.RemoveUser(w.Context(), directory.Call{Principal: principal(m, w)}, m.ID)
	}},
	{"demotes themselves", func(w *world, m member) error {
		return second(w.UpdateUserRole(w.Context(), directory.Call{Principal: principal(m, w)}, m.ID, "none"))
	}},
	{"suspends themselves", func(w *world, m member) error {
		return second(w.UpdateUserStatus(w.Context(), directory.Call{Principal: principal(m, w)}, m.ID, directory.Suspended))
	}},
	{"becomes a member of a new role", func(w *world, m member) error {
		return second(w.CreateRole(w.Context(), directory.Call{Principal: principal(m, w)}, roles.NewRole{
			Name: string(m.ID), Members: userIDs(m.ID),
		}))
	}},
}

// principal authenticates on any goroutine. For a dead token it returns a principal that
// no operation accepts.
func principal(m member, w *world) *directory.Principal {
	p, err := w.Authenticate(w.Context(), m.Secret, w.Org.ID)
	if err != nil {
		return &directory.Principal{Kind: directory.PersonalToken, OrgID: w.Org.ID}
	}
	return p
}

// Rule 1 under a race: two to five owners all leave at the same moment, each in
// any of the ways. All but one can.
func TestRaceOwnersAllLeave(t *testing.T) {
	t.Parallel()
	for n := 2; n <= 5; n++ {
		for mix := range combinations(n, len(leaving)) {
			if (raceEnabled || testing.Short() || dbtest.OnPostgres()) && n > 2 && mix%31 != 0 {
				continue
			}
			if n > 3 && mix%5 != 0 { // there are a thousand
				continue
			}
			t.Run(fmt.Sprintf("%d-%d", n, mix), func(t *testing.T) {
				t.Parallel()
				ownersLeave(t, n, mix)
			})
		}
	}
}

func ownersLeave(t *testing.T, n, mix int) {
	w := newWorld(t)
	all := []member{w.Owner}
	for i := range n - 1 {
		all = append(all, w.Join(fmt.Sprint("owner", i), "owner"))
	}
	nodes := [2]*world{w, w}
	if n == 2 {
		nodes = w.nodes()
	}
	stop := w.watchOwners()
	answers := atOnce(n, func(i int) error { return leaving[digit(mix, i, len(leaving))].do(nodes[i%2], all[i]) })
	stop()
	if got := tallyOf(answers); got[""] != n-1 || got[directory.Conflict] != 1 {
		t.Errorf("answers %v", got)
	}
	if left := w.owners(); left != 1 {
		t.Errorf("%d are left", left)
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

// watchOwners looks again and again whether there is an owner. It pauses in between, or it
// would take most of the processor from those who race.
func (w *world) watchOwners() (stop func()) {
	ended, done := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(done)
		for {
			select {
			case <-ended:
				return
			case <-time.After(50 * time.Microsecond):
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
	t.Parallel()
	for n := 2; n <= 5; n++ {
		for round := range 6 {
			w := newWorld(t)
			all := []member{w.Owner}
			for i := range n - 1 {
				all = append(all, w.Join(fmt.Sprint("owner", i), "owner"))
			}
			nodes := w.nodes()
			stop := w.watchOwners()
			answers := atOnce(n*(n-1), func(i int) error {
				w := nodes[(i+round/2)%2]
				actor, target := i/(n-1), i%(n-1)
				if target >= actor {
					target++
				}
				call := directory.Call{Principal: principal(all[actor], w)}
				if (i+round)%3 == 1 {
					return second(w.UpdateUserStatus(w.Context(), call, all[target].ID, directory.Suspended))
				}
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
			for _, e := range w.Since(0) {
				unmakes := e.Action == "removeUserFromOrg" || e.Action == "updateUserRole" || e.Action == "updateUserStatus"
				was := string(e.Before)
				if unmakes && strings.Contains(was, `"role":{"id":"owner"`) && !strings.Contains(was, `"suspended":true`) {
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
