package main

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/mail"
	"github.com/rosterhq/roster/internal/sealing"
	"github.com/rosterhq/roster/internal/webhooks"
)

// maintenance is the work that has to be done now and then.
type maintenance struct {
	service *directory.Service
	sealer  *sealing.Sealer
	queue   *webhooks.Queue
	mailer  *mail.Mailer
}

// run maintains until ctx ends: every minute it stores when tokens were used and
// deletes provisioned organizations that nobody claimed; every hour it deletes expired
// idempotency keys, entries past their retention and deliveries that ended long ago.
// failed is called with what went wrong; the next round tries again.
func (m maintenance) run(ctx context.Context, failed func(error)) {
	minute, hour := time.NewTicker(time.Minute), time.NewTicker(time.Hour)
	defer minute.Stop()
	defer hour.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			// The last minute's uses are worth a moment of the shutdown.
			if err := m.service.StoreUsage(context.WithoutCancel(ctx)); err != nil {
				failed(err)
			}
			return
		case <-minute.C:
			err = errors.Join(m.service.StoreUsage(ctx), m.service.DropProvisions(ctx))
		case <-hour.C:
			err = errors.Join(m.service.Sweep(ctx), m.service.DropInvitations(ctx), m.sealer.Prune(ctx), m.queue.Drop(ctx), m.mailer.Sweep(ctx))
		}
		if err != nil {
			failed(err)
		}
	}
}
