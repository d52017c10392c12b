package schedules

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// attempts is how often a schedule is tried that fails for a reason that may pass.
// The first retry comes after a second; each pause is twice the last, up to five minutes.
const attempts = 10

const longestPause = 5 * time.Minute

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
func (p *Planner) CarryOutSchedule(ctx context.Context, due directory.Schedule) error {
	cause := p.ifDue(ctx, due, carryOut)
	if cause == nil {
		return nil
	}
	err := p.ifDue(ctx, due, func(c *directory.Change, found directory.Schedule) error { return noteFailure(c, found, cause) })
	return errors.Join(err, uncoded(cause))
}

// uncoded is err if it has no code, which makes it one for the log.
func uncoded(err error) error {
	if directory.CodeOf(err) != "" {
		return nil
	}
	return err
}

// ifDue reads a schedule again under the organization's lock, and calls fn unless it is not
// due any more, or is another one.
func (p *Planner) ifDue(ctx context.Context, seen directory.Schedule, fn func(*directory.Change, directory.Schedule) error) error {
	return directory.DoAsSystem(ctx, p.directory, seen.OrgID, directory.OpRunSchedule, func(c *directory.Change) error {
		found, err := c.Schedule(seen.OrgID, seen.UserID, seen.Act)
		if err != nil {
			return directory.IgnoreNotFound(err)
		}
		if found.DueAt.IsZero() || found.DueAt.After(c.Now()) || !found.CreatedAt.Equal(seen.CreatedAt) {
			return nil
		}
		return fn(c, found)
	})
}

// carryOut makes the change with the rights of the one who scheduled it. Its entries name
// the server.
func carryOut(c *directory.Change, due directory.Schedule) error {
	maker, err := makerOf(c.Tx, due, c.Now())
	if err != nil {
		return err
	}
	op := operationOf(due.Act)
	if err := op.Authorize(maker); err != nil {
		return err
	}
	act := c.OnBehalfOf(maker, op)
	u, err := act.User(due.OrgID, due.UserID)
	if err != nil {
		return err
	}
	switch due.Act {
	case directory.ScheduledRemoval:
		err = members.Remove(act, u)
	case directory.ScheduledSuspension:
		_, err = members.SetStatus(act, u, directory.Suspended)
	case directory.ScheduledReactivation:
		_, err = members.SetStatus(act, u, directory.Active)
	}
	if err != nil {
		return err
	}
	if due.Revoke != (directory.Revocation{}) {
		if _, err := members.Revoke(act, due.UserID, due.Revoke); err != nil {
			return err
		}
	}
	// A removal has deleted the schedule with the user.
	if err := directory.IgnoreNotFound(c.Tx.DeleteSchedule(due.OrgID, due.UserID, due.Act)); err != nil {
		return err
	}
	return c.Record(due.Target(), due, nil)
}

// makerOf is who made a schedule, as they are now.
func makerOf(tx directory.Tx, due directory.Schedule, now time.Time) (*directory.Principal, error) {
	p, err := directory.GiverNow(tx, due.OrgID, due.CreatedBy, now)
	if err != nil || p != nil {
		return p, err
	}
	if due.CreatedBy.Kind == directory.ActorAPIToken {
		return nil, directory.Errorf(directory.Forbidden, "the API token that scheduled it was deleted or has ended")
	}
	return nil, directory.Errorf(directory.Forbidden, "the user who scheduled it is suspended, or not a member of the organization any more")
}

// passing are the codes of failures that may pass.
var passing = []directory.Code{"", directory.Unavailable, directory.LimitExceeded, directory.RateLimited}

// noteFailure stores that a schedule could not be carried out.
func noteFailure(c *directory.Change, due directory.Schedule, cause error) error {
	code := directory.CodeOf(cause)
	after := due
	if slices.Contains(passing, code) && due.Attempts+1 < attempts {
		pause := min(time.Second<<due.Attempts, longestPause)
		after.Attempts, after.DueAt = due.Attempts+1, c.Now().Add(pause)
		return c.PutSchedule(after)
	}
	after.FailedAt, after.Failure, after.DueAt = c.Now(), "an internal error; the server's log says more", time.Time{}
	if e, ok := errors.AsType[*directory.Error](cause); ok {
		after.Failure = e.Message
	}
	if err := c.PutSchedule(after); err != nil {
		return err
	}
	return c.As(directory.OpFailSchedule).Record(after.Target(), due, after)
}
