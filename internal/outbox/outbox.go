// Package outbox tells people outside what happened inside. It follows the audit
// log, so that a crash loses nothing and a slow receiver slows no request.
package outbox

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/follow"
)

// follower is the name under which the log remembers how far mail has come.
const follower = "mail"

// giveUp is how long after an invitation it is still worth delivering.
const giveUp = 24 * time.Hour

// retryAfter is the pause after which is tried again what nothing can be delivered without.
const retryAfter = 30 * time.Second

// Invitation is the news that somebody was added to an organisation.
type Invitation struct {
	Email   string
	Name    string
	Role    string
	Inviter string // name of who added them
	OrgID   directory.OrgID
	Pending bool // an existing account, which has to accept
}

// Sender delivers an invitation. An error that wraps [ErrRejected] will not get
// better by trying again, one that wraps [ErrNotYet] is about this invitation, any
// other about all.
type Sender interface {
	Send(ctx context.Context, inv Invitation) error
}

var (
	// ErrRejected is a delivery that was refused for good.
	ErrRejected = errors.New("rejected")
	// ErrNotYet is a delivery that may work later, while others may work now.
	ErrNotYet = errors.New("not taken yet")
)

// Outbox delivers invitations for the users that are created.
type Outbox struct {
	feed   follow.Feed
	sender Sender // nil: nothing is sent
	log    *slog.Logger
	clock  func() time.Time
	pause  time.Duration
}

// New makes an outbox; a nil sender is for a server without mail: who was added
// while there was none is not told later.
func New(store directory.Store, sender Sender, log *slog.Logger, clock func() time.Time) *Outbox {
	return &Outbox{feed: follow.Feed{Store: store, Clock: clock, Follower: follower}, sender: sender, log: log, clock: clock, pause: retryAfter}
}

// Run delivers until ctx ends. Errors of the store are logged and tried again.
func (o *Outbox) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := o.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !errors.Is(err, errLater) {
			o.log.Error("the outbox could not go on; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(o.pause):
		}
	}
}

func (o *Outbox) follow(ctx context.Context) error {
	if o.sender == nil {
		return o.feed.Skip(ctx)
	}
	return o.feed.Run(ctx, o.deliver)
}

var errLater = errors.New("delivery is to be tried later")

// deliver reports whether an entry is done with: it asks for no invitation, or for
// one that was delivered or is given up. A mail server that takes nothing at all is
// an error, so that all that waits for it goes out in order when it is back.
func (o *Outbox) deliver(ctx context.Context, e directory.Entry) (done bool, err error) {
	log := o.log.With("user", e.Target.ID, "organization", string(e.OrgID))
	inv, ok, err := invitationOf(e)
	if err != nil { // it reads no better the next time
		log.Error("invitation given up", "error", err)
	}
	if !ok {
		return true, nil
	}
	err = o.sender.Send(ctx, inv)
	switch {
	case err == nil:
		log.Info("invitation mailed")
		return true, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.Is(err, ErrRejected), o.clock().Sub(e.At) > giveUp:
		log.Error("invitation given up", "error", err)
		return true, nil
	case errors.Is(err, ErrNotYet):
		log.Warn("invitation could not be mailed yet", "error", err)
		return false, nil
	default:
		log.Warn("no invitation can be mailed now", "error", err)
		return false, errLater
	}
}

// invitationOf reads the invitation that an entry asks for, if it does. What the
// operator sets up, and organisations' first owners, need none; who was refused to
// add somebody has added nobody.
func invitationOf(e directory.Entry) (inv Invitation, ok bool, err error) {
	if e.Action != directory.OpCreateUser.Name || e.Outcome != directory.Done || e.Actor.Kind == directory.ActorOperator {
		return inv, false, nil
	}
	var u directory.User
	if err := json.Unmarshal(e.After, &u); err != nil {
		return inv, false, fmt.Errorf("read entry %d: %w", e.Position, err)
	}
	if u.AccountID == e.Actor.AccountID {
		return inv, false, nil
	}
	return Invitation{
		Email: u.Email, Name: u.Name, Role: u.Role.Name, Inviter: e.Actor.Name, OrgID: e.OrgID, Pending: u.Invited,
	}, true, nil
}
