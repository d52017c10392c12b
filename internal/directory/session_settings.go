package directory

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// The shortest limits on sessions that an organization can set: shorter ones would sign
// people out while they work.
const (
	MinSessionIdle     = 5 * time.Minute
	MinSessionLifetime = 15 * time.Minute
)

// sessionIdle is how long a session may be unused and still act in the organization.
func (s OrgSettings) sessionIdle() time.Duration {
	if s.SessionIdleSeconds == 0 {
		return SessionIdle
	}
	return time.Duration(s.SessionIdleSeconds) * time.Second
}

// sessionLifetime is how long after its sign-in a session may act in the organization.
func (s OrgSettings) sessionLifetime() time.Duration {
	if s.SessionSeconds == 0 {
		return SessionLifetime
	}
	return time.Duration(s.SessionSeconds) * time.Second
}

// SessionLimits bound the sessions that act in an organization; zero stands for
// [SessionIdle] and [SessionLifetime].
type SessionLimits struct {
	IdleSeconds     int64
	LifetimeSeconds int64
}

func (s OrgSettings) sessionLimits() SessionLimits {
	return SessionLimits{s.SessionIdleSeconds, s.SessionSeconds}
}

// GetSessionLimits gives the limits on sessions of an organization that the principal
// belongs to. Errors: [NotFound] for any other.
func (s *Service) GetSessionLimits(ctx context.Context, call Call, id OrgID) (SessionLimits, error) {
	return Read(ctx, s, call, OpGetSessionLimits, func(tx Tx) (SessionLimits, error) {
		if _, err := membership(tx, call.Principal, id); err != nil {
			return SessionLimits{}, err
		}
		settings, err := tx.OrgSettings(id)
		return settings.sessionLimits(), err
	})
}

// UpdateSessionLimits changes the limits on sessions of an organization. They hold for
// sessions that exist too, from the next request on.
//
// Needs a personal token, or a session with a fresh sign-in, of an owner. Audit entry
// updateSessionLimits. Errors: [NotFound] for an organization that the account is not
// in; [Invalid].
func (s *Service) UpdateSessionLimits(ctx context.Context, call Call, id OrgID, in SessionLimits) (SessionLimits, error) {
	if err := checkSeconds("idleSeconds", in.IdleSeconds, MinSessionIdle, SessionIdle); err != nil {
		return in, err
	}
	if err := checkSeconds("lifetimeSeconds", in.LifetimeSeconds, MinSessionLifetime, SessionLifetime); err != nil {
		return in, err
	}
	out, err := Write(ctx, s, call.in(id), OpUpdateSessionLimits, func(c *Change) (SessionLimits, error) {
		if _, err := membership(c, c.actor, id); err != nil {
			return in, err
		}
		before, err := c.OrgSettings(id)
		if err != nil {
			return in, err
		}
		if err := c.Check(before.sessionLimits()); err != nil {
			return in, err
		}
		if c.actor.Role != authz.RoleOwner {
			return in, Errorf(Forbidden, "only an owner can change the limits on sessions")
		}
		after := before
		after.SessionIdleSeconds, after.SessionSeconds = in.IdleSeconds, in.LifetimeSeconds
		if err := c.SetOrgSettings(id, after); err != nil {
			return in, err
		}
		return in, c.Record(SettingsTarget(id), before.Recorded(), after.Recorded())
	})
	if errors.Is(err, errNotYours) {
		return SessionLimits{}, Missing("organization")
	}
	return out, err
}

func checkSeconds(field string, n int64, least, most time.Duration) error {
	if n == 0 || (n >= int64(least/time.Second) && n <= int64(most/time.Second)) {
		return nil
	}
	return InvalidField(field, "must be from %d to %d, or null for the default of %d",
		int64(least/time.Second), int64(most/time.Second), int64(most/time.Second))
}

// in is the call with an account's principal acting in an organization, whichever one
// the request names.
func (call Call) in(id OrgID) Call {
	p := *call.Principal
	if p.Kind.ofAccount() {
		p.OrgID = id
	}
	call.Principal = &p
	return call
}
