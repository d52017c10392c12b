package freshness

import (
	"context"
	"slices"
	"sync"

	"github.com/rosterhq/roster/internal/directory"
)

// Await waits until decisions for a principal are made from states at least as new as
// these. A state that p's decisions are not made from is ignored, so that the log of a
// stranger shows nothing. p is nil if the request has no valid token.
//
// Errors: [directory.Unavailable] if that takes more than a second, and for a state that
// there is not, such as one that a restored backup does not have.
func (t *Tracker) Await(ctx context.Context, p *directory.Principal, ends []directory.LogEnd) error {
	ends = slices.DeleteFunc(ends, func(e directory.LogEnd) bool { return !decidesFrom(p, e.OrgID) || t.reached.has(e) })
	if len(ends) == 0 {
		return nil
	}
	last, err := t.logEnds(ctx, p, ends)
	if err != nil {
		return err
	}
	if err := t.catchUp(ctx); err != nil {
		return err
	}
	for i, e := range last {
		t.reached.set(e)
		// Nobody else finds out how long the log is.
		if p.Kind == directory.AppClient && e.Sequence < ends[i].Sequence {
			return errAhead
		}
	}
	return nil
}

var errAhead = directory.Errorf(directory.Unavailable, "Roster-Consistency names a state that this server does not have; try again, or ask without it")

// decidesFrom reports whether decisions for p are made from what a log has. Those for an
// application of the deployment are made from all.
func decidesFrom(p *directory.Principal, log directory.OrgID) bool {
	switch {
	case p == nil:
		return false
	case p.Kind == directory.AppClient && p.OrgID == "":
		return true
	case p.Kind == directory.AppClient:
		return log == p.OrgID
	default:
		return log == p.OrgID || log == directory.DeploymentLog
	}
}

// logEnds returns how the logs end in the database.
func (t *Tracker) logEnds(ctx context.Context, p *directory.Principal, ends []directory.LogEnd) (last []directory.LogEnd, err error) {
	ctx = directory.ForTenant(ctx, directory.Call{Principal: p}.Tenant(directory.Operation{}))
	err = t.store.Read(ctx, func(tx directory.Tx) error {
		last = last[:0]
		for _, e := range ends {
			n, _, err := tx.LastOrgEntry(e.OrgID)
			if err != nil {
				return err
			}
			last = append(last, directory.LogEnd{OrgID: e.OrgID, Sequence: n})
		}
		return nil
	})
	return last, err
}

// reached has the states that this process has certainly caught up with, of the logs that
// it was asked for.
type reached struct {
	mu sync.RWMutex
	of map[directory.OrgID]int64
}

// maxReached bounds the logs. If there are more, all are forgotten.
const maxReached = 10_000

func (r *reached) has(e directory.LogEnd) bool {
	r.mu.RLock()
	defer r.mu.RUnlock()
	n, ok := r.of[e.OrgID]
	return ok && n >= e.Sequence
}

func (r *reached) set(e directory.LogEnd) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.of == nil || len(r.of) >= maxReached {
		r.of = make(map[directory.OrgID]int64)
	}
	r.of[e.OrgID] = max(r.of[e.OrgID], e.Sequence)
}

// committed is called when the cache has dropped what the entries changed. An entry of
// this process may be reported before an earlier one of another, so that only the one
// after the last counts.
func (r *reached) committed(entries []directory.Entry) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.of) == 0 {
		return
	}
	for i := range entries {
		e := &entries[i]
		if n, ok := r.of[e.OrgID]; ok && e.Sequence == n+1 {
			r.of[e.OrgID] = e.Sequence
		}
	}
}
