package members_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
)

// reader is a sink that does something between pieces, by how many users came before.
type reader struct {
	listed
	at func(n int) error
}

func (r *reader) Flush() error { return r.at(len(r.Users)) }

// Sinks that take no more, more of them than the store has connections, keep
// nobody from reading.
func TestSlowSinksHoldNothing(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetBatches(1, 1)
	w.Join("Jane", "user")
	for what, f := range map[string]members.UserFilter{
		"all": {}, "some": {Text: "e"}, "the past": {At: w.now()},
	} {
		t.Run(what, func(t *testing.T) {
			readers := max(8, 4*runtime.GOMAXPROCS(0)) + 4
			reading, goOn := make(chan struct{}, readers), make(chan struct{})
			ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
			defer cancel()
			call := w.ByOwner()
			var wg sync.WaitGroup
			for range readers {
				wg.Go(func() {
					slow := reader{at: func(n int) error {
						if n == 1 {
							reading <- struct{}{}
							<-goOn
						}
						return nil
					}}
					if _, err := w.ListUsers(ctx, call, f, &slow); err != nil || len(slow.Users) != 2 {
						t.Errorf("%d users: %v", len(slow.Users), err)
					}
				})
			}
			for range readers {
				select {
				case <-reading:
				case <-ctx.Done():
				}
			}
			if _, err := w.GetUser(ctx, call, w.Owner.ID); err != nil {
				t.Errorf("somebody else's read: %v", err)
			}
			close(goOn)
			wg.Wait()
		})
	}
}

// Pieces, one after another, are the list, of any size and whatever is asked for.
func TestListPieces(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 6 {
		w.Join(fmt.Sprint("Jane", i), []directory.RoleID{"user", "admin"}[i%2])
	}
	w.Pass(time.Second)
	then := w.now()
	w.Pass(time.Second)
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), w.Join("Late", "user").ID))
	w.Join("Later", "user")
	for _, f := range []members.UserFilter{
		{},
		{Text: "jane"},
		{Text: "jane5"},
		{Text: "nobody"},
		{Role: "admin"},
		{Role: "user", Text: "jane"},
		{Limit: 3},
		{Limit: 6, Text: "jane"},
		{Limit: 7},
		{At: then},
		{At: then, Text: "jane"},
		{At: then, Role: "admin"},
		{At: then, Limit: 3},
	} {
		var whole listed
		wholeNext := must(w.ListUsers(t.Context(), w.ByOwner(), f, &whole))(t)
		for size := 1; size <= 9; size++ {
			restore := w.SetBatches(max(1, size-1), size)
			var got listed
			next, err := w.ListUsers(t.Context(), w.ByOwner(), f, &got)
			restore()
			if diff := cmp.Diff(whole.Users, got.Users); err != nil || next != wholeNext || got.Moved || diff != "" {
				t.Errorf("%+v in pieces of %d: next %q, changed %t, %v (-want +got):\n%s", f, size, next, got.Moved, err, diff)
			}
		}
	}
}

// A list that changes while it is read has everybody once who was there all the
// while, and is not taken for a version of it.
func TestListChangesMeanwhile(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetBatches(2, 3)
	var were []directory.UserID
	for i := range 12 {
		were = append(were, w.Join(fmt.Sprint("Jane", i), "user").ID)
	}
	were = sorted(append(were, w.Owner.ID)...)
	others := slices.DeleteFunc(slices.Clone(were), func(id directory.UserID) bool { return id == w.Owner.ID })
	read, behind := others[0], others[len(others)-1]
	var before listed
	must(w.ListUsers(t.Context(), w.ByOwner(), members.UserFilter{}, &before))(t)
	late := reader{at: func(n int) error {
		if n != 5 {
			return nil
		}
		w.Join("Newcomer", "user")
		return errors.Join(w.RemoveUser(t.Context(), w.ByOwner(), read), w.RemoveUser(t.Context(), w.ByOwner(), behind))
	}}
	must(w.ListUsers(t.Context(), w.ByOwner(), members.UserFilter{}, &late))(t)
	ids := slices.DeleteFunc(late.IDs(), func(id directory.UserID) bool { return !slices.Contains(were, id) })
	if want := slices.DeleteFunc(slices.Clone(were), func(id directory.UserID) bool { return id == behind }); !slices.Equal(ids, want) {
		t.Errorf("of %v came %v", want, ids)
	}
	if !late.Moved || late.Version != before.Version {
		t.Errorf("changed %t, version %q; it began with %q", late.Moved, late.Version, before.Version)
	}
	var after listed
	must(w.ListUsers(t.Context(), w.ByOwner(), members.UserFilter{}, &after))(t)
	if after.Moved || after.Version == late.Version || len(after.Users) != len(were)-1 {
		t.Errorf("afterwards: changed %t, version %q, %d users", after.Moved, after.Version, len(after.Users))
	}
}

// Other people's changes are not reported.
func TestListOfOneVersionHasNotChanged(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetBatches(1, 1)
	rival := w.Tenant("Rival")
	w.Join("Jane", "user")
	quiet := reader{at: func(int) error {
		return second(w.CreateRole(t.Context(), w.By(rival), roles.NewRole{Name: rand.Text()}))
	}}
	must(w.ListUsers(t.Context(), w.ByOwner(), members.UserFilter{}, &quiet))(t)
	if quiet.Moved || len(quiet.Users) != 2 {
		t.Errorf("changed %t, %d users", quiet.Moved, len(quiet.Users))
	}
}

// If a token is revoked while its holder reads a list, no further piece is sent.
func TestListEndsWithItsReadersRights(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.SetBatches(1, 1)
	jane := w.Join("Jane", "admin")
	w.Join("John", "user")
	for _, tt := range []struct {
		what string
		code directory.Code
		end  func() error
	}{
		{"permission", directory.Forbidden, func() error { return second(w.UpdateUserRole(t.Context(), w.ByOwner(), jane.ID, "none")) }},
		{"membership", directory.Unauthenticated, func() error { return w.RemoveUser(t.Context(), w.ByOwner(), jane.ID) }},
	} {
		must(w.UpdateUserRole(t.Context(), w.ByOwner(), jane.ID, "admin"))(t)
		call := w.By(jane)
		sink := reader{at: func(int) error { return tt.end() }}
		_, err := w.ListUsers(t.Context(), call, members.UserFilter{}, &sink)
		w.Wants(tt.what, tt.code, err)
		if len(sink.Users) != 1 {
			t.Errorf("%s: %d users were read on", tt.what, len(sink.Users))
		}
	}
}

// A page is looked for among so many users and no more, now and in the past. Its
// pages together are all that match, also those that come behind an empty page.
func TestPagesReadABoundedPart(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for i := range 20 {
		w.Join(fmt.Sprint("Jane", i), []directory.RoleID{"user", "admin"}[i%2])
	}
	w.Pass(time.Second)
	then := w.now()
	w.Pass(time.Second)
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), w.Join("Late", "user").ID))
	for _, f := range []members.UserFilter{
		{Text: "zz"},
		{Text: "jane1"},
		{Text: "jane", Role: "admin"},
		{At: then, Text: "zz"},
		{At: then, Text: "jane1"},
		{At: then, Role: "admin"},
		{At: then, Role: "none"},
		{At: then, Email: "jane7@example.com"},
		{At: then},
	} {
		var whole, paged listed
		must(w.ListUsers(t.Context(), w.ByOwner(), f, &whole))(t)
		restore := w.SetSearched(4)
		pages := 0
		for f.Limit = 3; ; pages++ {
			was := f.After
			next := must(w.ListUsers(t.Context(), w.ByOwner(), f, &paged))(t)
			if next == "" {
				break
			}
			if f.After = next; next <= was || pages > 21 {
				t.Fatalf("%+v: page %d goes on at %q", f, pages, next)
			}
		}
		restore()
		if diff := cmp.Diff(whole.IDs(), paged.IDs()); diff != "" {
			t.Errorf("%+v (-whole +paged):\n%s", f, diff)
		}
		if f.Role == "" || !f.At.IsZero() {
			if pages < 4 {
				t.Errorf("%+v: some twenty users were looked at in %d pages of four", f, pages+1)
			}
		}
	}
}

// A misspelled role must not look like a role that nobody has.
func TestListUsersOfARoleThatIsNotThere(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.Role("Support", "users|read")
	w.Join("Jane", role.ID)
	list := func(f members.UserFilter) ([]directory.User, error) {
		var all listed
		_, err := w.ListUsers(t.Context(), w.ByOwner(), f, &all)
		return all.Users, err
	}
	if users := must(list(members.UserFilter{Role: role.ID}))(t); len(users) != 1 {
		t.Errorf("with the role: %v", users)
	}
	if users := must(list(members.UserFilter{Role: "read-only"}))(t); len(users) != 0 {
		t.Errorf("with a role that nobody has: %v", users)
	}
	for range 2 { // the second list finds the version in the cache
		w.Refused("a role of no organization", directory.Invalid, "role", func() error { return second(list(members.UserFilter{Role: "emperor", Limit: 1})) })
	}
	if users := must(list(members.UserFilter{Role: "emperor", At: w.now()}))(t); len(users) != 0 {
		t.Errorf("with a role that may have been there: %v", users)
	}
}
