package store

import (
	"sync/atomic"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// news passes word of commits on to those in this process who follow them.
type news struct {
	observer atomic.Pointer[directory.Observer]
	changed  broadcast
}

// committed tells of the entries of a commit.
func (n *news) committed(entries []directory.Entry) {
	if o := n.observer.Load(); o != nil && len(entries) > 0 {
		o.Committed(entries)
	}
}

// unknown tells that something has changed, and what can't be told.
func (n *news) unknown() {
	if o := n.observer.Load(); o != nil {
		o.Changed()
	}
}

// silence is how long a process may hear nothing of the database before it stops
// trusting what it remembers. It leaves an answer that was on its way then some
// of the second after which nothing old may be told.
const silence = 800 * time.Millisecond

// touch keeps when the database last told all that others had changed by then.
type touch struct {
	started time.Time // a monotonic clock's origin
	heard   *atomic.Int64
}

func newTouch() touch { return touch{time.Now(), new(atomic.Int64)} }

// at notes that what was asked at a time has been answered.
func (t touch) at(asked time.Time) { t.heard.Store(int64(asked.Sub(t.started))) }

// ago is how old the last answer is, from when it was asked for.
func (t touch) ago() time.Duration { return time.Since(t.started) - time.Duration(t.heard.Load()) }

func (t touch) recent() bool { return t.ago() < silence }
