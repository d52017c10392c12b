package store

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/turns"
)

// newSlots makes a slot for each connection. A tenant may hold half of them. Roster's own
// work and the operator's commands may hold all, because they are few.
func newSlots(conns int) *turns.Places[directory.Tenant] {
	half := max(1, conns/2)
	return turns.NewPlaces(conns, func(t directory.Tenant) int {
		if t == "" {
			return conns
		}
		return half
	})
}

var errOwnFull = directory.Errorf(directory.RateLimited,
	"rate limit exceeded: this organization has too many requests at the database; wait for responses and try again")

// takeSlot waits for a slot, at most for timeout, because database/sql would wait for a
// connection without a limit. leave releases the slot.
func takeSlot(ctx context.Context, slots *turns.Places[directory.Tenant], timeout time.Duration) (leave func(), err error) {
	tenant := directory.TenantOf(ctx)
	switch err := slots.Enter(ctx, tenant, timeout); {
	case errors.Is(err, turns.ErrOwnFull) && tenant != "":
		return nil, errOwnFull
	case errors.Is(err, turns.ErrOwnFull), errors.Is(err, turns.ErrFull):
		return nil, errBusy
	case err != nil:
		return nil, err
	}
	began := time.Now()
	return func() { slots.Leave(tenant, time.Since(began)) }, nil
}
