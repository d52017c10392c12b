package follow

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// accessTick is how often an application that watches gets a message. All watches tick
// at the same time, so that they read the same changes together.
const accessTick = 200 * time.Millisecond

// AccessWatcher follows what can change the decisions of an application.
type AccessWatcher struct {
	Service *directory.Service
	Call    directory.Call
	// Renew returns the current principal. Its error ends the watch.
	Renew directory.Renewal
	// Ready is called once, before Changed. Every decision that is asked for afterwards, of
	// any node, comes from a state that is not older than the beginning of the watch.
	Ready func() error
	// Changed is called five times a second, with what changes have affected, mostly
	// nothing. Everything that was committed [directory.Fresh] before has then been
	// reported. It is not called while that is not known.
	Changed func([]directory.Affected) error
}

// Run watches until ctx ends, a function returns an error, or the credential or the
// application is removed. It returns the error.
func (w AccessWatcher) Run(ctx context.Context) error {
	watch, err := w.Service.WatchAccess(w.Call)
	if err != nil {
		return err
	}
	defer watch.Close()
	for begun, ready := time.Now(), false; ; {
		if err := w.wait(ctx); err != nil {
			return err
		}
		if !ready {
			if time.Since(begun) < directory.Fresh || !w.Service.IsFresh() {
				continue
			}
			ready = true
			if err := w.Ready(); err != nil {
				return err
			}
		}
		list, fresh := watch.Next(time.Now())
		if !fresh {
			continue
		}
		if err := w.Changed(list); err != nil {
			return err
		}
	}
}

// wait waits for the next tick, and checks the permission.
func (w AccessWatcher) wait(ctx context.Context) error {
	now := time.Now()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(now.Truncate(accessTick).Add(accessTick).Sub(now)):
	}
	return w.Renew.Check(ctx, w.Call.Principal.OrgID, directory.OpWatchAccess)
}
