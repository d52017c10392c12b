package auditlog

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/freshness"
)

const (
	// watchCheck is how often a watcher's permission is checked while nothing
	// happens, so that a revoked watcher ends within a second.
	watchCheck = 500 * time.Millisecond
	// watchPoll is how often a watcher reads the log without a notification.
	watchPoll = 5 * time.Second
)

// Watcher follows the audit log of one organization for a caller.
type Watcher struct {
	Trail     *Trail
	Freshness *freshness.Tracker
	Call      directory.Call
	// Renew returns the current principal. Its error ends the watch.
	Renew directory.Renewal
	// Query filters the entries. The watch begins after its After: the sequence of the last
	// entry that the watcher has, or -1 for the end of the log.
	Query directory.EntryQuery
	// Entries is called at once, with each batch of entries, and at least every
	// half second. upTo is the sequence up to which the watch has read. Its error ends the
	// watch.
	Entries func(list []directory.Entry, upTo int64) error
}

// Run calls w.Entries with entries in order, each once, as any node commits them. It leaves
// out entries that retention has deleted. Permission auditLog|read. Run always ends with an
// error: that of ctx or w, [directory.Unauthenticated] or [directory.Forbidden] as soon as
// the permission ends, or [directory.Invalid] if After is beyond the log's end.
func (w Watcher) Run(ctx context.Context) error {
	org, q := w.Call.Principal.OrgID, w.Query
	for first := true; ; first = false {
		appended := w.Freshness.Appended(org)
		events, err := w.Trail.ReadEvents(ctx, w.Call, q)
		if err != nil {
			return err
		}
		if first && q.After > events.End {
			return directory.InvalidField("lastEventId", "is beyond the end of the log, which is %d; start again without it", events.End)
		}
		q.After = events.UpTo
		if err := w.Entries(events.Entries, q.After); err != nil {
			return err
		}
		if events.More {
			err = w.Renew.Check(ctx, org, directory.OpStreamEvents)
		} else {
			err = w.idle(ctx, org, appended, q.After)
		}
		if err != nil {
			return err
		}
	}
}

// idle waits for new entries. It checks the permission first and while it waits.
func (w Watcher) idle(ctx context.Context, org directory.OrgID, appended <-chan struct{}, upTo int64) error {
	for waited := time.Duration(0); waited < watchPoll; waited += watchCheck {
		grown := false
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-appended:
			grown = true
		case <-time.After(watchCheck):
		}
		if err := w.Renew.Check(ctx, org, directory.OpStreamEvents); err != nil {
			return err
		}
		if grown || !w.Freshness.InTouch() {
			return nil
		}
		if err := w.Entries(nil, upTo); err != nil {
			return err
		}
	}
	return nil
}
