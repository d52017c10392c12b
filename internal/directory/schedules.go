package directory

import "time"

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

// Schedule is a change of a user that the server makes at a time. A user has at most one
// for each act. It ends when it is carried out, and with the user.
type Schedule struct {
	OrgID     OrgID        `json:"orgId"`
	UserID    UserID       `json:"userId"`
	Act       ScheduledAct `json:"action"`
	At        time.Time    `json:"at"`
	Revoke    Revocation   `json:"revoke,omitzero"`
	CreatedAt time.Time    `json:"createdAt"`
	// CreatedBy, without a name, is who decided on it last. It is carried out only if they still
	// have the permission when the time comes.
	CreatedBy Actor `json:"createdBy"`

	// FailedAt is when it was given up, for the reason Failure.
	FailedAt time.Time `json:"failedAt,omitzero"`
	Failure  string    `json:"failure,omitempty"`

	DueAt    time.Time `json:"dueAt,omitzero"` // when it is tried next; zero if it was given up
	Attempts int       `json:"-"`              // that failed for a reason that may pass
}

// Revocation says which of the things that a user made are revoked along with a
// change to the user.
type Revocation struct {
	Tokens      bool `json:"tokens,omitempty"`
	Webhooks    bool `json:"webhooks,omitempty"`
	Invitations bool `json:"invitations,omitempty"`
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
