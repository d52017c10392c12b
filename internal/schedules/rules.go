package schedules

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// MaxAhead is how far in the future something can be scheduled.
const MaxAhead = 2 * 365 * 24 * time.Hour

// takesAway reports whether a user has less after an act than before.
func takesAway(a directory.ScheduledAct) bool { return a != directory.ScheduledReactivation }

// timeOfSchedule checks when something is to take place.
func timeOfSchedule(c *directory.Change, at time.Time) (time.Time, error) {
	at, err := timeAhead(c, "at", at)
	if err != nil {
		return at, err
	}
	if end := c.Actor().ExpiresAt; c.Actor().Kind == directory.APIToken && !end.IsZero() && !at.Before(end) {
		return at, directory.InvalidField("at", "must be before %s, when the API token that you use ends: a schedule ends with the token that made it",
			end.Format(time.RFC3339Nano))
	}
	return at, nil
}

// timeAhead checks that a time is in the future, and no later than [MaxAhead].
func timeAhead(c *directory.Change, field string, t time.Time) (time.Time, error) {
	t = t.UTC().Truncate(time.Microsecond)
	if t.IsZero() {
		return t, directory.InvalidField(field, "is required")
	}
	if !t.After(c.Now()) {
		return t, directory.InvalidField(field, "must be in the future; it is %s", c.Now().Format(time.RFC3339Nano))
	}
	if latest := c.Now().Add(MaxAhead); t.After(latest) {
		return t, directory.InvalidField(field, "must not be after %s, which is two years from now", latest.Format(time.RFC3339Nano))
	}
	return t, nil
}

// mayAct checks all rules of an act, as they are now.
func mayAct(c *directory.Change, u directory.User, s directory.Schedule) error {
	if err := operationOf(s.Act).Authorize(c.Actor()); err != nil {
		return err
	}
	if u.Invited && s.Act != directory.ScheduledRemoval {
		return members.ErrNotAccepted
	}
	if s.Act == directory.ScheduledReactivation {
		if s.Revoke != (directory.Revocation{}) {
			return directory.InvalidField("revoke", "works with suspend and remove only")
		}
		return members.MayReactivate(c, u)
	}
	if err := members.MayRevoke(c, s.Revoke); err != nil {
		return err
	}
	return members.MayUnmake(c, u)
}

// mayCancel checks that the actor may keep a schedule from being carried out. To keep a
// user from losing access that somebody else decided to take is to give it.
func mayCancel(c *directory.Change, u directory.User, s directory.Schedule) error {
	if s.Failed() || !takesAway(s.Act) || s.CreatedBy == scheduler(c) {
		return nil
	}
	if c.Actor().Maker() == u.ID {
		return directory.Errorf(directory.Forbidden, "a user can't cancel or change what somebody else has scheduled for them")
	}
	return members.MayReactivate(c, u)
}
