package provisioning

import (
	"context"
	"encoding/json"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// The breaker stops a directory that takes away too much, as a misconfigured one does: it
// suspends or removes users, or takes them out of groups that it manages.
const (
	// DefaultPercent is the share of users who may lose something within a [Window].
	DefaultPercent = 20
	// FreeLosses is how many users may lose something however few there are.
	FreeLosses = 5
	// Window is how long losses count together, and how long an approval holds.
	Window = time.Hour
)

// Breaker is what the breaker has counted. Users count once, whatever they lose.
type Breaker struct {
	Since         time.Time `json:"since,omitzero"` // when the window began
	Present       int       `json:"present"`        // users who were not suspended then
	ApprovedUntil time.Time `json:"approvedUntil,omitzero"`
	Hold          *Hold     `json:"hold,omitempty"` // nil: the directory is not held
	Lost          int       `json:"-"`              // users who have lost something in the window
}

// Hold says why a directory is held.
type Hold struct {
	At       time.Time        `json:"at"`
	Actor    directory.Actor  `json:"actor"`
	Target   directory.Target `json:"target"`
	WouldBe  int              `json:"wouldLose"` // users who would have lost something
	Present  int              `json:"present"`
	Percent  int              `json:"percent"`
	Sequence int64            `json:"-"`
}

// Target is the target of entries about an organization's provisioning.
func Target(org directory.OrgID) directory.Target {
	return directory.Target{Type: "provisioning", ID: string(org), Name: "provisioning"}
}

// errHeld answers what a directory would take away while it is held.
var errHeld = directory.Errorf(directory.Conflict, "the directory is held: it was about to suspend, remove or take out of groups "+
	"more users than the organization allows within an hour; an owner has to approve the changes or end the hold (roster scim approve, roster scim end-hold)")

// heldNow is the error of the change that makes the breaker hold the directory.
type heldNow struct {
	breaker Breaker
	err     *directory.Error
}

func (e *heldNow) Error() string { return e.err.Error() }

// open reads the breaker, and begins a new window if the last one has ended.
func (c change) open() (b Breaker, begun bool, err error) {
	state, err := c.ProvisioningState(c.Actor().OrgID)
	if err != nil {
		return b, false, err
	}
	if state.Breaker != nil {
		if err := json.Unmarshal(state.Breaker, &b); err != nil {
			return b, false, err
		}
	}
	if b.Hold != nil || c.Now().Sub(b.Since) < Window {
		return b, false, nil
	}
	b, err = c.begin(b)
	return b, true, err
}

// begin starts a window.
func (c change) begin(b Breaker) (Breaker, error) {
	var err error
	if b.Present, err = c.CountPresent(c.Actor().OrgID); err != nil {
		return b, err
	}
	b.Since = c.Now()
	return b, c.DropLosses(c.Actor().OrgID)
}

// lose counts users who are about to lose something, before anything is written. Errors:
// [directory.Conflict] while the directory is held, and if these are too many.
func (c change) lose(target directory.Target, ids []directory.UserID) error {
	b, begun, err := c.open()
	if err != nil {
		return err
	}
	if b.Hold != nil {
		return errHeld
	}
	if c.Now().Before(b.ApprovedUntil) || len(ids) == 0 {
		return nil
	}
	org := c.Actor().OrgID
	settings, err := c.ProvisioningSettings(org)
	if err != nil {
		return err
	}
	percent := settings.BreakerPercent
	if percent == 0 {
		percent = DefaultPercent
	}
	lost := len(ids)
	if !tooMany(lost, b.Present, percent) { // otherwise there is no need to count
		if err := c.AddLosses(org, ids); err != nil {
			return err
		}
		if lost, err = c.CountLosses(org); err != nil {
			return err
		}
	}
	if tooMany(lost, b.Present, percent) {
		target.Name = "" // it may be a person's, whose entries can be erased
		b.Hold = &Hold{At: c.Now(), Actor: c.Actor().Actor(), Target: target, WouldBe: lost, Present: b.Present, Percent: percent}
		return &heldNow{b, errHeld}
	}
	if !begun {
		return nil
	}
	return c.saveBreaker(b)
}

// Allowed is how many of the users who were present when a window began may lose something
// in it. limited is false if any number may: a share of everybody holds nothing, also if
// users were added since the window began.
func Allowed(present, percent int) (most int, limited bool) {
	return max(FreeLosses, percent*present/100), percent < 100
}

// tooMany reports whether a directory takes away too much.
func tooMany(lost, present, percent int) bool {
	most, limited := Allowed(present, percent)
	return limited && lost > most
}

// hold stores a hold. Audit entry holdProvisioning, by whoever asked for the change.
func (c change) hold(held *heldNow) error {
	if err := c.saveBreaker(held.breaker); err != nil {
		return err
	}
	return c.As(directory.OpHoldProvisioning).Record(Target(c.Actor().OrgID), nil, held.breaker.Hold.recorded())
}

// recorded is a hold in entries, which name the actor themselves.
func (h Hold) recorded() Hold {
	h.Actor.Name = ""
	return h
}

func (c change) saveBreaker(b Breaker) error {
	org := c.Actor().OrgID
	state, err := c.ProvisioningState(org)
	if err != nil {
		return err
	}
	if state.Breaker, err = json.Marshal(b); err != nil {
		return err
	}
	return c.SetProvisioningState(org, state)
}

// ApproveHold ends a hold and lets the directory take away whatever it likes for a
// [Window]. Needs a personal token, or a session with a fresh sign-in, of an owner. Audit
// entry approveProvisioning. Errors: [directory.Conflict] if the directory is not held.
func (p *Provisioner) ApproveHold(ctx context.Context, call directory.Call) (Status, error) {
	return p.endHold(ctx, call, directory.OpApproveProvisioning, func(c change, b Breaker) (Breaker, error) {
		b.ApprovedUntil = c.Now().Add(Window)
		return b, nil
	})
}

// EndHold ends a hold. The directory is held again if it takes away too much from now on.
// Needs what [Provisioner.ApproveHold] needs. Audit entry endProvisioningHold.
func (p *Provisioner) EndHold(ctx context.Context, call directory.Call) (Status, error) {
	return p.endHold(ctx, call, directory.OpEndProvisioningHold, change.begin)
}

func (p *Provisioner) endHold(ctx context.Context, call directory.Call, op directory.Operation, after func(change, Breaker) (Breaker, error)) (Status, error) {
	return directory.Write(ctx, p.directory, call, op, func(tx *directory.Change) (Status, error) {
		c := change{Change: tx, provisioner: p, run: new(Run)}
		if !c.Actor().IsOwner() {
			return Status{}, directory.Errorf(directory.Forbidden, "only an owner, with a personal token, can approve or end the hold of the directory")
		}
		b, _, err := c.open()
		if err != nil {
			return Status{}, err
		}
		if b.Hold == nil {
			return Status{}, directory.Errorf(directory.Conflict, "the directory is not held")
		}
		before := b.Hold
		b.Hold = nil
		if b, err = after(c, b); err != nil {
			return Status{}, err
		}
		if err := c.saveBreaker(b); err != nil {
			return Status{}, err
		}
		if err := c.Record(Target(c.Actor().OrgID), before.recorded(), nil); err != nil {
			return Status{}, err
		}
		return status(c, c.Actor().OrgID)
	})
}
