package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// timeLimit is when a transaction must have ended, its waiting for locks left
// out; the zero value is never. It is looked at before each statement, so a
// transaction ends at most one statement later.
type timeLimit struct{ ends time.Time }

var errTooLong = directory.Errorf(directory.LimitExceeded,
	"limit exceeded: the change took longer than the %d seconds that one may take, and was undone; change less at a time", int(writeBudget.Seconds()))

// limitFor is the limit of a write that begins now. What Roster and its operator do
// themselves has none.
func limitFor(tenant directory.Tenant, budget time.Duration) timeLimit {
	if tenant == "" {
		return timeLimit{}
	}
	return timeLimit{time.Now().Add(budget)}
}

func (l timeLimit) check() error {
	if !l.ends.IsZero() && time.Now().After(l.ends) {
		return errTooLong
	}
	return nil
}

// pause stops the clock until resume is called.
func (l *timeLimit) pause() (resume func()) {
	if l.ends.IsZero() {
		return func() {}
	}
	began := time.Now()
	return func() { l.ends = l.ends.Add(time.Since(began)) }
}
