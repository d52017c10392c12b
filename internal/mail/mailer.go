// Package mail sends Roster's mail, such as invitations of new users. It follows the audit
// log, so that a crash loses no mail and a slow mail server delays no request.
package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/follow"
	"github.com/rosterhq/roster/internal/limits"
)

// follower is the name of the mailer's cursor.
const follower = "mail"

// giveUp is how long delivery of an invitation is retried.
const giveUp = 24 * time.Hour

// retryAfter is the pause after a failure that holds up all mail.
const retryAfter = 30 * time.Second

// Invitation tells a person that they were added to an organization.
type Invitation struct {
	Email   string
	Name    string
	Role    string
	Inviter string // name of the person or API token that added them
	// InviterEmail is the person's address. It is empty for an API token, and for a person
	// who no longer exists.
	InviterEmail string
	OrgID        directory.OrgID
	Pending      bool   // an existing account, which has to accept
	SignIn       string // value of the link by which a new person signs in; empty for none
}

// Sender delivers an invitation. An error that wraps [ErrRejected] is final, one that
// wraps [ErrNotYet] concerns this invitation alone, and any other concerns all.
type Sender interface {
	Send(ctx context.Context, inv Invitation) error
}

var (
	// ErrRejected is returned if the delivery was permanently rejected.
	ErrRejected = errors.New("rejected")
	// ErrNotYet is returned if this delivery may work later, while others may work now.
	ErrNotYet = errors.New("temporarily rejected")
)

// Mailer sends invitations to the users that are created.
type Mailer struct {
	feed    follow.Feed
	sender  Sender // nil: nothing is sent
	limits  limits.Mails
	log     *slog.Logger
	clock   func() time.Time
	pause   time.Duration
	metrics *metrics
}

// Options are what a [Mailer] needs.
type Options struct {
	Store directory.Store
	// Sender may be nil for a server without mail: users who are created meanwhile get no
	// mail later either.
	Sender Sender
	Limits limits.Mails
	Log    *slog.Logger
	Clock  func() time.Time
}

// New returns a mailer; [Mailer.Run] runs it.
func New(o Options) *Mailer {
	return &Mailer{
		feed: follow.Feed{Store: o.Store, Clock: o.Clock, Follower: follower}, sender: o.Sender, limits: o.Limits,
		log: o.Log, clock: o.Clock, pause: retryAfter, metrics: newMetrics(),
	}
}

// Run delivers until ctx ends. Errors of the store are logged and tried again.
func (m *Mailer) Run(ctx context.Context) {
	for ctx.Err() == nil {
		err := m.follow(ctx)
		if ctx.Err() != nil {
			return
		}
		if err != nil && !errors.Is(err, errLater) {
			m.log.Error("mail is interrupted; trying again", "error", err)
		}
		select {
		case <-ctx.Done():
		case <-time.After(m.pause):
		}
	}
}

func (m *Mailer) follow(ctx context.Context) error {
	if m.sender == nil {
		return m.feed.Skip(ctx)
	}
	return m.feed.Run(ctx, m.deliver)
}

var errLater = errors.New("delivery must be retried later")

// deliver reports whether an entry is done: it needs no invitation, or its invitation was
// delivered or given up. If the mail server accepts no mail at all, deliver returns an
// error, so that the mails are sent in order when the server is back.
func (m *Mailer) deliver(ctx context.Context, e directory.Entry) (done bool, err error) {
	log := m.log.With("user", e.Target.ID, "organization", string(e.OrgID))
	if e.Action == directory.OpHoldProvisioning.Name && e.Outcome == directory.Done {
		return m.deliverHold(ctx, log, e)
	}
	if e.Action == directory.OpAnnounceTokenExpiry.Name && e.Outcome == directory.Done {
		return m.deliverExpiry(ctx, log, e)
	}
	added, ok, err := addedBy(e)
	if err != nil { // a retry would fail too
		log.Error("invitation given up", "error", err)
	}
	if !ok {
		return true, nil
	}
	inv, refused, err := m.reserve(ctx, e, added)
	if err != nil {
		return false, err
	}
	if refused != "" {
		log.Warn("invitation not mailed", "reason", string(refused))
		m.metrics.count(refused)
		return true, nil
	}
	if err = m.sender.Send(ctx, inv); err == nil {
		log.Info("invitation mailed")
		m.keepMailed(ctx, log, e, added)
	}
	return m.settle(ctx, log, "invitation", e, err)
}

// settle counts and logs the outcome of sending the mail of an entry, which what names. It
// reports whether that is done: the mail was sent or given up. The error is errLater if no
// mail can be sent now.
func (m *Mailer) settle(ctx context.Context, log *slog.Logger, what string, e directory.Entry, err error) (done bool, _ error) {
	switch {
	case err == nil:
		m.metrics.count(sent)
		return true, nil
	case ctx.Err() != nil:
		return false, ctx.Err()
	case errors.Is(err, ErrRejected), m.clock().Sub(e.At) > giveUp:
		log.Error(what+" given up", "error", err)
		m.metrics.count(givenUp)
		return true, nil
	case errors.Is(err, ErrNotYet):
		log.Warn(what+" could not be sent yet", "error", err)
		return false, nil
	default:
		log.Warn("no "+what+" can be sent now", "error", err)
		return false, errLater
	}
}

// keepMailed stores the time of the mail. A failure is only logged, because a retry of the
// entry would send the mail twice.
func (m *Mailer) keepMailed(ctx context.Context, log *slog.Logger, e directory.Entry, u directory.User) {
	err := m.feed.Store.Write(context.WithoutCancel(ctx), func(tx directory.Tx) error {
		return tx.SetInvitationMailed(e.OrgID, u.ID, m.clock().UTC())
	})
	if err != nil {
		log.Error("the time of a mail was not stored", "error", err)
	}
}

// addedBy returns the user that an entry is about if they get a mail: a user who was added,
// or whose invitation was resent. Users that the operator adds, and the first owner of an
// organization, get none.
func addedBy(e directory.Entry) (u directory.User, ok bool, err error) {
	adds := e.Action == directory.OpCreateUser.Name || e.Action == directory.OpResendInvitation.Name
	if !adds || e.Outcome != directory.Done || e.Actor.Kind == directory.ActorOperator {
		return u, false, nil
	}
	if err := json.Unmarshal(e.After, &u); err != nil {
		return u, false, fmt.Errorf("read entry %d: %w", e.Position, err)
	}
	u.OrgID = e.OrgID
	return u, u.AccountID == "" || u.AccountID != e.Actor.AccountID, nil
}
