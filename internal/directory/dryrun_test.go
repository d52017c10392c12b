package directory_test

import (
	"context"
	"encoding/json"
	"regexp"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
)

var drawn = regexp.MustCompile(`(usr|acc|role|grp|tok|pat|whk|lnk|cred)_[0-9a-z]{26}|new-[0-9a-z]{4}`)

// A dry run answers what the real run answers, but for what is drawn at random,
// and writes nothing at all.
func TestDryRunWritesNothing(t *testing.T) {
	t.Parallel()
	forEachOperation(t, func(t *testing.T, s *scene, op operation) {
		if op.what == "of an account there is" {
			t.Skip("it makes the account on the way")
		}
		call := op.call(s)
		before := s.Tables()
		dry := call
		dry.DryRun = new(access.Diff)
		dry.IdempotencyKey, dry.Fingerprint = "k", []byte("f")
		tried, err := op.do(s, dry)
		s.Wants("dry", "", err)
		s.Unchanged("dry", before)
		if secret := secretOf(tried); secret != "" {
			t.Errorf("the value of a token that does not exist: %q", secret)
		}
		wet := call
		wet.IdempotencyKey, wet.Fingerprint = "k", []byte("f") // the dry run has not used it up
		done, err := op.do(s, wet)
		s.Wants("real", "", err)
		shape := func(v any) string {
			return drawn.ReplaceAllString(string(must(json.Marshal(v))(t)), "$1")
		}
		if shape(tried) != shape(done) {
			t.Errorf("dry  %s\nreal %s", shape(tried), shape(done))
		}
	})
}

// The change then does exactly what the diff says.
func TestDryRunDiffIsTrue(t *testing.T) {
	t.Parallel()
	forEachOperation(t, func(t *testing.T, s *scene, op operation) {
		if op.what == "of an account there is" || op.name == "createOrg" || op.name == "acceptInvitation" {
			t.Skip("it is about users who are drawn anew, or of another organization")
		}
		have := func() map[string][]string {
			all := make(map[string][]string)
			var users listed
			must(s.ListUsers(t.Context(), s.ByOwner(), members.UserFilter{}, &users))(t)
			for _, u := range users.Users {
				var names []string
				for _, c := range must(s.GetUserAccess(t.Context(), s.ByOwner(), u.ID, time.Time{}, authz.Query{}))(t).Capabilities {
					if c.Scope != authz.ScopeApp || u.Role.ID != authz.RoleOwner { // owners hold whatever applications define
						names = append(names, c.Key.String())
					}
				}
				all[string(u.ID)] = names
			}
			return all
		}
		call := op.call(s)
		before := have()
		dry := call
		diff := new(access.Diff)
		dry.DryRun = diff
		s.Wants("dry", "", second(op.do(s, dry)))
		s.Wants("real", "", second(op.do(s, call)))
		after := have()
		told := make(map[string]bool)
		for _, c := range diff.Changes {
			told[c.Target.ID] = true
		}
		for id := range before {
			if changed := !cmp.Equal(before[id], after[id]); changed != told[id] {
				t.Errorf("%s: access changed: %t, told so: %t", id, changed, told[id])
			}
		}
	})
}

// trialStore records which writes are marked as trials.
type trialStore struct {
	directory.Store
	trials []bool
}

func (s *trialStore) Write(ctx context.Context, fn func(directory.Tx) error) error {
	s.trials = append(s.trials, directory.IsTrial(ctx))
	return s.Store.Write(ctx, fn)
}

func TestDryRunsAreMarkedAsTrials(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	db := &trialStore{Store: w.DB}
	catalog := roles.NewCatalog(directory.NewService(db, dbtest.Keys(), w.Clock))
	dry := w.ByOwner()
	dry.DryRun = new(access.Diff)
	for _, call := range []directory.Call{dry, w.ByOwner()} {
		must(catalog.CreateGroup(t.Context(), call, roles.NewGroup{Name: "Readers"}))(t)
	}
	if want := []bool{true, false}; !slices.Equal(db.trials, want) {
		t.Errorf("the dry and the real write are marked %v, want %v", db.trials, want)
	}
}
