package directory_test

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/webhooks"
)

// Each change is in the log of the organization it is about: who, what, before,
// after, when and from where.
func TestEveryChangeIsInTheLog(t *testing.T) {
	t.Parallel()
	forEachOperation(t, func(t *testing.T, s *scene, op operation) {
		call := op.call(s)
		last := s.lastEntry()
		answer, err := op.do(s, call)
		s.wants(op.name, "", err)
		var about []directory.Entry
		for _, e := range s.since(last) {
			if e.TraceID == call.TraceID && e.Action == op.name {
				about = append(about, e)
			}
		}
		if len(about) == 0 {
			t.Fatalf("no entry; the log holds %v", s.since(last))
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
		if now := s.clock.Now().UTC().Truncate(time.Microsecond); !e.At.Equal(now) {
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
		noSecrets(t, s.world, answer)
	})
}

// noSecrets looks for token values and their hashes in the whole log, and for
// values in the whole database.
func noSecrets(t *testing.T, w *world, answer any) {
	t.Helper()
	secrets := []string{"xaat-", "xapt-", "xclm-", "xsess-", "xlnk-", "whsec_"}
	for _, value := range []string{w.apiToken, w.owner.secret, secretOf(answer)} {
		if value == "" {
			continue
		}
		h := directory.HashSecret(value)
		secrets = append(secrets, hex.EncodeToString(h[:]), base64.StdEncoding.EncodeToString(h[:]), base64.RawURLEncoding.EncodeToString(h[:]),
			strings.Trim(fmt.Sprint(h), "[]"), strings.ReplaceAll(strings.Trim(fmt.Sprint(h), "[]"), " ", ","), value[5:])
	}
	for _, e := range w.since(0) {
		line := string(must(json.Marshal(e))(t))
		for _, secret := range secrets {
			if strings.Contains(line, secret) {
				t.Errorf("the log holds %q: %s", secret, line)
			}
		}
	}
	for table, rows := range w.tables() {
		for _, row := range rows {
			for _, secret := range secrets[:6] {
				if strings.Contains(row, secret) {
					t.Errorf("table %s holds %q: %s", table, secret, row)
				}
			}
		}
	}
}

func secretOf(answer any) string {
	switch v := answer.(type) {
	case directory.IssuedAPIToken:
		return v.Secret
	case directory.IssuedPersonalToken:
		return v.Secret
	case directory.IssuedSignInLink:
		return v.Secret
	case webhooks.IssuedWebhook:
		return v.Secret
	}
	return ""
}

// Changes by an API token are recorded under the token's name.
func TestAPITokensAsActors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.token("users|create")
	last := w.lastEntry()
	must(w.CreateUser(t.Context(), w.as(token.Secret, ""), directory.NewUser{Name: "X", Email: "x@example.com", Role: "user"}))(t)
	list := w.since(last)
	want := directory.Actor{Kind: directory.ActorAPIToken, TokenID: token.ID, Name: "token"}
	if len(list) != 1 || list[0].Actor != want || list[0].OrgID != w.org.ID {
		t.Errorf("the log holds %+v", list)
	}
}

// A change that reaches several users has an entry for each.
func TestEachUserTouchedHasAnEntry(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	role := w.role("Role")
	a, b, c := w.join("A", role.ID), w.join("B", role.ID), w.join("C", "user")
	last := w.lastEntry()
	must(w.UpdateRole(t.Context(), w.byOwner(), role.ID, directory.NewRole{Name: "Role", Description: "new", Members: members(b.ID, c.ID)}))(t)
	got := make(map[string]string)
	for _, e := range w.since(last) {
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
	must(s.AcceptInvitation(t.Context(), s.by(s.rival), s.org.ID))(t)
	third := s.tenant("Third")
	must(s.CreateUser(t.Context(), s.by(third), directory.NewUser{Name: "R", Email: s.rival.Email, Role: "user"}))(t)
	name := "Renamed"
	for what, change := range map[string]func(call directory.Call) error{
		"rename": func(call directory.Call) error {
			return second(s.UpdateSelf(t.Context(), call, directory.SelfUpdate{Name: &name}))
		},
		"create token": func(call directory.Call) error {
			return second(s.CreatePersonalToken(t.Context(), call, directory.NewPersonalToken{Name: "x"}))
		},
	} {
		last := s.lastEntry()
		s.wants(what, "", change(s.as(s.rival.secret, "")))
		orgs := make(map[directory.OrgID]int)
		for _, e := range s.since(last) {
			orgs[e.OrgID]++
		}
		if len(orgs) != 2 || orgs[s.org.ID] != 1 || orgs[s.rival.OrgID] != 1 {
			t.Errorf("%s: entries in %v", what, orgs)
		}
	}
}
