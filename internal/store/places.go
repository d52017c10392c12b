package store

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/turns"
)

// newPlaces makes places for as many transactions as there are connections. A
// tenant may hold half of them. What Roster and its operator do themselves may
// hold all: it is little, and waits for no request.
func newPlaces(conns int) *turns.Places[directory.Tenant] {
	half := max(1, conns/2)
	return turns.NewPlaces(conns, func(t directory.Tenant) int {
		if t == "" {
			return conns
		}
		return half
	})
}

var errOwnFull = directory.Errorf(directory.RateLimited,
	"rate limit exceeded: this organization has as many requests at the database as it may have; wait for their answers and try again")

// takePlace waits for a place, for a while: database/sql would wait for a
// connection for ever. leave gives it back.
func takePlace(ctx context.Context, places *turns.Places[directory.Tenant], patience time.Duration) (leave func(), err error) {
	tenant := directory.TenantOf(ctx)
	switch err := places.Enter(ctx, tenant, patience); {
	case errors.Is(err, turns.ErrOwnFull) && tenant != "":
		return nil, errOwnFull
	case errors.Is(err, turns.ErrOwnFull), errors.Is(err, turns.ErrFull):
		return nil, errBusy
	case err != nil:
		return nil, err
	}
	began := time.Now()
	return func() { places.Leave(tenant, time.Since(began)) }, nil
}
