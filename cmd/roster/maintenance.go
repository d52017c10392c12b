package main

import (
	"context"
	"errors"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/expiry"
	"github.com/rosterhq/roster/internal/mail"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/sealing"
	"github.com/rosterhq/roster/internal/webhooks"
)

// maintenance runs the periodic work.
type maintenance struct {
	service *directory.Service
	people  *onboarding.Onboarder
	sealer  *sealing.Sealer
	queue   *webhooks.Queue
	mailer  *mail.Mailer
}

// run maintains the store until ctx ends. Every minute it stores the times of token use
// and deletes provisioned organizations that were not claimed. Every hour it announces
// API tokens that expire soon, and deletes
// expired idempotency keys, invitations and mails, entries past their retention, and old
// deliveries. It calls failed with each error, and retries in the next round.
func (m maintenance) run(ctx context.Context, failed func(error)) {
	minute, hour := time.NewTicker(time.Minute), time.NewTicker(time.Hour)
	defer minute.Stop()
	defer hour.Stop()
	for {
		var err error
		select {
		case <-ctx.Done():
			// Store the uses of the last minute before shutting down.
			if err := m.service.StoreUsage(context.WithoutCancel(ctx)); err != nil {
				failed(err)
			}
			return
		case <-minute.C:
			err = errors.Join(m.service.StoreUsage(ctx), m.people.DropProvisions(ctx))
		case <-hour.C:
			err = errors.Join(m.service.Sweep(ctx), m.people.DropInvitations(ctx), expiry.Announce(ctx, m.service), m.sealer.Prune(ctx), m.queue.Drop(ctx), m.mailer.Sweep(ctx))
		}
		if err != nil {
			failed(err)
		}
	}
}
