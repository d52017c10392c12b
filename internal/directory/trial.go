package directory

import (
	"context"
	"time"
)

// DryRun observes a call whose transaction [Write] undoes. The package access has the one
// that compares what users and tokens may do with the change and without it.
type DryRun interface {
	// Begin is called when the transaction begins, again each time that it is repeated.
	Begin()
	// Record is called in place of each entry that the change would append to the log of org.
	Record(c *Change, org OrgID, target Target, before, after any)
	// Done is called before the transaction is undone, Undone after that.
	Done(c *Change) error
	Undone(tx Tx, now time.Time) error
}

type trialKey struct{}

// ForTrial marks the writes under a context as trials: they check everything, and
// return an error at the end so that the [Store] undoes them.
func ForTrial(ctx context.Context) context.Context {
	return context.WithValue(ctx, trialKey{}, true)
}

// IsTrial reports whether [ForTrial] has marked the context.
func IsTrial(ctx context.Context) bool {
	trial, _ := ctx.Value(trialKey{}).(bool)
	return trial
}
