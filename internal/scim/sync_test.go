package scim_test

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/scim/scimtest"
)

// A sync that reaches the rate limit waits as long as each 429 asks for, is never refused
// twice for the same request, and leads to the same state.
func TestSyncRecoversFromTheRateLimit(t *testing.T) {
	t.Parallel()
	var passed atomic.Int64
	begun := time.Now()
	clock := func() time.Time { return begun.Add(time.Duration(passed.Load())) }
	limited, free := apptest.StartWith(t, apptest.Options{RateLimit: 60, Clock: clock}), apptest.Start(t)
	var states [2]scimtest.State
	for i, s := range []*apptest.Server{limited, free} {
		p := &scimtest.Provider{URL: s.URL, Token: s.APIToken, Users: 60, Groups: 4}
		p.Wait = func(d time.Duration) { passed.Add(int64(d)) }
		if err := p.Sync(t.Context()); err != nil {
			t.Fatal(err)
		}
		if most := 1 - i; p.MostLimited != most {
			t.Errorf("%d requests, %d of them refused, and %d in a row; want %d", p.Requests, p.Limited, p.MostLimited, most)
		}
		state, err := p.State(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		state.Versions = nil // of other ids
		states[i] = state
	}
	if diff := cmp.Diff(states[1], states[0]); diff != "" {
		t.Errorf("a sync at a rate limit differs from one without: %s", diff)
	}
}
