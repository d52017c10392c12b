package identity

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/orgs"
)

// The shortest limits on sessions that an organization can set: shorter ones would sign
// people out while they work.
const (
	MinSessionIdle     = 5 * time.Minute
	MinSessionLifetime = 15 * time.Minute
)

// GetSessionLimits returns the limits on sessions of an organization that the principal
// belongs to. Errors: [directory.NotFound] for any other.
func (s *Proofs) GetSessionLimits(ctx context.Context, call directory.Call, id directory.OrgID) (directory.SessionLimits, error) {
	return orgs.ReadSettings(ctx, s.directory, call, directory.OpGetSessionLimits, id, directory.OrgSettings.SessionLimits)
}

// UpdateSessionLimits changes the limits on sessions of an organization. They hold for
// sessions that exist too, from the next request on.
//
// Needs a personal token, or a session with a fresh sign-in, of an owner. Audit entry
// updateSessionLimits. Errors: [directory.NotFound] for an organization that the account
// is not in; [directory.Invalid].
func (s *Proofs) UpdateSessionLimits(ctx context.Context, call directory.Call, id directory.OrgID, in directory.SessionLimits) (directory.SessionLimits, error) {
	if err := checkSeconds("idleSeconds", in.IdleSeconds, MinSessionIdle, directory.SessionIdle); err != nil {
		return in, err
	}
	if err := checkSeconds("lifetimeSeconds", in.LifetimeSeconds, MinSessionLifetime, directory.SessionLifetime); err != nil {
		return in, err
	}
	return orgs.ChangeSettings(ctx, s.directory, call, directory.OpUpdateSessionLimits, id, directory.OrgSettings.SessionLimits,
		func(c *directory.Change, settings *directory.OrgSettings) error {
			if c.Actor().Role != authz.RoleOwner {
				return directory.Errorf(directory.Forbidden, "only an owner can change the limits on sessions")
			}
			settings.SessionIdleSeconds, settings.SessionSeconds = in.IdleSeconds, in.LifetimeSeconds
			return nil
		})
}

func checkSeconds(field string, n int64, least, most time.Duration) error {
	if n == 0 || (n >= int64(least/time.Second) && n <= int64(most/time.Second)) {
		return nil
	}
	return directory.InvalidField(field, "must be from %d to %d, or null for the default of %d",
		int64(least/time.Second), int64(most/time.Second), int64(most/time.Second))
}
