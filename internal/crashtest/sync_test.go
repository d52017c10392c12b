package crashtest

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	orghistory "github.com/rosterhq/roster/internal/history"
	"github.com/rosterhq/roster/internal/scim/scimtest"
	"github.com/rosterhq/roster/internal/store"
)

// onEachEngine runs a test with a new deployment on SQLite and one on PostgreSQL.
func onEachEngine(t *testing.T, test func(*testing.T, deployment)) {
	t.Parallel()
	t.Run("sqlite", func(t *testing.T) { test(t, initialize(t)) })
	t.Run("postgres", func(t *testing.T) { test(t, deployment{url: dbtest.Postgres(t)}.initialize(t)) })
}

// syncSize is the size of a sync. ROSTER_TEST_SYNC has another number of users, such as
// 10000, of whom every 50 have a group.
func syncSize(users int) (int, int) {
	if n, err := strconv.Atoi(os.Getenv("ROSTER_TEST_SYNC")); err == nil {
		users = n
	}
	return users, max(2, users/50)
}

// provider is an identity provider of the deployment.
func (d deployment) provider(s *server, users, groups int) *scimtest.Provider {
	return &scimtest.Provider{
		URL: s.URL, Token: d.APIToken, Users: users, Groups: groups,
		Client: &http.Client{Transport: &http.Transport{}}, // connections of its own
	}
}

// state reads what the server has of the directory.
func state(t *testing.T, p *scimtest.Provider) scimtest.State {
	t.Helper()
	s, err := p.State(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if len(s.Users) != p.Users+1 || len(s.Groups) != p.Groups { // and the owner
		t.Fatalf("%d users and %d groups are there, want %d and %d", len(s.Users), len(s.Groups), p.Users+1, p.Groups)
	}
	return s
}

// written is what a sync that changes something would change: the newest entry of the log,
// and the time of the directory's last change.
func (d deployment) written(t *testing.T, s *server) (all [2]json.RawMessage) {
	t.Helper()
	for i, path := range []string{"/v2/audit?limit=1&order=desc", "/v2/scim"} {
		must(t, s.URL, http.StatusOK, ask{method: "GET", path: path, token: d.APIToken}, &all[i])
	}
	return all
}

func TestSecondSyncWritesNothing(t *testing.T) {
	onEachEngine(t, func(t *testing.T, d deployment) {
		users, groups := syncSize(300)
		s := d.serve(t, "--rate-limit", "0")
		p := d.provider(s, users, groups)
		begun := time.Now()
		if err := p.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("first sync of %d users and %d groups: %d requests in %v", users, groups, p.Requests, time.Since(begun).Round(time.Millisecond))
		first, before := state(t, p), d.written(t, s)
		requests := p.Requests
		begun = time.Now()
		if err := p.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		t.Logf("second sync: %d requests in %v", p.Requests-requests, time.Since(begun).Round(time.Millisecond))
		if diff := cmp.Diff(first, state(t, p)); diff != "" {
			t.Errorf("the second sync changes something: %s", diff)
		}
		if diff := cmp.Diff(before, d.written(t, s)); diff != "" {
			t.Errorf("the second sync writes something: %s", diff)
		}
		s.kill()
		used := s.cmd.ProcessState
		t.Logf("both syncs took %v of the server's processor time", (used.UserTime() + used.SystemTime()).Round(time.Millisecond))
		d.checkHistory(t)
	})
}

// TestSyncAfterKills kills the server again and again in the middle of a sync. The sync
// that is done at the end leads to the same as one that nothing interrupted.
func TestSyncAfterKills(t *testing.T) {
	onEachEngine(t, func(t *testing.T, d deployment) {
		seed := uint64(time.Now().UnixNano())
		t.Logf("seed %d", seed)
		rng := rand.New(rand.NewPCG(seed, 0))
		const users, groups = 60, 3
		undisturbed := initialize(t)
		p := undisturbed.provider(undisturbed.serve(t), users, groups)
		if err := p.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		want, requests := state(t, p), p.Requests
		for i := range 6 { // the kills come later and later in the sync
			d.killDuring(t, rng, users, groups, 1+requests*i/6+rng.IntN(requests/6))
			d.checkHistory(t)
		}
		s := d.serve(t)
		p = d.provider(s, users, groups)
		if err := p.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := state(t, p)
		want.Versions, got.Versions = nil, nil // of other ids
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("after kills, the sync leads to something else: %s", diff)
		}
		verifyLog(t, s.URL, d.APIToken)
		s.kill()
		d.checkHistory(t)
	})
}

// killDuring syncs until the server is killed: shortly after a request was sent, or at the
// end if the sync has fewer requests, since those before it have done a part of the work.
func (d deployment) killDuring(t *testing.T, rng *rand.Rand, users, groups, request int) {
	t.Helper()
	s := d.serve(t)
	p := d.provider(s, users, groups)
	pause := time.Duration(rng.IntN(3000)) * time.Microsecond
	p.Before = func(n int) {
		if n == request {
			time.AfterFunc(pause, s.kill)
		}
	}
	if err := p.Sync(t.Context()); err == nil {
		t.Logf("the sync ended with request %d, before the server was killed during request %d", p.Requests, request)
	}
	s.kill()
}

// checkHistory compares what is stored with what the log leads to, after the server has
// ended.
func (d deployment) checkHistory(t *testing.T) {
	t.Helper()
	if d.url == "" {
		checkLog(t, copyDatabase(t, d.path), d.OrgID)
		return
	}
	db, err := store.Open(t.Context(), d.url, store.Options{MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := orghistory.Check(context.WithoutCancel(t.Context()), db, directory.OrgID(d.OrgID)); err != nil {
		t.Errorf("the log is not what is stored: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}
