package directory_test

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/store"
)

// openTwice opens one database as two processes would.
func openTwice(t *testing.T) (a, b *directory.Service, d onboarding.Deployment) {
	t.Helper()
	path := directorytest.Database(t)
	services := make([]*directory.Service, 2)
	for i := range services {
		db, err := store.Open(t.Context(), path, directorytest.StoreOptions)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { db.Close() })
		services[i] = directory.NewService(db, dbtest.Keys(), time.Now)
	}
	d, err := onboarding.New(services[0], onboarding.Options{}).Initialize(t.Context(), onboarding.NewDeployment{
		OrgName: "Acme", OwnerName: "Olivia", OwnerEmail: "owner@example.com",
	})
	if err != nil {
		t.Fatal(err)
	}
	return services[0], services[1], d
}

// nameWire is a wire format with everything that the tests change.
var nameWire = directory.WireFormat{Encode: func(u directory.User) []byte {
	return []byte(string(u.ID) + " " + u.Name + " " + u.Role.Name)
}}

func authenticate(t *testing.T, s *directory.Service, secret string) *directory.Principal {
	t.Helper()
	p, err := s.Authenticate(t.Context(), secret, "")
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// A token that another process revokes is refused within a second, although this
// process has cached it.
func TestTokenRevokedElsewhereIsRefused(t *testing.T) {
	t.Parallel()
	here, there, d := openTwice(t)
	owner := authenticate(t, there, d.PersonalToken)
	token := authenticate(t, here, d.APIToken)
	if err := credentials.NewKeeper(there).DeleteAPIToken(t.Context(), directory.Call{Principal: owner}, token.TokenID); err != nil {
		t.Fatal(err)
	}
	revoked := time.Now()
	for {
		asked := time.Now()
		_, err := here.Authenticate(t.Context(), d.APIToken, "")
		if directory.CodeOf(err) == directory.Unauthenticated {
			return
		}
		if err != nil {
			t.Fatal(err)
		}
		if asked.Sub(revoked) > time.Second {
			t.Fatal("the token is still accepted after a second")
		}
		time.Sleep(5 * time.Millisecond)
	}
}

// While many read and one writes, nobody reads what a committed write has replaced:
// neither users, by id or by address, nor what a token may do.
func TestCacheIsNeverBehindACommit(t *testing.T) {
	t.Parallel()
	s, _, d := openTwice(t)
	owner := authenticate(t, s, d.PersonalToken)
	ownerCall := directory.Call{Principal: owner}
	jane, err := members.NewRoll(s).CreateUser(t.Context(), ownerCall, members.NewUser{Name: "Jane", Email: "jane@example.com", Role: "admin"})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := onboarding.New(s, onboarding.Options{}).CreatePersonalTokenFor(t.Context(), "jane@example.com", credentials.NewPersonalToken{Name: "t"})
	if err != nil {
		t.Fatal(err)
	}

	var mu sync.RWMutex // held for writing while the role changes, so that readers expect the committed role
	role := directory.RoleID("admin")
	expects := func() error {
		mu.RLock()
		defer mu.RUnlock()
		byID, err := s.GetUserWire(t.Context(), ownerCall, jane.ID, nameWire)
		byEmail, ferr := s.FindUserWire(t.Context(), ownerCall, "JANE@example.com", nameWire)
		p, perr := s.Authenticate(t.Context(), secret.Secret, "")
		if err := errors.Join(err, ferr, perr); err != nil {
			return err
		}
		may := p.Capabilities.Allows(authz.Pair{Resource: "users", Action: authz.Create})
		wire := nameWire.Encode(directory.User{ID: jane.ID, Name: "Jane", Role: directory.RoleRef{Name: string(role)}})
		if !bytes.Equal(byID, wire) || !bytes.Equal(byEmail, wire) || p.Role != role || may != (role == "admin") {
			return fmt.Errorf("read %q by id and %q by address, as %v (may create: %v), want %v", byID, byEmail, p, may, role)
		}
		return nil
	}
	fills := func() error {
		_, _ = s.GetUserWire(t.Context(), ownerCall, jane.ID, nameWire)
		_, _ = s.FindUserWire(t.Context(), ownerCall, "jane@example.com", nameWire)
		_, _ = s.Authenticate(t.Context(), secret.Secret, "")
		return nil
	}
	whileReading(t, expects, fills, func() {
		for i := range 200 {
			next := directory.RoleID([]string{"user", "admin"}[i%2])
			mu.Lock()
			_, err := members.NewRoll(s).UpdateUserRole(t.Context(), ownerCall, jane.ID, next)
			role = next
			mu.Unlock()
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// whileReading runs write while four goroutines call expects and two call fills, again and
// again. expects reads only what is committed. fills does not wait for writes, so that it
// fills the cache with what was there before a write that is under way.
func whileReading(t *testing.T, expects, fills func() error, write func()) {
	t.Helper()
	const pause = 50 * time.Microsecond // else the readers take most of the processor from the writer
	stop := make(chan struct{})
	var readers sync.WaitGroup
	defer readers.Wait()
	defer close(stop)
	for i := range 6 {
		read := expects
		if i >= 4 {
			read = fills
		}
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if err := read(); err != nil {
					t.Error(err)
					return
				}
				time.Sleep(pause)
			}
		})
	}
	write()
}

// While many look an address up and one removes and adds its user, nobody finds a user
// who was removed before, or misses one who was added before.
func TestFindIsNeverBehindACommit(t *testing.T) {
	t.Parallel()
	s, _, d := openTwice(t)
	call := directory.Call{Principal: authenticate(t, s, d.PersonalToken)}
	const email = "jane@example.com"
	var mu sync.RWMutex     // held for writing while the user is added or removed
	var id directory.UserID // of the user there is; "" for none
	expects := func() error {
		mu.RLock()
		defer mu.RUnlock()
		wire, err := s.FindUserWire(t.Context(), call, email, nameWire)
		found, _, _ := strings.Cut(string(wire), " ")
		if (err != nil && directory.CodeOf(err) != directory.NotFound) || found != string(id) {
			return fmt.Errorf("found %q, error %w; want %q", wire, err, id)
		}
		return nil
	}
	fills := func() error {
		_, _ = s.FindUserWire(t.Context(), call, email, nameWire)
		return nil
	}
	whileReading(t, expects, fills, func() {
		for range 80 {
			mu.Lock()
			u, err := members.NewRoll(s).CreateUser(t.Context(), call, members.NewUser{Name: "Jane", Email: email, Role: "user"})
			id = u.ID
			mu.Unlock()
			if err != nil {
				t.Fatal(err)
			}
			mu.Lock()
			err = members.NewRoll(s).RemoveUser(t.Context(), call, u.ID)
			id = ""
			mu.Unlock()
			if err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A user whom another process removes, and adds again, is found as such within a
// second, by id and by address.
func TestChangesElsewhereAreFound(t *testing.T) {
	t.Parallel()
	here, there, d := openTwice(t)
	call := directory.Call{Principal: authenticate(t, here, d.PersonalToken)}
	elsewhere := directory.Call{Principal: authenticate(t, there, d.PersonalToken)}
	const email = "jane@example.com"
	add := func() directory.User {
		t.Helper()
		u, err := members.NewRoll(there).CreateUser(t.Context(), elsewhere, members.NewUser{Name: "Jane", Email: email, Role: "user"})
		if err != nil {
			t.Fatal(err)
		}
		return u
	}
	// found waits until what is found is want, "" for nobody.
	found := func(want directory.UserID) {
		t.Helper()
		for committed := time.Now(); ; time.Sleep(5 * time.Millisecond) {
			asked := time.Now()
			byEmail, err := here.FindUserWire(t.Context(), call, email, nameWire)
			if err != nil && directory.CodeOf(err) != directory.NotFound {
				t.Fatal(err)
			}
			id, _, _ := strings.Cut(string(byEmail), " ")
			if id == string(want) {
				return
			}
			if asked.Sub(committed) > time.Second {
				t.Fatalf("after a second %q is found, want %q", id, want)
			}
		}
	}
	for range 3 {
		u := add()
		found(u.ID)
		found(u.ID) // from the cache
		if err := members.NewRoll(there).RemoveUser(t.Context(), elsewhere, u.ID); err != nil {
			t.Fatal(err)
		}
		found("")
		if _, err := here.GetUserWire(t.Context(), call, u.ID, nameWire); directory.CodeOf(err) != directory.NotFound {
			t.Errorf("the removed user is found by id: %v", err)
		}
	}
}

// A role's new name and capabilities, and a group's new roles, are in effect at once.
func TestRoleAndGroupChangesInvalidateTheCache(t *testing.T) {
	t.Parallel()
	s, _, d := openTwice(t)
	call := directory.Call{Principal: authenticate(t, s, d.PersonalToken)}
	catalog := roles.NewCatalog(s)
	role, err := catalog.CreateRole(t.Context(), call, roles.NewRole{Name: "Support"})
	if err != nil {
		t.Fatal(err)
	}
	jane, err := members.NewRoll(s).CreateUser(t.Context(), call, members.NewUser{Name: "Jane", Email: "jane@example.com", Role: role.ID})
	if err != nil {
		t.Fatal(err)
	}
	secret, err := onboarding.New(s, onboarding.Options{}).CreatePersonalTokenFor(t.Context(), "jane@example.com", credentials.NewPersonalToken{Name: "t"})
	if err != nil {
		t.Fatal(err)
	}
	may := func(resource string) bool {
		return authenticate(t, s, secret.Secret).Capabilities.Allows(authz.Pair{Resource: resource, Action: authz.Read})
	}
	wantRole := func(name string) {
		t.Helper()
		byID, err := s.GetUserWire(t.Context(), call, jane.ID, nameWire)
		byEmail, ferr := s.FindUserWire(t.Context(), call, jane.Email, nameWire)
		if errors.Join(err, ferr) != nil || !strings.HasSuffix(string(byID), name) || !bytes.Equal(byID, byEmail) {
			t.Errorf("the user is %q by id and %q by address, %v %v; want the role %s", byID, byEmail, err, ferr, name)
		}
	}
	wantRole("Support")
	if may("users") {
		t.Fatal("an empty role gives a capability")
	}
	set, err := authz.Wire{Org: map[string][]string{"users": {"read"}}}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := catalog.UpdateRole(t.Context(), call, role.ID, roles.NewRole{Name: "Helpers", Capabilities: set}); err != nil {
		t.Fatal(err)
	}
	if !may("users") {
		t.Error("the role's new capability is not there")
	}
	wantRole("Helpers")
	members, gives := []directory.UserID{jane.ID}, []directory.RoleID{authz.RoleAdmin}
	g, err := catalog.CreateGroup(t.Context(), call, roles.NewGroup{Name: "Admins", Members: &members, Roles: &gives})
	if err != nil {
		t.Fatal(err)
	}
	if !may("rbac") {
		t.Error("the group's capability is not there")
	}
	if err := catalog.DeleteGroup(t.Context(), call, g.ID); err != nil {
		t.Fatal(err)
	}
	if may("rbac") {
		t.Error("the capability outlives the group")
	}
}

// A new organization invalidates nothing but what is cached of its creator.
func TestNewOrgKeepsOthersCached(t *testing.T) {
	t.Parallel()
	s, _, d := openTwice(t)
	encoded := 0
	format := directory.WireFormat{Encode: func(u directory.User) []byte { encoded++; return []byte(u.ID) }}
	seen := func() (*directory.Principal, int) {
		t.Helper()
		api := authenticate(t, s, d.APIToken)
		if _, err := s.GetUserWire(t.Context(), directory.Call{Principal: api}, d.Owner.ID, format); err != nil {
			t.Fatal(err)
		}
		return api, encoded
	}
	kept := func() bool {
		t.Helper()
		seen()
		api, n := seen()
		owner := authenticate(t, s, d.PersonalToken)
		if _, err := onboarding.New(s, onboarding.Options{}).CreateOrg(t.Context(), directory.Call{Principal: owner}, "Other"); err != nil {
			t.Fatal(err)
		}
		if p := authenticate(t, s, d.PersonalToken); p.OrgID != "" {
			t.Fatalf("without a named organization the account acts in %s, of several", p.OrgID)
		}
		apiNow, nNow := seen()
		return api == apiNow && n == nNow
	}
	// On a busy machine the store may be out of touch for a moment. The cache is not
	// used then.
	for range 50 {
		if kept() {
			return
		}
		time.Sleep(20 * time.Millisecond)
	}
	t.Error("the user or the token is read from the database each time")
}
