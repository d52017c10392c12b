package directory_test

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
)

var sameSet = cmp.Comparer(func(a, b authz.Set) bool { return a.Equal(b) })

// Every operation, repeated with its key, is done once and answered alike. An
// answer that held a token's value can't be given again: that is a conflict.
func TestRepeatedWithItsKey(t *testing.T) {
	t.Parallel()
	forEachOperation(t, func(t *testing.T, s *scene, op operation) {
		if op.what == "of an account there is" {
			t.Skip("it makes the account on the way")
		}
		call := op.call(s)
		call.IdempotencyKey, call.Fingerprint = "key", []byte("request")
		first, err := op.do(s, call)
		s.Wants("first", "", err)
		before := s.Tables()
		again, err := op.do(s, call)
		if op.secret {
			s.Wants("again", directory.Conflict, err)
			if err == nil || strings.Contains(err.Error(), secretOf(first)) || !strings.Contains(err.Error(), "delete") {
				t.Errorf("%v does not say what to do", err)
			}
		} else {
			s.Wants("again", "", err)
			// Keys are for POST alone, and no POST answers a group whose version has risen.
			if diff := cmp.Diff(first, again, sameSet, cmpopts.EquateComparable(netip.Prefix{}), cmpopts.IgnoreFields(directory.Group{}, "Version")); diff != "" {
				t.Errorf("the answers differ (-first +again):\n%s", diff)
			}
		}
		s.Unchanged("again", before)

		call.Fingerprint = []byte("another request")
		s.Refused("another request", directory.KeyReused, "", func() error { return second(op.do(s, call)) })
		s.NoSecrets(secretOf(first))
	})
}

func TestKeysAreEachPrincipalsOwn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "admin")
	second := w.Token("users|create")
	seen := make(map[directory.UserID]bool)
	for i, secret := range []string{w.Owner.Secret, jane.Secret, w.APIToken, second.Secret} {
		call := w.As(secret, "")
		call.IdempotencyKey, call.Fingerprint = "same", []byte("same")
		in := members.NewUser{Name: "X", Email: fmt.Sprintf("x%d@example.com", i), Role: "user"}
		u := must(w.CreateUser(t.Context(), call, in))(t)
		if seen[u.ID] || u.Email != in.Email {
			t.Errorf("answered with another's user %v", u)
		}
		seen[u.ID] = true
		if again := must(w.CreateUser(t.Context(), call, in))(t); again != u {
			t.Errorf("again: %v, want %v", again, u)
		}
	}
}

// The same token may ask for the same in two organizations, or of two operations.
func TestKeysAreForOneOrganizationAndOperation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := must(w.CreateOrg(t.Context(), w.ByOwner(), "Other"))(t)
	in := members.NewUser{Name: "X", Email: "x@example.com", Role: "user"}
	call := w.As(w.Owner.Secret, w.Org.ID)
	call.IdempotencyKey, call.Fingerprint = "k", []byte("f")
	must(w.CreateUser(t.Context(), call, in))(t)

	elsewhere := w.As(w.Owner.Secret, other.Org.ID)
	elsewhere.IdempotencyKey, elsewhere.Fingerprint = "k", []byte("f")
	w.Refused("in another organization", directory.KeyReused, "", func() error {
		return second(w.CreateUser(t.Context(), elsewhere, in))
	})
	w.Refused("for another operation", directory.KeyReused, "", func() error {
		return second(w.CreateRole(t.Context(), call, roles.NewRole{Name: "X"}))
	})
}

// Keys are kept for a day, to the microsecond, swept or not.
func TestKeysExpire(t *testing.T) {
	t.Parallel()
	for _, sweep := range []bool{false, true} {
		w := newWorld(t)
		call := w.ByOwner()
		call.IdempotencyKey, call.Fingerprint = "k", []byte("f")
		create := func(email string) (directory.User, error) {
			return w.CreateUser(t.Context(), call, members.NewUser{Name: "X", Email: email, Role: "user"})
		}
		first := must(create("x@example.com"))(t)
		w.Pass(directory.IdempotencyWindow - time.Microsecond)
		if sweep {
			w.Wants("sweep", "", w.Sweep(t.Context()))
		}
		if again := must(create("x@example.com"))(t); again != first {
			t.Errorf("just before the end: %v", again)
		}
		w.Pass(time.Microsecond)
		if sweep {
			w.Wants("sweep", "", w.Sweep(t.Context()))
			if rows := w.Tables()["replays"]; len(rows) != 0 {
				t.Errorf("swept, and there is %v", rows)
			}
		}
		_, err := create("x@example.com")
		w.Wants("at the end it is a new request", directory.Conflict, err)
		next := must(create("y@example.com"))(t)
		if next.ID == first.ID {
			t.Error("the old answer came again")
		}
		if again := must(create("y@example.com"))(t); again != next {
			t.Errorf("the new one is not kept: %v", again)
		}
	}
}

// A refused request uses no key up: it may be put right and sent again.
func TestRefusedRequestsKeepNoKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	call := w.ByOwner()
	call.IdempotencyKey, call.Fingerprint = "k", []byte("bad")
	w.Refused("bad", directory.Invalid, "email", func() error {
		return second(w.CreateUser(t.Context(), call, members.NewUser{Name: "X", Email: "x", Role: "user"}))
	})
	call.Fingerprint = []byte("good")
	must(w.CreateUser(t.Context(), call, members.NewUser{Name: "X", Email: "x@example.com", Role: "user"}))(t)
}

// A key answers only those who may still ask: not a token that was revoked, nor
// one whose permission is gone.
func TestReplayNeedsThePermissionStill(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "admin")
	call := w.By(jane)
	call.IdempotencyKey, call.Fingerprint = "k", []byte("f")
	create := func() error {
		return second(w.CreateUser(t.Context(), call, members.NewUser{Name: "X", Email: "x@example.com", Role: "user"}))
	}
	w.Wants("first", "", create())
	must(w.UpdateUserRole(t.Context(), w.ByOwner(), jane.ID, "user"))(t)
	w.Refused("demoted", directory.Forbidden, "", create)
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), jane.ID))
	w.Refused("removed", directory.Unauthenticated, "", create)
}
