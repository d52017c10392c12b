package members_test

import (
	"slices"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
)

// activityOf is the last activity that is stored of a user; zero if there was none.
func activityOf(w *directorytest.World, org directory.OrgID, id directory.UserID) (at time.Time) {
	w.Helper()
	err := w.DB.Read(w.Context(), func(tx directory.Tx) error {
		active, err := tx.Activity(org, []directory.UserID{id})
		at = active[id]
		return err
	})
	if err != nil {
		w.Fatal(err)
	}
	return at
}

func storeUsage(w *directorytest.World) {
	w.Helper()
	if err := w.StoreUsage(w.Context()); err != nil {
		w.Fatal(err)
	}
}

func TestActivityIsStoredAtMostOnceAnHour(t *testing.T) {
	w := directorytest.New(t)
	mia := w.Join("Mia", "user")
	w.Pass(time.Minute)
	w.By(mia)
	first := w.Clock().UTC().Truncate(time.Microsecond)
	storeUsage(w)
	if got := activityOf(w, w.Org.ID, mia.ID); !got.Equal(first) {
		t.Errorf("stored %v, want %v", got, first)
	}
	w.Pass(59 * time.Minute)
	w.By(mia)
	before := w.Tables()["users"]
	storeUsage(w)
	if !slices.Equal(before, w.Tables()["users"]) {
		t.Error("activity within an hour was stored again")
	}
	w.Pass(2 * time.Minute)
	w.By(mia)
	storeUsage(w)
	if got := activityOf(w, w.Org.ID, mia.ID); got.Sub(first) != 61*time.Minute {
		t.Errorf("then %v, want 61 minutes later", got)
	}
}

func TestSessionsAndTokensAreActivityInTheirOrganizationAlone(t *testing.T) {
	w := directorytest.New(t)
	w.Pass(time.Hour)
	mia, sam, api := w.Join("Mia", "user"), w.Join("Sam", "user"), w.Token("users|read")
	second := directorytest.Must(w.CreateOrg(t.Context(), w.ByOwner(), "Second"))(t)
	for _, created := range []directorytest.Member{mia, sam} { // to join took their tokens
		if at := activityOf(w, w.Org.ID, created.ID); !at.IsZero() && at.After(w.Clock()) {
			t.Errorf("%s was active at %v", created.Name, at)
		}
	}
	storeUsage(w)
	w.Pass(2 * time.Hour)
	w.As(api.Secret, w.Org.ID)
	session := w.SignIn(w.User(sam.ID))
	w.InSession(session, w.Org.ID)
	storeUsage(w)
	now := w.Clock().UTC().Truncate(time.Microsecond)
	if at := activityOf(w, w.Org.ID, sam.ID); !at.Equal(now) {
		t.Errorf("a session is no activity: %v", at)
	}
	if at := activityOf(w, w.Org.ID, mia.ID); now.Sub(at) < time.Hour {
		t.Errorf("what an API token did is the activity of a person: %v", at)
	}
	if at := activityOf(w, second.Org.ID, second.User.ID); !at.IsZero() {
		t.Errorf("what the owner did elsewhere is activity here: %v", at)
	}
	w.Settle()
	if err := w.CheckLog(t.Context(), w.Org.ID); err != nil {
		t.Error(err)
	}
}

func TestInactiveUsersAreListedInPagesLongestFirst(t *testing.T) {
	w := directorytest.New(t)
	var all []directorytest.Member
	for _, name := range []string{"Ada", "Bob", "Cem", "Dan", "Eve"} {
		w.Pass(24 * time.Hour)
		all = append(all, w.Join(name, "user"))
	}
	w.Pass(24 * time.Hour)
	w.By(all[1]) // Bob
	storeUsage(w)
	w.Pass(24 * time.Hour)
	call := w.ByOwner()
	storeUsage(w)
	since := w.Clock().Add(-36 * time.Hour)
	page := func(f members.UserFilter) (names []string, next directory.UserID) {
		t.Helper()
		found := listed{}
		next, err := w.ListUsers(t.Context(), call, f, &found)
		if err != nil {
			t.Fatal(err)
		}
		for _, u := range found.Users {
			names = append(names, u.Name)
		}
		return names, next
	}
	want := []string{"Ada", "Cem", "Dan", "Eve"}
	if got, next := page(members.UserFilter{InactiveSince: since}); !slices.Equal(got, want) || next != "" {
		t.Errorf("inactive are %v, then %q; want %v", got, next, want)
	}
	later := w.Clock().Add(time.Hour)
	if got, _ := page(members.UserFilter{InactiveSince: later}); !slices.Equal(got, []string{"Ada", "Cem", "Dan", "Eve", "Bob", "Olivia Owner"}) {
		t.Errorf("longest first, all are %v", got)
	}
	var pages []string
	for f := (members.UserFilter{InactiveSince: since, Limit: 3}); ; {
		got, next := page(f)
		pages = append(pages, got...)
		if f.After = next; next == "" {
			break
		}
	}
	if !slices.Equal(pages, want) {
		t.Errorf("in pages, they are %v, want %v", pages, want)
	}
	directorytest.Must(w.UpdateUserRole(t.Context(), w.ByOwner(), all[3].ID, "admin"))(t)
	for _, tt := range []struct {
		f    members.UserFilter
		want []string
	}{
		{members.UserFilter{Role: "admin"}, []string{"Dan"}},
		{members.UserFilter{Status: directory.Active}, want},
		{members.UserFilter{Status: directory.Suspended}, nil},
		{members.UserFilter{Text: "e"}, []string{"Ada", "Cem", "Dan", "Eve"}}, // of example.com
		{members.UserFilter{Text: "cem"}, []string{"Cem"}},
		{members.UserFilter{Email: all[4].Email}, []string{"Eve"}},
	} {
		tt.f.InactiveSince, tt.f.Limit = since, 10
		if got, _ := page(tt.f); !slices.Equal(got, tt.want) {
			t.Errorf("%+v: %v, want %v", tt.f, got, tt.want)
		}
	}
	for _, f := range []members.UserFilter{{At: since}, {ExternalID: "x"}, {Group: "grp_x"}} {
		f.InactiveSince = since
		_, err := w.ListUsers(t.Context(), call, f, &listed{})
		w.Wants("a filter that can't be combined", directory.Invalid, err)
	}
	_, err := w.ListUsers(t.Context(), call, members.UserFilter{InactiveSince: since, After: "usr_x"}, &listed{})
	w.Wants("the cursor of another list", directory.Invalid, err)
}
