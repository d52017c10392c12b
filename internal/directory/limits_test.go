package directory_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/webhooks"
)

// naming is a set that names n datasets, other ones for each prefix.
func naming(prefix string, n int) authz.Set {
	set := authz.Set{Datasets: map[string]authz.Grants{}}
	for i := range n {
		set.Datasets[fmt.Sprint(prefix, i)] = authz.Dataset.All()
	}
	return set
}

// limited are the ways to make one more of each thing that is limited. Each makes up to
// three, whatever there was.
var limited = []struct {
	name  limits.Name
	there int // already, in a new world
	more  func(w *world, i int, call directory.Call) error
}{
	{limits.Organizations, 1, func(w *world, _ int, call directory.Call) error {
		return second(w.CreateOrg(w.Context(), call, "Another"))
	}},
	{limits.PersonalTokens, 1, func(w *world, _ int, call directory.Call) error {
		return second(w.CreatePersonalToken(w.Context(), call, credentials.NewPersonalToken{Name: "x"}))
	}},
	{limits.Users, 1, func(w *world, i int, call directory.Call) error {
		return second(w.CreateUser(w.Context(), call, members.NewUser{Name: "x", Email: fmt.Sprintf("u%d@example.com", i), Role: "none"}))
	}},
	{limits.Roles, 0, func(w *world, i int, call directory.Call) error {
		return second(w.CreateRole(w.Context(), call, roles.NewRole{Name: fmt.Sprint("role ", i)}))
	}},
	{limits.Groups, 0, func(w *world, i int, call directory.Call) error {
		return second(w.CreateGroup(w.Context(), call, roles.NewGroup{Name: fmt.Sprint("group ", i)}))
	}},
	{limits.APITokens, 1, func(w *world, _ int, call directory.Call) error {
		return second(w.CreateAPIToken(w.Context(), call, credentials.NewAPIToken{Name: "x"}))
	}},
	{limits.Webhooks, 0, func(w *world, i int, call directory.Call) error {
		return second(w.CreateWebhook(w.Context(), call, webhooks.NewWebhook{Name: fmt.Sprint(i), URL: "https://example.com/x"}))
	}},
	{limits.NamesInRoles, 0, func(w *world, i int, call directory.Call) error {
		return second(w.CreateRole(w.Context(), call, roles.NewRole{Name: fmt.Sprint("names ", i), Capabilities: naming(fmt.Sprint(i, "_"), 1)}))
	}},
	{limits.GroupsPerUser, 0, func(w *world, i int, call directory.Call) error {
		return second(w.CreateGroup(w.Context(), call, roles.NewGroup{Name: fmt.Sprint("of one ", i), Members: userIDs(w.Owner.ID)}))
	}},
}

// Exactly as many concurrent calls succeed as the limit allows. Dry runs are refused
// alike. A lowered limit removes nothing.
func TestRaceLimitsHold(t *testing.T) {
	t.Parallel()
	for _, l := range limited {
		t.Run(string(l.name), func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			most := l.there + 3
			limit := func(n int) directory.Option {
				limits := limits.Default()
				if err := limits.Set([]string{fmt.Sprintf("%s=%d", l.name, n)}); err != nil {
					t.Fatal(err)
				}
				return directory.WithLimits(limits)
			}
			w.configure(limit(most))
			call := w.As(w.Owner.Secret, w.Org.ID)
			var all sync.WaitGroup
			errs := make([]error, 8)
			for i := range errs {
				all.Go(func() { errs[i] = l.more(w, i, call) })
			}
			all.Wait()
			made, refused := 0, 0
			for _, err := range errs {
				switch directory.CodeOf(err) {
				case directory.LimitExceeded:
					refused++
					if want := fmt.Sprintf("of %d ", most); !strings.Contains(err.Error(), want) || !strings.Contains(err.Error(), "--limit "+string(l.name)) {
						t.Errorf("%q does not say %q and which limit", err, want)
					}
				case "":
					w.Wants("make", "", err)
					made++
				default:
					t.Error(err)
				}
			}
			if made != 3 || refused != len(errs)-3 {
				t.Errorf("made %d and refused %d, want 3 made", made, refused)
			}
			if n := w.LimitRefusals()[l.name]; n != int64(refused) {
				t.Errorf("counted %d refusals, want %d", n, refused)
			}
			dry := call
			dry.DryRun = new(access.Diff)
			w.Wants("dry run", directory.LimitExceeded, l.more(w, 100, dry))

			w.configure(limit(1))
			w.Wants("above a lowered limit", directory.LimitExceeded, l.more(w, 101, call))
			w.configure(limit(most + 1))
			w.Wants("dry run below a raised one", "", l.more(w, 102, dry))
			w.Wants("below a raised one", "", l.more(w, 103, call))
			w.configure(limit(0))
			w.Wants("without one", "", l.more(w, 104, call))
		})
	}
}

// At the limit of open invitations an address with an account and one without are
// refused alike.
func TestInvitationLimitHidesAccounts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	limits := limits.Default()
	limits.Invitations = 1
	w.configure(directory.WithLimits(limits))
	other := must(w.CreateOrg(t.Context(), w.ByOwner(), "Other"))(t)
	for _, email := range []string{"a@example.com", "b@example.com", "c@example.com"} {
		must(w.CreateUser(t.Context(), w.As(w.Owner.Secret, w.Org.ID), members.NewUser{Name: "x", Email: email, Role: "none"}))(t)
	}
	there := w.As(w.Owner.Secret, other.Org.ID)
	add := func(email string) error {
		return second(w.CreateUser(t.Context(), there, members.NewUser{Name: "x", Email: email, Role: "none"}))
	}
	w.Wants("the first", "", add("a@example.com"))
	w.Wants("one with an account", directory.LimitExceeded, add("b@example.com"))
	w.Wants("one without", directory.LimitExceeded, add("new@example.com"))
}

func TestLimitsOnParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	limits := limits.Limits{RolesPerGroup: 2, NamesPerSet: 3, Names: 5, MembersPerRequest: 2}
	w.configure(directory.WithLimits(limits))
	call := w.As(w.Owner.Secret, w.Org.ID)
	role := func(name string, names int) (directory.Role, error) {
		return w.CreateRole(t.Context(), call, roles.NewRole{Name: name, Capabilities: naming(name, names)})
	}
	three := must(role("three", 3))(t)
	w.Wants("a set that names too many", directory.LimitExceeded, second(role("four", 4)))
	w.Wants("a token's set", directory.LimitExceeded, second(w.CreateAPIToken(t.Context(), call, credentials.NewAPIToken{Name: "x", Capabilities: naming("t", 4)})))
	two := must(role("two", 2))(t)
	update := func(names int) error {
		return second(w.UpdateRole(t.Context(), call, two.ID, roles.NewRole{Name: "two", Capabilities: naming("two", names)}))
	}
	w.Wants("roles that name too many together", directory.LimitExceeded, update(3))
	w.Wants("the same number", "", update(2))
	w.Wants("fewer", "", update(1))
	w.Wants("as many again", "", update(2))

	group := func(ids ...directory.RoleID) error {
		return second(w.CreateGroup(t.Context(), call, roles.NewGroup{Name: "g", Roles: &ids}))
	}
	w.Wants("three roles", directory.LimitExceeded, group(three.ID, two.ID, "user"))
	w.Wants("two roles", "", group(three.ID, two.ID))

	many := userIDs("usr_1", "usr_2", "usr_3")
	w.Refused("a group's members", directory.LimitExceeded, "members", func() error {
		return second(w.CreateGroup(t.Context(), call, roles.NewGroup{Name: "m", Members: many}))
	})
	w.Refused("a role's members", directory.LimitExceeded, "members", func() error {
		return second(w.CreateRole(t.Context(), call, roles.NewRole{Name: "m", Members: many}))
	})
}

// A request for a role changes few users: those who get the role and those who lose it.
func TestLimitOnRoleChanges(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.configure(directory.WithLimits(limits.Limits{RoleChangesPerRequest: 2}))
	a, b, c := w.Join("A", "none"), w.Join("B", "none"), w.Join("C", "none")
	role := w.Role("Crowd")
	put := func(ids ...directory.UserID) error {
		return second(w.UpdateRole(t.Context(), w.As(w.Owner.Secret, w.Org.ID), role.ID, roles.NewRole{Name: "Crowd", Members: &ids}))
	}
	w.Refused("three at once", directory.LimitExceeded, "members", func() error { return put(a.ID, b.ID, c.ID) })
	w.Wants("two", "", put(a.ID, b.ID))
	w.Wants("the same two and a third", "", put(a.ID, b.ID, c.ID))
	w.Wants("two who leave", "", put(a.ID))
	w.Wants("one leaves, one comes", "", put(b.ID))
	w.Wants("one leaves, one comes again", "", put(c.ID))
	w.Refused("one leaves, two come", directory.LimitExceeded, "members", func() error { return put(a.ID, b.ID) })
}

// Objects above a lowered limit stay, can be changed, and can shrink.
func TestAboveALoweredLimit(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	call := w.As(w.Owner.Secret, w.Org.ID)
	role := must(w.CreateRole(t.Context(), call, roles.NewRole{Name: "r", Capabilities: naming("r", 5)}))(t)
	gives := []directory.RoleID{"user", "read-only", role.ID}
	g := must(w.CreateGroup(t.Context(), call, roles.NewGroup{Name: "g", Roles: &gives}))(t)
	w.configure(directory.WithLimits(limits.Limits{RolesPerGroup: 1, NamesPerSet: 1, Names: 1}))
	update := func(names int) error {
		return second(w.UpdateRole(t.Context(), call, role.ID, roles.NewRole{Name: "renamed", Capabilities: naming("r", names)}))
	}
	w.Wants("as it is", "", update(5))
	w.Wants("growing", directory.LimitExceeded, update(6))
	w.Wants("shrinking", "", update(4))
	w.Wants("a group as it is", "", second(w.UpdateGroup(t.Context(), call, g.ID, roles.NewGroup{Name: "g2", Roles: &gives})))
	fewer := gives[:2]
	w.Wants("a group with fewer", "", second(w.UpdateGroup(t.Context(), call, g.ID, roles.NewGroup{Name: "g2", Roles: &fewer})))
	w.Wants("a group growing again", directory.LimitExceeded, second(w.UpdateGroup(t.Context(), call, g.ID, roles.NewGroup{Name: "g2", Roles: &gives})))
}

// Membership by accepting counts as well as membership by creating.
func TestOrganizationLimitHoldsForInvitations(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	other := must(w.CreateOrg(t.Context(), w.ByOwner(), "Other"))(t)
	john := w.Join("john", "user")
	must(w.CreateUser(t.Context(), w.As(w.Owner.Secret, other.Org.ID), members.NewUser{Name: "John", Email: john.Email, Role: "none"}))(t)
	w.configure(directory.WithLimits(limits.Limits{Organizations: 1}))
	w.Wants("accept", directory.LimitExceeded, second(w.AcceptInvitation(t.Context(), w.By(john), other.Org.ID)))
	w.configure(directory.WithLimits(limits.Limits{Organizations: 2}))
	w.Wants("accept below the limit", "", second(w.AcceptInvitation(t.Context(), w.By(john), other.Org.ID)))
}
