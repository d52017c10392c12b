package freshness

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// accessTick is how often an application that watches gets a message. All watches tick
// at the same time, so that they read the same changes together.
const accessTick = 200 * time.Millisecond

// accessPatience is how long a watch goes on while its node has lost touch with the database.
const accessPatience = 10 * time.Second

// AccessWatcher follows what can change the decisions of an application.
type AccessWatcher struct {
	Tracker *Tracker
	Call    directory.Call
	// Renew returns the current principal. Its error ends the watch.
	Renew directory.Renewal
	// Ready is called once, before Changed. Every decision that is asked for afterwards, of
	// any node, comes from a state that is not older than the beginning of the watch.
	Ready func() error
	// Changed is called five times a second, with what changes have affected, mostly
	// nothing. Everything that was committed [Fresh] before has then been reported. It
	// is not called while that is not known.
	Changed func([]Affected) error
}

// Run watches until ctx ends, a function returns an error, or the credential or the
// application is removed. It returns the error. It also ends if there was nothing to say
// for [accessPatience], so that the client tries another node.
func (w AccessWatcher) Run(ctx context.Context) error {
	watch, err := w.Tracker.watchAccess(w.Call)
	if err != nil {
		return err
	}
	defer watch.close()
	begun := time.Now()
	for last, ready := begun, false; time.Since(last) < accessPatience; {
		may, err := w.wait(ctx)
		if err != nil {
			return err
		}
		if !may || (!ready && (time.Since(begun) < Fresh || !w.Tracker.IsFresh())) {
			continue
		}
		if !ready {
			ready = true
			if err := w.Ready(); err != nil {
				return err
			}
		}
		list, fresh := watch.next(time.Now())
		if !fresh {
			continue
		}
		if err := w.Changed(list); err != nil {
			return err
		}
		last = time.Now()
	}
	return errBehind
}

// wait waits for the next tick and checks the permission. It reports false if that is not
// possible at the moment.
func (w AccessWatcher) wait(ctx context.Context) (may bool, err error) {
	now := time.Now()
	select {
	case <-ctx.Done():
		return false, ctx.Err()
	case <-time.After(now.Truncate(accessTick).Add(accessTick).Sub(now)):
	}
	err = w.Renew.Check(ctx, w.Call.Principal.OrgID, directory.OpWatchAccess)
	switch directory.CodeOf(err) {
	case directory.Unauthenticated, directory.Forbidden, directory.NotFound:
		return false, err
	default:
		return err == nil, nil
	}
}
