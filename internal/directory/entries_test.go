package directory_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/webhooks"
)

// Each change is in the log of the organization it is about: who, what, before,
// after, when and from where.
func TestEveryChangeIsInTheLog(t *testing.T) {
	t.Parallel()
	forEachOperation(t, func(t *testing.T, s *scene, op operation) {
		call := op.call(s)
		last := s.LastEntry()
		answer, err := op.do(s, call)
		s.Wants(op.name, "", err)
		var about []directory.Entry
		for _, e := range s.Since(last) {
			if e.TraceID == call.TraceID && e.Action == op.name {
				about = append(about, e)
			}
		}
		if len(about) == 0 {
			t.Fatalf("no entry; the log holds %v", s.Since(last))
		}
		e := about[0]
		p := call.Principal
		want := directory.Actor{Kind: directory.ActorAccount, TokenID: p.TokenID, AccountID: p.AccountID, UserID: p.UserID, Name: p.Name}
		if e.OrgID != p.OrgID { // the id they have elsewhere is not for this log
			want.UserID = e.Actor.UserID
			if want.UserID == p.UserID || (e.Target.Type == "user" && string(want.UserID) != e.Target.ID) {
				t.Errorf("acted as %s on %s", want.UserID, e.Target.ID)
			}
		}
		if e.Actor != want {
			t.Errorf("actor %+v, want %+v", e.Actor, want)
		}
		if e.RemoteAddr != call.RemoteAddr || e.UserAgent != call.UserAgent {
			t.Errorf("from %q with %q", e.RemoteAddr, e.UserAgent)
		}
		if now := s.Clock().UTC().Truncate(time.Microsecond); !e.At.Equal(now) {
			t.Errorf("at %s, want %s", e.At, now)
		}
		if e.Target.Type != op.target || e.Target.ID == "" || (e.Target.Name == "" && op.name != "erasePersonalData") {
			t.Errorf("target %+v, want a %s", e.Target, op.target)
		}
		if (e.Before != nil) != op.before || (e.After != nil) != op.after {
			t.Errorf("before %s, after %s", e.Before, e.After)
		}
		for _, state := range []json.RawMessage{e.Before, e.After} {
			// A regenerated token is another one than the one that was changed; a log
			// has no id of its own, and neither do settings.
			elsewhere := op.name == "regenerateAPIToken" || op.target == "auditLog" || op.target == "orgSettings"
			if state != nil && !strings.Contains(string(state), e.Target.ID) && !elsewhere {
				t.Errorf("%s is not about %s", state, e.Target.ID)
			}
		}
		if op.before && op.after && string(e.Before) == string(e.After) {
			t.Errorf("before and after are the same: %s", e.Before)
		}
		s.NoSecrets(secretOf(answer))
	})
}

func secretOf(answer any) string {
	switch v := answer.(type) {
	case credentials.IssuedAPIToken:
		return v.Secret
	case credentials.IssuedPersonalToken:
		return v.Secret
	case identity.IssuedSignInLink:
		return v.Secret
	case webhooks.IssuedWebhook:
		return v.Secret
	case applications.IssuedCredential:
		return v.Secret
	}
	return ""
}

// Changes by an API token are recorded under the token's name.
func TestAPITokensAsActors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.Token("users|create")
	last := w.LastEntry()
	must(w.CreateUser(t.Context(), w.As(token.Secret, ""), members.NewUser{Name: "X", Email: "x@example.com", Role: "user"}))(t)
	list := w.Since(last)
	want := directory.Actor{Kind: directory.ActorAPIToken, TokenID: token.ID, Name: "token"}
	if len(list) != 1 || list[0].Actor != want || list[0].OrgID != w.Org.ID {
		t.Errorf("the log holds %+v", list)
	}
}

// A change that reaches several users has an entry for each.
func TestEachUserTouchedHasAnEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.Role("Role")
	a, b, c := w.Join("A", role.ID), w.Join("B", role.ID), w.Join("C", "user")
	last := w.LastEntry()
	must(w.UpdateRole(t.Context(), w.ByOwner(), role.ID, roles.NewRole{Name: "Role", Description: "new", Members: userIDs(b.ID, c.ID)}))(t)
	got := make(map[string]string)
	for _, e := range w.Since(last) {
		var after struct{ Role directory.RoleRef }
		if err := json.Unmarshal(e.After, &after); err != nil {
			t.Fatal(err)
		}
		got[e.Target.ID] = string(after.Role.ID)
	}
	want := map[string]string{string(role.ID): "", string(a.ID): "none", string(c.ID): string(role.ID)}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("entries %v, want %v", got, want)
	}
}

// An account's own changes are in the log of each organization it acts in, and
// in no other.
func TestAccountChangesAreInAllItsOrganizations(t *testing.T) {
	t.Parallel()
	s := newScene(t)
	must(s.AcceptInvitation(t.Context(), s.By(s.rival), s.Org.ID))(t)
	third := s.Tenant("Third")
	must(s.CreateUser(t.Context(), s.By(third), members.NewUser{Name: "R", Email: s.rival.Email, Role: "user"}))(t)
	name := "Renamed"
	for what, change := range map[string]func(call directory.Call) error{
		"rename": func(call directory.Call) error {
			return second(s.UpdateSelf(t.Context(), call, members.SelfUpdate{Name: &name}))
		},
		"create token": func(call directory.Call) error {
			return second(s.CreatePersonalToken(t.Context(), call, credentials.NewPersonalToken{Name: "x"}))
		},
	} {
		last := s.LastEntry()
		s.Wants(what, "", change(s.As(s.rival.Secret, "")))
		orgs := make(map[directory.OrgID]int)
		for _, e := range s.Since(last) {
			orgs[e.OrgID]++
		}
		if len(orgs) != 2 || orgs[s.Org.ID] != 1 || orgs[s.rival.OrgID] != 1 {
			t.Errorf("%s: entries in %v", what, orgs)
		}
	}
}

// The log tells of both tokens of a regeneration, and of the tokens that lose
// their end by a claim.
func TestTokensInTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.Token("users|read")
	last := w.LastEntry()
	fresh := must(w.RegenerateAPIToken(t.Context(), w.ByOwner(), old.ID, credentials.Regeneration{ExistingExpiresAt: w.now().Add(time.Hour)}))(t)
	var told []string
	for _, e := range w.Since(last) {
		var was, is directory.APITokenRecord
		for state, v := range map[*directory.APITokenRecord][]byte{&was: e.Before, &is: e.After} {
			if v != nil {
				if err := json.Unmarshal(v, state); err != nil {
					t.Fatal(err)
				}
			}
		}
		told = append(told, fmt.Sprintf("%s %s %t %s", e.Action, e.Target.ID, e.Before == nil, is.ExpiresAt.Sub(w.now())))
		if e.Before != nil && !was.ExpiresAt.IsZero() {
			t.Errorf("%s had an end", e.Before)
		}
	}
	want := []string{"regenerateAPIToken " + string(old.ID) + " false 1h0m0s", "regenerateAPIToken " + string(fresh.ID) + " true "}
	if len(told) != 2 || told[0] != want[0] || !strings.HasPrefix(told[1], want[1]) {
		t.Errorf("the log tells %q, want %q", told, want)
	}

	out := must(w.ProvisionOrg(t.Context(), directory.Call{RemoteAddr: "192.0.2.1"}, "Agent's"))(t)
	agent := w.As(out.APIToken, "")
	// The agent invited who claims it, in other letters.
	must(w.CreateUser(t.Context(), agent, members.NewUser{Name: "O", Email: "OLIVIA@example.com", Role: "none"}))(t)
	w.Pass(time.Minute)
	claimed := must(w.ClaimOrg(t.Context(), directory.Call{Principal: w.ByOwner().Principal}, onboarding.NewClaim{Claim: out.Claim}))(t)
	w.Wants("the log", "", w.CheckLog(t.Context(), out.Org.ID))
	call := directory.Call{Principal: &directory.Principal{Kind: directory.APIToken, OrgID: out.Org.ID, Capabilities: authz.Everything()}}
	if u := must(w.GetUser(t.Context(), call, claimed.Owner.ID))(t); u != claimed.Owner {
		t.Errorf("the claimant is %+v, was told %+v", u, claimed.Owner)
	}
}
