// Package directory is the domain: organizations, accounts, users, roles, groups and
// tokens, and the rules that hold between them. It depends on neither HTTP nor SQL:
// protocols call [Service], and storage implements [Store].
package directory

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/lastuse"
	"github.com/rosterhq/roster/internal/limits"
)

// Service carries out operations for principals. Every method that takes a
// [Call] checks the operation's permission, holds the rules inside the
// transaction, and appends an audit entry for each change in it. Methods are
// safe for concurrent use.
type Service struct {
	store Store
	keys  *audit.Keyring
	clock func() time.Time

	cache     cache
	observers observers
	usage     lastuse.Marks[tokenKey]
	limits    limits.Limits
	exceeded  limits.Refusals

	past Past

	invitationTTL time.Duration
}

// Option configures a [Service].
type Option func(*Service)

// WithPast sets how an organization's past is read. Without it, queries of a past time
// fail.
func WithPast(p Past) Option { return func(s *Service) { s.past = p } }

// InvitationTTL is how long an invitation stays open by default.
const InvitationTTL = 7 * 24 * time.Hour

// WithInvitationTTL sets how long an invitation stays open, instead of [InvitationTTL].
func WithInvitationTTL(d time.Duration) Option { return func(s *Service) { s.invitationTTL = d } }

// NewService returns a service over a store. Audit entries are authenticated and
// sealed with keys, and webhook secrets are derived from keys. clock returns the
// current time, in any zone.
func NewService(store Store, keys *audit.Keyring, clock func() time.Time, options ...Option) *Service {
	s := &Service{
		store: store, keys: keys, clock: clock, exceeded: limits.NewRefusals(), limits: limits.Default(),
		invitationTTL: InvitationTTL,
	}
	s.cache.init()
	for _, o := range options {
		o(s)
	}
	store.Observe(Observer{Committed: s.committed, Changed: s.unknown})
	return s
}

// committed is called with the entries of every commit: of this process before the Write
// returns, of others soon after.
func (s *Service) committed(entries []Entry) {
	s.cache.committed(entries)
	for _, o := range s.observers.list() {
		o.Committed(entries)
	}
}

// unknown is called when something changed but the store cannot say what.
func (s *Service) unknown() {
	s.cache.invalidate()
	for _, o := range s.observers.list() {
		o.Changed()
	}
}

// now is the clock in UTC, to the microsecond that storage keeps.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// Now returns the time of the service's clock.
func (s *Service) Now() time.Time { return s.now() }

// Ready reports whether requests can be served: the database answers.
func (s *Service) Ready(ctx context.Context) error { return s.store.Ping(ctx) }

// keepFailedSchedules is how long a schedule that could not be carried out stays listed.
const keepFailedSchedules = 30 * 24 * time.Hour

// Sweep deletes expired idempotency keys, sessions and sign-in links, and schedules that
// failed long ago.
func (s *Service) Sweep(ctx context.Context) error {
	now := s.now()
	return s.store.Write(ctx, func(tx Tx) error {
		return errors.Join(tx.DropReplays(now), tx.DropSessions(now), tx.DropSignInLinks(now), tx.DropCeremonies(now),
			tx.DropFailedSchedules(now.Add(-keepFailedSchedules)))
	})
}
