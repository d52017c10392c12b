package provisioning_test

import (
	"fmt"
	"sync"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/provisioning"
)

// race runs fn many times at once and counts those that succeed. Others have to fail with
// a conflict.
func (w *world) race(n int, fn func(i int) error) (done int) {
	w.Helper()
	var wg sync.WaitGroup
	errs := make([]error, n)
	for i := range n {
		wg.Go(func() { errs[i] = fn(i) })
	}
	wg.Wait()
	for _, err := range errs {
		switch {
		case err == nil:
			done++
		case directory.CodeOf(err) != directory.Conflict:
			w.Errorf("in the race: %v", err)
		}
	}
	return done
}

func TestRacingCreatesMakeOneUser(t *testing.T) {
	w := newWorld(t)
	call := w.call()
	made := w.race(16, func(i int) error {
		p := profile(fmt.Sprintf("u%d", i))
		p.UserName = "SAME"
		if i%2 == 0 {
			p.UserName = "same"
		}
		_, err := w.Provisioner.CreateUser(t.Context(), call, p)
		return err
	})
	if made != 1 {
		t.Errorf("%d users have one name", made)
	}
	w.checkLog()
}

// Requests that each read and change a profile lose none of the changes.
func TestRacingChangesAreAllKept(t *testing.T) {
	w := newWorld(t)
	jane, call := w.create("jane"), w.call()
	done := w.race(16, func(i int) error {
		_, err := w.ModifyUser(t.Context(), call, jane.ID, func(p provisioning.Person) (provisioning.Profile, error) {
			want := p.Profile
			want.Attributes = map[string]any{fmt.Sprintf("a%d", i): true}
			for name, v := range p.Profile.Attributes {
				want.Attributes[name] = v
			}
			return want, nil
		})
		return err
	})
	after := w.person(jane.ID)
	if done != 16 || len(after.Profile.Attributes) != 18 || after.Version != jane.Version+2*16 {
		t.Errorf("%d done, %d attributes, version %d", done, len(after.Profile.Attributes), after.Version)
	}
	w.checkLog()
}

// However requests race, no more users lose something than the breaker allows.
func TestRacingRemovalsAreHeld(t *testing.T) {
	w := newWorld(t)
	users, call := w.fill(40), w.call()
	g := w.createGroup("G", users[30].ID, users[31].ID, users[32].ID, users[33].ID)
	done := w.race(34, func(i int) error {
		switch {
		case i >= 30:
			_, err := w.ModifyGroup(t.Context(), call, g.ID, false, func(g provisioning.Group) (provisioning.GroupChange, error) {
				return provisioning.GroupChange{Name: g.Name, ExternalID: g.ExternalID, Remove: []directory.UserID{users[i].ID}}, nil
			})
			return err
		case i%2 == 0:
			return w.Provisioner.DeleteUser(t.Context(), call, users[i].ID, nil)
		default:
			_, err := w.ModifyUser(t.Context(), call, users[i].ID, func(p provisioning.Person) (provisioning.Profile, error) {
				p.Profile.Active = false
				return p.Profile, nil
			})
			return err
		}
	})
	if done != 8 {
		t.Errorf("%d of 40 users have lost something, want 8", done)
	}
	holds := 0
	for _, action := range w.actions(0) {
		if action == directory.OpHoldProvisioning.Name {
			holds++
		}
	}
	if holds != 1 {
		t.Errorf("%d holds", holds)
	}
	w.checkLog()
}
