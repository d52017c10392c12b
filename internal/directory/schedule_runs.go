package directory

import (
	"context"
	"errors"
	"slices"
	"time"
)

// scheduleAttempts is how often a schedule is tried that fails for a reason that may pass.
// The first retry comes after a second; each pause is twice the last, up to five minutes.
const scheduleAttempts = 10

const longestSchedulePause = 5 * time.Minute

// CarryOutSchedule carries out a schedule that is due, in one transaction with the entries
// about it and with its end, so that it takes place once at most. A schedule that has
// changed meanwhile is left alone.
//
// All rules are checked again, against what the one who scheduled it may do now: they must
// still be an active member, and an API token must not have ended. Otherwise nothing
// happens, and the schedule keeps the reason. For a reason that may pass, such as a
// database that does not answer, it is tried again, ten times at most. Audit entries of the
// act, by the server, and runUserSchedule, or failUserSchedule. The error says that even
// the reason could not be stored.
func (s *Service) CarryOutSchedule(ctx context.Context, due Schedule) error {
	ctx = ForTenant(ctx, OrgTenant(due.OrgID))
	cause := s.store.Write(ctx, func(tx Tx) error {
		c, found, err := s.dueSchedule(tx, due)
		if err != nil || c == nil {
			return err
		}
		return c.carryOutSchedule(found)
	})
	if cause == nil {
		return nil
	}
	err := s.store.Write(ctx, func(tx Tx) error {
		c, found, err := s.dueSchedule(tx, due)
		if err != nil || c == nil {
			return err
		}
		return c.noteFailure(found, cause)
	})
	return OpRunSchedule.wrap(errors.Join(err, uncoded(cause)))
}

// uncoded is err if it has no code, which makes it one for the log.
func uncoded(err error) error {
	if CodeOf(err) != "" {
		return nil
	}
	return err
}

// dueSchedule reads a schedule again under the organization's lock. The change is nil if
// it is not due any more, or is another one.
func (s *Service) dueSchedule(tx Tx, seen Schedule) (*Change, Schedule, error) {
	c := s.change(tx, Call{}, OpRunSchedule, SystemPrincipal(seen.OrgID))
	if err := c.Lock(LockOrg(seen.OrgID)); err != nil {
		return nil, Schedule{}, err
	}
	found, err := tx.Schedule(seen.OrgID, seen.UserID, seen.Act)
	if err != nil {
		return nil, found, ignoreNotFound(err)
	}
	if found.DueAt.IsZero() || found.DueAt.After(c.now) || !found.CreatedAt.Equal(seen.CreatedAt) {
		return nil, found, nil
	}
	return c, found, nil
}

// carryOutSchedule makes the change with the rights of the one who scheduled it. Its
// entries name the server.
func (c *Change) carryOutSchedule(due Schedule) error {
	maker, err := makerOf(c.Tx, due, c.now)
	if err != nil {
		return err
	}
	act := c.By(maker, due.Act.operation())
	act.byServer = true
	if err := act.op.Authorize(maker); err != nil {
		return err
	}
	switch due.Act {
	case ScheduledRemoval:
		err = act.removeUser(due.UserID)
	case ScheduledSuspension:
		err = act.setStatusOf(due.UserID, Suspended)
	case ScheduledReactivation:
		err = act.setStatusOf(due.UserID, Active)
	}
	if err != nil {
		return err
	}
	if due.Revoke != (Revocation{}) {
		if _, err := act.revoke(due.UserID, due.Revoke); err != nil {
			return err
		}
	}
	// A removal has deleted the schedule with the user.
	if err := ignoreNotFound(c.Tx.DeleteSchedule(due.OrgID, due.UserID, due.Act)); err != nil {
		return err
	}
	return c.Record(due.Target(), due, nil)
}

func (c *Change) setStatusOf(id UserID, status UserStatus) error {
	u, err := c.User(c.actor.OrgID, id)
	if err != nil {
		return err
	}
	_, err = c.setStatus(u, status)
	return err
}

// makerOf is who made a schedule, as they are now.
func makerOf(tx Tx, due Schedule, now time.Time) (*Principal, error) {
	p, err := GiverNow(tx, due.OrgID, due.CreatedBy, now)
	if err != nil || p != nil {
		return p, err
	}
	if due.CreatedBy.Kind == ActorAPIToken {
		return nil, Errorf(Forbidden, "the API token that scheduled it was deleted or has ended")
	}
	return nil, Errorf(Forbidden, "the user who scheduled it is suspended, or not a member of the organization any more")
}

// passing are the codes of failures that may pass.
var passing = []Code{"", Unavailable, LimitExceeded, RateLimited}

// noteFailure stores that a schedule could not be carried out.
func (c *Change) noteFailure(due Schedule, cause error) error {
	code := CodeOf(cause)
	after := due
	if slices.Contains(passing, code) && due.Attempts+1 < scheduleAttempts {
		pause := min(time.Second<<due.Attempts, longestSchedulePause)
		after.Attempts, after.DueAt = due.Attempts+1, c.now.Add(pause)
		return c.PutSchedule(after)
	}
	after.FailedAt, after.Failure, after.DueAt = c.now, "an internal error; the server's log says more", time.Time{}
	if e, ok := errors.AsType[*Error](cause); ok {
		after.Failure = e.Message
	}
	if err := c.PutSchedule(after); err != nil {
		return err
	}
	return c.As(OpFailSchedule).Record(after.Target(), due, after)
}
