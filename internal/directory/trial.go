package directory

import "context"

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
