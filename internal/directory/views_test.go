package directory_test

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/roles"
)

// view reads the name of a user through a cached view, and counts the reads.
func view(t *testing.T, s *directory.Service, call directory.Call, id directory.UserID, reads *int) (string, error) {
	name, err := directory.View(t.Context(), s, call, directory.OpGetUser, "name of "+string(id), func() ([]byte, bool, error) {
		if reads != nil {
			*reads++
		}
		u, err := members.NewRoll(s).GetUser(t.Context(), call, id)
		return []byte(u.Name), true, err
	})
	return string(name), err
}

// rename gives the owner another name.
func rename(t *testing.T, s *directory.Service, call directory.Call, name string) {
	t.Helper()
	if _, err := members.NewRoll(s).UpdateSelf(t.Context(), call, members.SelfUpdate{Name: &name}); err != nil {
		t.Fatal(err)
	}
}

func TestViewIsNeverBehindACommit(t *testing.T) {
	t.Parallel()
	s, _, d := openTwice(t)
	call := directory.Call{Principal: authenticate(t, s, d.PersonalToken)}
	var mu sync.RWMutex // held for writing while the name changes
	name := "Olivia"
	whileReading(t, func() error {
		mu.RLock()
		defer mu.RUnlock()
		got, err := view(t, s, call, d.Owner.ID, nil)
		if err != nil || got != name {
			return fmt.Errorf("read %q, error %w; want %q", got, err, name)
		}
		return nil
	}, func() error {
		_, _ = view(t, s, call, d.Owner.ID, nil)
		return nil
	}, func() {
		for i := range 200 {
			mu.Lock()
			name = fmt.Sprint("Olivia ", i)
			rename(t, s, call, name)
			mu.Unlock()
		}
	})
}

func TestViewShowsChangesElsewhereWithinASecond(t *testing.T) {
	t.Parallel()
	here, there, d := openTwice(t)
	call := directory.Call{Principal: authenticate(t, here, d.PersonalToken)}
	elsewhere := directory.Call{Principal: authenticate(t, there, d.PersonalToken)}
	for i := range 3 {
		if _, err := view(t, here, call, d.Owner.ID, nil); err != nil {
			t.Fatal(err)
		}
		want := fmt.Sprint("Olivia ", i)
		rename(t, there, elsewhere, want)
		for committed := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			asked := time.Now()
			got, err := view(t, here, call, d.Owner.ID, nil)
			if err != nil {
				t.Fatal(err)
			}
			if got == want {
				break
			}
			if asked.Sub(committed) > time.Second {
				t.Fatalf("after a second the view is %q, want %q", got, want)
			}
		}
	}
}

// A view is read once, however often it is asked for, until something in its organization
// changes. Every caller needs the permission.
func TestViewIsKeptUntilItsOrganizationChanges(t *testing.T) {
	t.Parallel()
	s, _, d := openTwice(t)
	owner := directory.Call{Principal: authenticate(t, s, d.PersonalToken)}
	o, catalog := onboarding.New(s, onboarding.Options{}), roles.NewCatalog(s)
	other, err := o.CreateOrg(t.Context(), owner, "Other")
	if err != nil {
		t.Fatal(err)
	}
	in := func(org directory.OrgID) directory.Call {
		t.Helper()
		p, err := s.Authenticate(t.Context(), d.PersonalToken, org)
		if err != nil {
			t.Fatal(err)
		}
		return directory.Call{Principal: p}
	}
	here, elsewhere := in(d.Owner.OrgID), in(other.Org.ID)
	kept := func() bool {
		reads := 0
		if _, err := view(t, s, here, d.Owner.ID, &reads); err != nil {
			t.Fatal(err)
		}
		reads = 0
		if _, err := catalog.CreateRole(t.Context(), elsewhere, roles.NewRole{Name: fmt.Sprint("Role ", time.Now().UnixNano())}); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if _, err := view(t, s, here, d.Owner.ID, &reads); err != nil {
				t.Fatal(err)
			}
		}
		return reads == 0
	}
	// On a busy machine the store may be out of touch for a moment.
	ok := false
	for end := time.Now().Add(2 * time.Minute); !ok && time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		ok = kept()
	}
	if !ok {
		t.Error("the view is read each time")
	}
	if _, err := catalog.CreateRole(t.Context(), here, roles.NewRole{Name: "Support"}); err != nil {
		t.Fatal(err)
	}
	reads := 0
	if _, err := view(t, s, here, d.Owner.ID, &reads); err != nil || reads != 1 {
		t.Errorf("after a change the view was read %d times, error %v", reads, err)
	}
	nobody := *here.Principal
	nobody.Capabilities = authz.Set{}
	if _, err := view(t, s, directory.Call{Principal: &nobody}, d.Owner.ID, nil); directory.CodeOf(err) != directory.Forbidden {
		t.Errorf("without the permission: %v", err)
	}
}
