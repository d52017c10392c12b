package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// timeLimit is the time at which a transaction must have ended, not counting its wait for
// locks. The zero value is no limit. It is checked before each statement, so a transaction
// ends at most one statement late.
type timeLimit struct{ ends time.Time }

var errTooLong = directory.Errorf(directory.LimitExceeded,
	"limit exceeded: the change took longer than %d seconds and was rolled back; change less at a time", int(writeBudget.Seconds()))

// limitFor returns the limit of a write that begins now. Writes by Roster itself and by its
// operator have none.
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
