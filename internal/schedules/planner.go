package schedules

import (
	"context"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/quote"
)

// Planner carries out the operations on schedules and temporary roles. Its methods are
// safe for concurrent use.
type Planner struct{ directory *directory.Service }

// NewPlanner returns the operations of a directory.
func NewPlanner(service *directory.Service) *Planner { return &Planner{service} }

// operationOf is the operation that an act is.
func operationOf(a directory.ScheduledAct) directory.Operation {
	if a == directory.ScheduledRemoval {
		return directory.OpRemoveUser
	}
	return directory.OpUpdateUserStatus
}

func checkAct(a directory.ScheduledAct) error {
	if slices.Contains(directory.ScheduledActs, a) {
		return nil
	}
	return directory.InvalidField("action", "%s can't be scheduled; use suspend, reactivate or remove", quote.Input(a))
}

// GetSchedule returns what is scheduled for a user. Permission users|read. Errors:
// [directory.NotFound]; [directory.Invalid] for an unknown act.
func (p *Planner) GetSchedule(ctx context.Context, call directory.Call, id directory.UserID, act directory.ScheduledAct) (directory.Schedule, error) {
	return directory.Read(ctx, p.directory, call, directory.OpGetSchedule, func(tx directory.Tx) (directory.Schedule, error) {
		if err := checkAct(act); err != nil {
			return directory.Schedule{}, err
		}
		if _, err := tx.User(call.Principal.OrgID, id); err != nil {
			return directory.Schedule{}, err
		}
		return tx.Schedule(call.Principal.OrgID, id, act)
	})
}

// ListSchedules lists the schedules of the principal's organization, the earliest first,
// with those that failed in the last 30 days. With a user, it lists only theirs.
// Permission users|read.
func (p *Planner) ListSchedules(ctx context.Context, call directory.Call, user directory.UserID) ([]directory.Schedule, error) {
	return directory.Read(ctx, p.directory, call, directory.OpListSchedules, func(tx directory.Tx) ([]directory.Schedule, error) {
		return tx.Schedules(call.Principal.OrgID, user)
	})
}

// NewSchedule is when a scheduled act takes place, and what it revokes besides.
type NewSchedule struct {
	At     time.Time
	Revoke directory.Revocation
}

// UpdateSchedule schedules an act on a user, or changes when it takes place. All rules of
// the act are checked now, and again in the transaction that carries it out, against what
// the one who scheduled it may do then.
//
// Permission users|update, users|delete besides for a removal, and what the act itself
// takes; see [members.Roll.UpdateUserStatusAndRevoke] and
// [members.Roll.RemoveUserAndRevoke]. To replace a suspension or removal that somebody
// else has scheduled takes what reactivating the user takes, and can't be done by the user.
// Audit entry updateUserSchedule, if anything changes. Errors: [directory.NotFound];
// [directory.Invalid] for an unknown act, and for a time that is past, too far in the
// future, or beyond the end of the API token that schedules it; [directory.Conflict] as for
// the act; [directory.LimitExceeded].
func (p *Planner) UpdateSchedule(ctx context.Context, call directory.Call, id directory.UserID, act directory.ScheduledAct, in NewSchedule) (directory.Schedule, error) {
	return directory.Write(ctx, p.directory, call, directory.OpUpdateSchedule, func(c *directory.Change) (directory.Schedule, error) {
		if err := checkAct(act); err != nil {
			return directory.Schedule{}, err
		}
		u, before, err := scheduled(c, id, act)
		if err != nil {
			return directory.Schedule{}, err
		}
		next := directory.Schedule{
			OrgID: u.OrgID, UserID: id, Act: act, Revoke: in.Revoke,
			CreatedAt: c.Now(), CreatedBy: scheduler(c),
		}
		if next.At, err = timeOfSchedule(c, in.At); err != nil {
			return directory.Schedule{}, err
		}
		next.DueAt = next.At
		if err := mayAct(c, u, next); err != nil {
			return directory.Schedule{}, err
		}
		if before == nil {
			return next, addSchedule(c, next)
		}
		if same(*before, next) {
			return *before, nil
		}
		if err := mayCancel(c, u, *before); err != nil {
			return directory.Schedule{}, err
		}
		if err := c.PutSchedule(next); err != nil {
			return directory.Schedule{}, err
		}
		return next, c.Record(next.Target(), *before, next)
	})
}

// scheduler is the actor as the maker of schedules: an API token, or a user, whichever
// token or session they use.
func scheduler(c *directory.Change) directory.Actor {
	by := c.Actor().Giver()
	if by.AccountID != "" {
		by.TokenID = ""
	}
	return by
}

func addSchedule(c *directory.Change, next directory.Schedule) error {
	if err := c.OneMore(limits.Schedules); err != nil {
		return err
	}
	if err := c.PutSchedule(next); err != nil {
		return err
	}
	return c.Record(next.Target(), nil, next)
}

// same reports whether to schedule next changes nothing.
func same(s, next directory.Schedule) bool {
	return !s.Failed() && s.At.Equal(next.At) && s.Revoke == next.Revoke && s.CreatedBy == next.CreatedBy
}

// DeleteSchedule cancels what is scheduled for a user. Permission users|update, and
// users|delete besides for a removal. A suspension or removal that somebody else has
// scheduled is canceled by whoever could reactivate the user, but not by the user. Audit
// entry deleteUserSchedule. Errors: [directory.NotFound]; [directory.Invalid] for an unknown
// act.
func (p *Planner) DeleteSchedule(ctx context.Context, call directory.Call, id directory.UserID, act directory.ScheduledAct) error {
	return directory.Do(ctx, p.directory, call, directory.OpDeleteSchedule, func(c *directory.Change) error {
		if err := checkAct(act); err != nil {
			return err
		}
		if err := operationOf(act).Authorize(c.Actor()); err != nil {
			return err
		}
		u, before, err := scheduled(c, id, act)
		if err != nil {
			return err
		}
		if before == nil {
			return directory.Missing("schedule")
		}
		if err := mayCancel(c, u, *before); err != nil {
			return err
		}
		if err := c.Tx.DeleteSchedule(u.OrgID, id, act); err != nil {
			return err
		}
		return c.Record(before.Target(), *before, nil)
	})
}

// scheduled finds a user and what is scheduled for them, nil for nothing, and asks the
// call's precondition about it.
func scheduled(c *directory.Change, id directory.UserID, act directory.ScheduledAct) (u directory.User, there *directory.Schedule, err error) {
	if u, err = c.User(c.Actor().OrgID, id); err != nil {
		return u, nil, err
	}
	found, err := c.Schedule(u.OrgID, id, act)
	if err := directory.IgnoreNotFound(err); err != nil {
		return u, nil, err
	}
	if err == nil {
		there = &found
	}
	return u, there, c.Check(found)
}
