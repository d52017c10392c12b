package directory

import (
	"context"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/quote"
)

// MaxScheduleAhead is how far in the future something can be scheduled.
const MaxScheduleAhead = 2 * 365 * 24 * time.Hour

// ScheduledAct is what a [Schedule] does to a user.
type ScheduledAct string

// The acts.
const (
	ScheduledSuspension   ScheduledAct = "suspend"
	ScheduledReactivation ScheduledAct = "reactivate"
	ScheduledRemoval      ScheduledAct = "remove"
)

// ScheduledActs are all of them.
var ScheduledActs = []ScheduledAct{ScheduledSuspension, ScheduledReactivation, ScheduledRemoval}

// operation is the operation that the act is.
func (a ScheduledAct) operation() Operation {
	if a == ScheduledRemoval {
		return OpRemoveUser
	}
	return OpUpdateUserStatus
}

// takesAway reports whether the user has less after the act than before.
func (a ScheduledAct) takesAway() bool { return a != ScheduledReactivation }

func (a ScheduledAct) check() error {
	if slices.Contains(ScheduledActs, a) {
		return nil
	}
	return InvalidField("action", "%s can't be scheduled; use suspend, reactivate or remove", quote.Input(a))
}

// Schedule is a change of a user that the server makes at a time. A user has at most one
// for each act. It ends when it is carried out, and with the user.
type Schedule struct {
	OrgID     OrgID        `json:"orgId"`
	UserID    UserID       `json:"userId"`
	Act       ScheduledAct `json:"action"`
	At        time.Time    `json:"at"`
	Revoke    Revocation   `json:"revoke,omitzero"`
	CreatedAt time.Time    `json:"createdAt"`
	// CreatedBy, without a name, is who decided on it last. What they may do when the time
	// comes decides whether it is carried out.
	CreatedBy Actor `json:"createdBy"`

	// FailedAt is when it was given up, for the reason Failure.
	FailedAt time.Time `json:"failedAt,omitzero"`
	Failure  string    `json:"failure,omitempty"`

	DueAt    time.Time `json:"dueAt,omitzero"` // when it is tried next; zero if it was given up
	Attempts int       `json:"-"`              // that failed for a reason that may pass
}

// Target is the schedule as the target of an entry. It has the user's id, by which the
// log is searched, and no name of the user, which would have to be erased.
func (s Schedule) Target() Target {
	return Target{Type: "schedule", ID: string(s.UserID), Name: string(s.Act)}
}

// Failed reports whether the schedule was given up.
func (s Schedule) Failed() bool { return !s.FailedAt.IsZero() }

// scheduleTx keeps schedules.
type scheduleTx interface {
	Schedule(OrgID, UserID, ScheduledAct) (Schedule, error)
	// Schedules lists those of an organization, or of one of its users, the earliest first.
	Schedules(org OrgID, user UserID) ([]Schedule, error)
	// PutSchedule adds a schedule, or replaces the one of the same user and act.
	PutSchedule(Schedule) error
	DeleteSchedule(OrgID, UserID, ScheduledAct) error

	// OrgsWithDueSchedules lists organizations that have something due, the longest waiting
	// first. DueSchedules lists what is due in one, in the order it became so.
	OrgsWithDueSchedules(now time.Time, limit int) ([]OrgID, error)
	DueSchedules(org OrgID, now time.Time, limit int) ([]Schedule, error)
	// DropFailedSchedules deletes those that failed before a time.
	DropFailedSchedules(before time.Time) error
}

// GetSchedule returns what is scheduled for a user. Permission users|read. Errors:
// [NotFound]; [Invalid] for an unknown act.
func (s *Service) GetSchedule(ctx context.Context, call Call, id UserID, act ScheduledAct) (Schedule, error) {
	return Read(ctx, s, call, OpGetSchedule, func(tx Tx) (Schedule, error) {
		if err := act.check(); err != nil {
			return Schedule{}, err
		}
		if _, err := tx.User(call.Principal.OrgID, id); err != nil {
			return Schedule{}, err
		}
		return tx.Schedule(call.Principal.OrgID, id, act)
	})
}

// ListSchedules lists the schedules of the principal's organization, the earliest first,
// with those that failed in the last 30 days. With a user, it lists only theirs.
// Permission users|read.
func (s *Service) ListSchedules(ctx context.Context, call Call, user UserID) ([]Schedule, error) {
	return Read(ctx, s, call, OpListSchedules, func(tx Tx) ([]Schedule, error) {
		return tx.Schedules(call.Principal.OrgID, user)
	})
}

// NewSchedule is when a scheduled act takes place, and what it revokes besides.
type NewSchedule struct {
	At     time.Time
	Revoke Revocation
}

// UpdateSchedule schedules an act on a user, or changes when it takes place. All rules of
// the act are checked now, and again in the transaction that carries it out, against what
// the one who scheduled it may do then.
//
// Permission users|update, users|delete besides for a removal, and what the act itself
// takes; see [Service.UpdateUserStatusAndRevoke] and [Service.RemoveUserAndRevoke]. To
// replace a suspension or removal that somebody else has scheduled takes what reactivating
// the user takes, and can't be done by the user. Audit entry updateUserSchedule, if
// anything changes. Errors: [NotFound]; [Invalid] for an unknown act, and for a time that
// is past, too far in the future, or beyond the end of the API token that schedules it;
// [Conflict] as for the act; [LimitExceeded].
func (s *Service) UpdateSchedule(ctx context.Context, call Call, id UserID, act ScheduledAct, in NewSchedule) (Schedule, error) {
	return Write(ctx, s, call, OpUpdateSchedule, func(c *Change) (Schedule, error) {
		if err := act.check(); err != nil {
			return Schedule{}, err
		}
		u, before, err := c.scheduled(id, act)
		if err != nil {
			return Schedule{}, err
		}
		next := Schedule{
			OrgID: u.OrgID, UserID: id, Act: act, Revoke: in.Revoke,
			CreatedAt: c.now, CreatedBy: c.scheduler(),
		}
		if next.At, err = c.timeOfSchedule(in.At); err != nil {
			return Schedule{}, err
		}
		next.DueAt = next.At
		if err := c.mayAct(u, next); err != nil {
			return Schedule{}, err
		}
		if before == nil {
			return next, c.addSchedule(next)
		}
		if before.sameAs(next) {
			return *before, nil
		}
		if err := c.mayCancel(u, *before); err != nil {
			return Schedule{}, err
		}
		if err := c.PutSchedule(next); err != nil {
			return Schedule{}, err
		}
		return next, c.Record(next.Target(), *before, next)
	})
}

// scheduler is the actor as the maker of schedules: an API token, or a user, whichever
// token or session they use.
func (c *Change) scheduler() Actor {
	by := c.actor.Giver()
	if by.AccountID != "" {
		by.TokenID = ""
	}
	return by
}

func (c *Change) addSchedule(next Schedule) error {
	if err := c.OneMore(limits.Schedules); err != nil {
		return err
	}
	if err := c.PutSchedule(next); err != nil {
		return err
	}
	return c.Record(next.Target(), nil, next)
}

// sameAs reports whether to schedule next changes nothing.
func (s Schedule) sameAs(next Schedule) bool {
	return !s.Failed() && s.At.Equal(next.At) && s.Revoke == next.Revoke && s.CreatedBy == next.CreatedBy
}

// DeleteSchedule cancels what is scheduled for a user. Permission users|update, and
// users|delete besides for a removal. A suspension or removal that somebody else has
// scheduled is canceled by whoever could reactivate the user, but not by the user. Audit
// entry deleteUserSchedule. Errors: [NotFound]; [Invalid] for an unknown act.
func (s *Service) DeleteSchedule(ctx context.Context, call Call, id UserID, act ScheduledAct) error {
	return Do(ctx, s, call, OpDeleteSchedule, func(c *Change) error {
		if err := act.check(); err != nil {
			return err
		}
		if err := act.operation().Authorize(c.actor); err != nil {
			return err
		}
		u, before, err := c.scheduled(id, act)
		if err != nil {
			return err
		}
		if before == nil {
			return Missing("schedule")
		}
		if err := c.mayCancel(u, *before); err != nil {
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
func (c *Change) scheduled(id UserID, act ScheduledAct) (u User, there *Schedule, err error) {
	if u, err = c.User(c.actor.OrgID, id); err != nil {
		return u, nil, err
	}
	found, err := c.Schedule(u.OrgID, id, act)
	if err := ignoreNotFound(err); err != nil {
		return u, nil, err
	}
	if err == nil {
		there = &found
	}
	return u, there, c.Check(found)
}

// timeOfSchedule checks when something is to take place.
func (c *Change) timeOfSchedule(at time.Time) (time.Time, error) {
	at, err := c.timeAhead("at", at)
	if err != nil {
		return at, err
	}
	if end := c.actor.ExpiresAt; c.actor.Kind == APIToken && !end.IsZero() && !at.Before(end) {
		return at, InvalidField("at", "must be before %s, when the API token that you use ends: a schedule ends with the token that made it",
			end.Format(time.RFC3339Nano))
	}
	return at, nil
}

// timeAhead checks that a time is in the future, and no later than [MaxScheduleAhead].
func (c *Change) timeAhead(field string, t time.Time) (time.Time, error) {
	t = t.UTC().Truncate(time.Microsecond)
	if t.IsZero() {
		return t, InvalidField(field, "is required")
	}
	if !t.After(c.now) {
		return t, InvalidField(field, "must be in the future; it is %s", c.now.Format(time.RFC3339Nano))
	}
	if latest := c.now.Add(MaxScheduleAhead); t.After(latest) {
		return t, InvalidField(field, "must not be after %s, which is two years from now", latest.Format(time.RFC3339Nano))
	}
	return t, nil
}

// mayAct checks all rules of an act, as they are now.
func (c *Change) mayAct(u User, s Schedule) error {
	if err := s.Act.operation().Authorize(c.actor); err != nil {
		return err
	}
	if u.Invited && s.Act != ScheduledRemoval {
		return errInvitedStatus
	}
	if s.Act == ScheduledReactivation {
		if s.Revoke != (Revocation{}) {
			return InvalidField("revoke", "works with suspend and remove only")
		}
		return c.mayReactivate(u)
	}
	if err := c.mayRevoke(s.Revoke); err != nil {
		return err
	}
	return c.mayUnmake(u)
}

// mayCancel checks that the actor may keep a schedule from being carried out. To keep a
// user from losing access that somebody else decided to take is to give it.
func (c *Change) mayCancel(u User, s Schedule) error {
	if s.Failed() || !s.Act.takesAway() || s.CreatedBy == c.scheduler() {
		return nil
	}
	if c.actor.maker() == u.ID {
		return Errorf(Forbidden, "a user can't cancel or change what somebody else has scheduled for them")
	}
	return c.mayReactivate(u)
}
