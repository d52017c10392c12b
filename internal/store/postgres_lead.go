package store

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

const (
	// leadRetry is the pause before a node tries again to become leader. leadCheck is how
	// often a leader checks that it still leads.
	leadRetry = time.Second
	leadCheck = time.Second
)

// Lead runs fn while it holds a lock. The lock belongs to a transaction that does nothing
// else, so it works through a pooler and ends with the connection.
func (e *postgresEngine) Lead(ctx context.Context, name string, fn func(context.Context) error) error {
	for {
		led, err := e.leadOnce(ctx, name, fn)
		if led && !errors.Is(err, errLeadLost) {
			return err
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(leadRetry):
		}
	}
}

// leadOnce runs fn if no other node leads. led reports whether it ran.
func (e *postgresEngine) leadOnce(ctx context.Context, name string, fn func(context.Context) error) (led bool, err error) {
	held, err := e.db.BeginTx(ctx, nil)
	if err != nil {
		return false, storageError(err)
	}
	defer func() { _ = held.Rollback() }()
	err = held.QueryRowContext(ctx, `SELECT pg_try_advisory_xact_lock(hashtextextended('roster:lead:' || $1, 0))`, name).Scan(&led)
	if err != nil || !led {
		return false, storageError(err)
	}
	ctx, end := context.WithCancelCause(ctx)
	watched := make(chan struct{})
	go func() {
		defer close(watched)
		watchLead(ctx, held, end)
	}()
	err = fn(ctx)
	end(nil)
	<-watched
	if errors.Is(context.Cause(ctx), errLeadLost) {
		return true, errLeadLost
	}
	return true, err
}

var errLeadLost = errors.New("lost the lock; another node may lead now")

// watchLead cancels a leader's work when the transaction that holds its lock has ended.
func watchLead(ctx context.Context, held *sql.Tx, end context.CancelCauseFunc) {
	tick := time.NewTicker(leadCheck)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			if _, err := held.ExecContext(ctx, "SELECT"); err != nil {
				end(errLeadLost)
				return
			}
		}
	}
}
