package onboarding_test

import (
	"bytes"
	"errors"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/store"
)

// provisioning is an empty deployment whose clock the test moves.
type provisioning struct {
	*directory.Service
	*onboarding.Onboarder
	*members.Roll
	db *store.Store

	mu  sync.Mutex
	now time.Time
}

func newProvisioning(t *testing.T) *provisioning {
	t.Helper()
	db, err := store.Open(t.Context(), directorytest.Database(t), directorytest.StoreOptions)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	p := &provisioning{db: db, now: time.Date(2026, 1, 1, 12, 0, 0, 0, time.UTC)}
	p.Service = directory.NewService(db, dbtest.Keys(), func() time.Time {
		p.mu.Lock()
		defer p.mu.Unlock()
		return p.now
	})
	p.Onboarder = onboarding.New(p.Service, onboarding.Options{})
	p.Roll = members.NewRoll(p.Service)
	return p
}

func (p *provisioning) pass(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.now = p.now.Add(d)
}

func (p *provisioning) provision(t *testing.T, addr string) onboarding.Provisioned {
	t.Helper()
	out, err := p.ProvisionOrg(t.Context(), directory.Call{RemoteAddr: addr}, "")
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func wantCode(t *testing.T, err error, want directory.Code) {
	t.Helper()
	if got := directory.CodeOf(err); got != want {
		t.Errorf("got %q (%v), want %q", got, err, want)
	}
}

// The agent's token does everything but make owners, and ends with the day.
func TestProvisionEnds(t *testing.T) {
	t.Parallel()
	s := newProvisioning(t)
	out := s.provision(t, "127.0.0.1")
	p, err := s.Authenticate(t.Context(), out.APIToken, "")
	if err != nil {
		t.Fatal(err)
	}
	call := directory.Call{Principal: p}
	if _, err := s.CreateUser(t.Context(), call, members.NewUser{Name: "Jane", Email: "jane@example.com", Role: "admin"}); err != nil {
		t.Error(err)
	}
	_, err = s.CreateUser(t.Context(), call, members.NewUser{Name: "John", Email: "john@example.com", Role: "owner"})
	wantCode(t, err, directory.Forbidden)
	jane, err := s.CreatePersonalTokenFor(t.Context(), "jane@example.com", credentials.NewPersonalToken{Name: "t"})
	if err != nil {
		t.Fatal(err)
	}

	s.pass(onboarding.ProvisionLifetime)
	_, err = s.Authenticate(t.Context(), out.APIToken, "")
	wantCode(t, err, directory.Unauthenticated)
	_, err = s.ClaimOrg(t.Context(), directory.Call{}, onboarding.NewClaim{Claim: out.Claim, Name: "Jim", Email: "jim@example.com"})
	wantCode(t, err, directory.NotFound)

	if err := s.DropProvisions(t.Context()); err != nil {
		t.Fatal(err)
	}
	// With the organization went its only member's account and her token.
	_, err = s.Authenticate(t.Context(), jane.Secret, "")
	wantCode(t, err, directory.Unauthenticated)
	wantCode(t, s.ExportOrg(t.Context(), out.Org.ID, new(bytes.Buffer)), directory.NotFound)
}

// A claimed organization stays, its token too, and has a human for an owner.
func TestClaim(t *testing.T) {
	t.Parallel()
	s := newProvisioning(t)
	out := s.provision(t, "127.0.0.1")
	if _, err := s.Authenticate(t.Context(), out.APIToken, ""); err != nil {
		t.Fatal(err)
	}
	in := onboarding.NewClaim{Claim: out.Claim, Name: "Jim", Email: "jim@example.com"}
	claimed, err := s.ClaimOrg(t.Context(), directory.Call{}, in)
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.ClaimOrg(t.Context(), directory.Call{}, onboarding.NewClaim{Claim: out.Claim, Name: "Joe", Email: "joe@example.com"})
	wantCode(t, err, directory.NotFound)

	s.pass(3 * onboarding.ProvisionLifetime)
	if err := s.DropProvisions(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Authenticate(t.Context(), out.APIToken, ""); err != nil {
		t.Errorf("the agent's token ended although the organization was claimed: %v", err)
	}
	owner, err := s.Authenticate(t.Context(), claimed.PersonalToken, "")
	if err != nil {
		t.Fatal(err)
	}
	users := &directorytest.Listed{}
	if _, err := s.ListUsers(t.Context(), directory.Call{Principal: owner}, members.UserFilter{}, users); err != nil {
		t.Fatal(err)
	}
	if len(users.Users) != 1 || users.Users[0].Email != "jim@example.com" || users.Users[0].Role.ID != "owner" {
		t.Errorf("users %+v, want Jim alone, the owner", users.Users)
	}
	wantCode(t, s.RemoveUser(t.Context(), directory.Call{Principal: owner}, owner.UserID), directory.Conflict)
}

// A person who has an account claims with its token: an address alone proves nothing.
func TestClaimWithAccount(t *testing.T) {
	t.Parallel()
	s := newProvisioning(t)
	d, err := s.Initialize(t.Context(), onboarding.NewDeployment{OrgName: "Acme", OwnerName: "Olivia", OwnerEmail: "owner@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	out := s.provision(t, "127.0.0.1")
	agent, err := s.Authenticate(t.Context(), out.APIToken, "")
	if err != nil {
		t.Fatal(err)
	}
	// The agent may have added her before, which invited her.
	_, err = s.CreateUser(t.Context(), directory.Call{Principal: agent}, members.NewUser{Name: "O", Email: "Owner@example.com", Role: "none"})
	if err != nil {
		t.Fatal(err)
	}
	in := onboarding.NewClaim{Claim: out.Claim, Name: "Olivia", Email: "OWNER@example.com"}
	_, err = s.ClaimOrg(t.Context(), directory.Call{}, in)
	wantCode(t, err, directory.Conflict)
	owner, err := s.Authenticate(t.Context(), d.PersonalToken, "")
	if err != nil {
		t.Fatal(err)
	}
	claimed, err := s.ClaimOrg(t.Context(), directory.Call{Principal: owner}, onboarding.NewClaim{Claim: out.Claim})
	if err != nil {
		t.Fatal(err)
	}
	if claimed.PersonalToken != "" {
		t.Error("an account that has a token got another one")
	}
	here, err := s.Authenticate(t.Context(), d.PersonalToken, out.Org.ID)
	if err != nil || here.Role != "owner" {
		t.Errorf("in the claimed organization: %+v, %v", here, err)
	}
}

// Claiming without a token makes nobody's account the claimant's, even if the
// organization has verified the domain of its address, which lets accounts join at once.
func TestClaimInAVerifiedDomain(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := must(w.ProvisionOrg(t.Context(), directory.Call{RemoteAddr: "192.0.2.1"}, "Theirs"))(t)
	w.VerifiesDomain(out.Org.ID, "example.com")
	in := onboarding.NewClaim{Claim: out.Claim, Name: "Stranger", Email: w.Owner.Email}
	w.Refused("for a person with an account", directory.Conflict, "email", func() error {
		return second(w.ClaimOrg(t.Context(), directory.Call{}, in))
	})
	in.Email = "newcomer@example.com"
	if got := must(w.ClaimOrg(t.Context(), directory.Call{}, in))(t); got.PersonalToken == "" || got.Owner.Invited {
		t.Errorf("a newcomer claimed %+v", got)
	}
}

// A provision that can't be dropped holds up no other.
func TestProvisionsAreDroppedEachByItself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	var all []directory.OrgID
	for _, name := range []string{"Aaa", "Bbb", "Zzz"} {
		all = append(all, must(w.ProvisionOrg(t.Context(), directory.Call{RemoteAddr: name}, name))(t).Org.ID)
	}
	w.Pass(onboarding.ProvisionLifetime + time.Second)
	writes := 0
	cut := onboarding.New(directory.NewService(cutOff{w.DB, func() bool { writes++; return writes == 2 }}, dbtest.Keys(), w.Clock), onboarding.Options{})
	err := cut.DropProvisions(t.Context())
	if !errors.Is(err, errCut) || !strings.Contains(err.Error(), string(all[1])) {
		t.Errorf("the second could not be dropped: %v", err)
	}
	for i, id := range all {
		err := w.DB.Read(t.Context(), func(tx directory.Tx) error { return second(tx.Org(id)) })
		if gone := directory.CodeOf(err) == directory.NotFound; gone != (i != 1) {
			t.Errorf("%s: %v", id, err)
		}
	}
	w.Wants("again", "", w.DropProvisions(t.Context()))
	w.Wants("the second", directory.NotFound, w.DB.Read(t.Context(), func(tx directory.Tx) error { return second(tx.Org(all[1])) }))
}

// An address gets three a day; claimed ones count, yesterday's don't.
func TestProvisionLimit(t *testing.T) {
	t.Parallel()
	s := newProvisioning(t)
	for range onboarding.MaxProvisions {
		s.provision(t, "127.0.0.1")
	}
	_, err := s.ProvisionOrg(t.Context(), directory.Call{RemoteAddr: "127.0.0.1"}, "")
	wantCode(t, err, directory.RateLimited)
	s.provision(t, "127.0.0.2")
	s.pass(onboarding.ProvisionLifetime)
	s.provision(t, "127.0.0.1")
}

// The agent's user goes with the claim: its account is no owner to leave behind.
func TestAgentCannotClaimItsOrganization(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	out := must(w.ProvisionOrg(t.Context(), directory.Call{RemoteAddr: "192.0.2.1"}, "Acme"))(t)
	agent := must(w.CreatePersonalTokenFor(t.Context(), "agent@"+string(out.Org.ID)+".invalid", credentials.NewPersonalToken{Name: "x"}))(t)
	w.Refused("the agent", directory.Forbidden, "", func() error {
		return second(w.ClaimOrg(t.Context(), w.As(agent.Secret, ""), onboarding.NewClaim{Claim: out.Claim}))
	})
}

// A session of one organization's issuer reaches no other organization by a claim.
func TestIssuersSessionCannotClaim(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	i := w.Issuer(nil)
	session := must(w.SignInBy(i, directorytest.Person("sub", "olivia@example.com")))(t)
	out := must(w.ProvisionOrg(t.Context(), directory.Call{RemoteAddr: "192.0.2.1"}, "Acme"))(t)
	w.Refused("a session of an issuer", directory.Forbidden, "", func() error {
		return second(w.ClaimOrg(t.Context(), w.InSession(session.Secret, ""), onboarding.NewClaim{Claim: out.Claim}))
	})
}
