package provisioning

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

const (
	// runPause is the pause after which a directory's requests count as another run.
	runPause = 10 * time.Minute
	// maxRefusals is how many refusals of a run are kept and counted, so that a directory
	// can't write without end.
	maxRefusals = 20
)

// Run is what a directory has done in its last run: its changes that are less than ten
// minutes apart. Requests that change nothing don't count.
type Run struct {
	StartedAt     time.Time       `json:"startedAt,omitzero"`
	LastAt        time.Time       `json:"lastAt,omitzero"`
	Actor         directory.Actor `json:"actor,omitzero"`
	Created       int             `json:"created"`
	Updated       int             `json:"updated"`
	Suspended     int             `json:"suspended"`
	Reactivated   int             `json:"reactivated"`
	Removed       int             `json:"removed"`
	GroupsCreated int             `json:"groupsCreated"`
	GroupsUpdated int             `json:"groupsUpdated"`
	GroupsRemoved int             `json:"groupsRemoved"`
	Refusals      []Refusal       `json:"refusals,omitempty"` // the first ones
}

// Refusal is a request that was refused.
type Refusal struct {
	At        time.Time      `json:"at"`
	Operation string         `json:"operation"`
	Code      directory.Code `json:"code"`
	Detail    string         `json:"detail"`
}

// changed reports whether a change has been counted.
func (r *Run) changed() bool {
	return r.Created+r.Updated+r.Suspended+r.Reactivated+r.Removed+r.GroupsCreated+r.GroupsUpdated+r.GroupsRemoved > 0
}

func (r *Run) add(o *Run) {
	r.Created += o.Created
	r.Updated += o.Updated
	r.Suspended += o.Suspended
	r.Reactivated += o.Reactivated
	r.Removed += o.Removed
	r.GroupsCreated += o.GroupsCreated
	r.GroupsUpdated += o.GroupsUpdated
	r.GroupsRemoved += o.GroupsRemoved
	r.Refusals = append(r.Refusals, o.Refusals...)
}

// saveRun adds what has changed to the last run.
func (c change) saveRun() error {
	if !c.run.changed() && len(c.run.Refusals) == 0 {
		return nil
	}
	org := c.Actor().OrgID
	state, err := c.ProvisioningState(org)
	if err != nil {
		return err
	}
	last, err := lastRun(state)
	if err != nil {
		return err
	}
	if c.Now().Sub(last.LastAt) > runPause {
		last = Run{StartedAt: c.Now()}
	}
	if len(last.Refusals) >= maxRefusals {
		c.run.Refusals = nil
	}
	last.add(c.run)
	last.LastAt, last.Actor = c.Now(), c.Actor().Actor()
	if state.Run, err = json.Marshal(last); err != nil {
		return err
	}
	return c.SetProvisioningState(org, state)
}

func lastRun(state directory.ProvisioningState) (r Run, err error) {
	if state.Run != nil {
		err = json.Unmarshal(state.Run, &r)
	}
	return r, err
}

// refused are the codes of refusals that a run shows.
var refused = []directory.Code{directory.Invalid, directory.Conflict, directory.Forbidden, directory.LimitExceeded}

// noteRefusal adds a refusal to the last run, which then shows it. It is no change of the
// organization and has no entry. If it can't be written, the run lacks it.
func (p *Provisioner) noteRefusal(ctx context.Context, call directory.Call, op directory.Operation, refusal error) {
	e, ok := errors.AsType[*directory.Error](refusal)
	if !ok || !slices.Contains(refused, e.Code) || op.Authorize(call.Principal) != nil {
		return
	}
	full, err := directory.Read(ctx, p.directory, call, op, func(tx directory.Tx) (bool, error) {
		state, err := tx.ProvisioningState(call.Principal.OrgID)
		if err != nil {
			return false, err
		}
		r, err := lastRun(state)
		return len(r.Refusals) >= maxRefusals && p.directory.Now().Sub(r.LastAt) <= runPause, err
	})
	if err != nil || full {
		return
	}
	call.IdempotencyKey, call.Precondition, call.DryRun = "", nil, nil
	_, _ = directory.Write(ctx, p.directory, call, op, func(tx *directory.Change) (struct{}, error) {
		c := change{Change: tx, provisioner: p, run: &Run{Refusals: []Refusal{{At: tx.Now(), Operation: op.Name, Code: e.Code, Detail: e.Error()}}}}
		return struct{}{}, c.saveRun()
	})
}

// Status is how provisioning stands: the breaker, and the last run.
type Status struct {
	Breaker Breaker
	Run     Run
}

// GetStatus gives the breaker and the last run. Permission users|read.
func (p *Provisioner) GetStatus(ctx context.Context, call directory.Call) (Status, error) {
	return directory.Read(ctx, p.directory, call, directory.OpGetProvisioning, func(tx directory.Tx) (Status, error) {
		return status(tx, call.Principal.OrgID)
	})
}

func status(tx directory.Tx, org directory.OrgID) (s Status, err error) {
	state, err := tx.ProvisioningState(org)
	if err != nil {
		return s, err
	}
	if state.Breaker != nil {
		if err := json.Unmarshal(state.Breaker, &s.Breaker); err != nil {
			return s, err
		}
	}
	if s.Run, err = lastRun(state); err != nil {
		return s, err
	}
	s.Breaker.Lost, err = tx.CountLosses(org)
	return s, err
}
