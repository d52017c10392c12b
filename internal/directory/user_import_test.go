package directory_test

import (
	"fmt"
	"testing"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/userimport"
)

// newUsers returns n users to import, whose addresses begin with a prefix.
func newUsers(prefix string, n int) []members.NewUser {
	list := make([]members.NewUser, n)
	for i := range list {
		list[i] = members.NewUser{Name: "Jane", Email: fmt.Sprintf("%s%d@example.com", prefix, i), Role: "user"}
	}
	return list
}

// An import counts the users once for each group of lines, and not for each line.
func TestImportCountsUsersOncePerGroup(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	call := w.ByOwner()
	statements := w.counted()
	cost := func(prefix string, l limits.Limits) int {
		t.Helper()
		w.Service = directory.NewService(w.DB, dbtest.Keys(), w.Clock, directory.WithLimits(l))
		return statements(func() {
			for _, r := range must(userimport.New(w.Service).Add(t.Context(), call, newUsers(prefix, userimport.GroupSize)))(t) {
				if r.Outcome != userimport.Added {
					t.Fatalf("%+v", r)
				}
			}
		})
	}
	cost("first", limits.Limits{}) // caches what the others need
	free, limited := cost("free", limits.Limits{}), cost("limited", limits.Limits{Users: 1000, Invitations: 1000})
	if limited > free+2 {
		t.Errorf("%d statements with limits, %d without", limited, free)
	}
}

// The limits of users and of invitations hold within a group of lines, also after an
// expired invitation was replaced.
func TestImportStopsAtTheLimits(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	elsewhere := []member{w.Tenant("Anna"), w.Tenant("Bert"), w.Tenant("Carl")}
	w.Invite(elsewhere[0], "user")
	w.Pass(directory.InvitationTTL)
	w.configure(directory.WithLimits(limits.Limits{Users: 5, Invitations: 2}))
	lines := newUsers("new", 1)
	for _, m := range elsewhere {
		lines = append(lines, members.NewUser{Name: m.Name, Email: m.Email, Role: "user"})
	}
	lines = append(lines, newUsers("more", 2)...)
	results := must(userimport.New(w.Service).Add(t.Context(), w.ByOwner(), lines))(t)
	var got []string
	for _, r := range results {
		if r.Err != nil {
			got = append(got, string(r.Err.Code))
			continue
		}
		got = append(got, string(r.Outcome))
	}
	want := []string{"added", "invited", "invited", "limit_exceeded", "limit_exceeded", "limit_exceeded"}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("got %v, want %v", got, want)
	}
	var there listed
	if _, err := w.ListUsers(t.Context(), w.ByOwner(), members.UserFilter{}, &there); err != nil || len(there.Users) != 4 {
		t.Errorf("%d users, %v; want 4", len(there.Users), err)
	}
}
