// Package schedules carries out what is scheduled for users when its time has come.
package schedules

import (
	"context"
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/follow"
)

const (
	// leader is the name under which one process leads.
	leader = "schedules"
	// pause is how long the leader waits when nothing is due.
	pause = time.Second
	// orgsPerTurn and perTurn bound a turn: how many organizations have one, and how much of
	// each is carried out, so that one with a lot due does not delay the others.
	orgsPerTurn = 100
	perTurn     = 10
)

// Runner carries out what is due in all organizations. Its methods are safe for
// concurrent use.
type Runner struct {
	store   directory.Store
	service *directory.Service
}

// New returns a runner.
func New(store directory.Store, service *directory.Service) *Runner {
	return &Runner{store: store, service: service}
}

// Run carries out what is due, within about a second of its time or as soon as a process
// runs again, until ctx ends. One process at a time does so; the others wait to take over.
// failed is called with errors that the log should show.
func (r *Runner) Run(ctx context.Context, failed func(error)) {
	for ctx.Err() == nil {
		err := r.store.Lead(ctx, leader, func(ctx context.Context) error { return r.lead(ctx, failed) })
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			failed(fmt.Errorf("carry out schedules: %w", err))
		}
		follow.Pause(ctx, follow.Poll)
	}
}

func (r *Runner) lead(ctx context.Context, failed func(error)) error {
	for ctx.Err() == nil {
		n, err := r.Once(ctx, failed)
		if err != nil {
			return err
		}
		if n == 0 {
			follow.Pause(ctx, pause)
		}
	}
	return ctx.Err()
}

// Once carries out a part of what is due in each organization, and returns how many
// schedules it is done with.
func (r *Runner) Once(ctx context.Context, failed func(error)) (n int, err error) {
	var orgs []directory.OrgID
	now := r.service.Now()
	err = r.store.Read(ctx, func(tx directory.Tx) (err error) {
		orgs, err = tx.OrgsWithDueSchedules(now, orgsPerTurn)
		return err
	})
	for _, org := range orgs {
		if err != nil || ctx.Err() != nil {
			break
		}
		var done int
		done, err = r.ofOrg(ctx, org, now, failed)
		n += done
	}
	return n, err
}

func (r *Runner) ofOrg(ctx context.Context, org directory.OrgID, now time.Time, failed func(error)) (done int, err error) {
	var due []directory.Schedule
	err = r.store.Read(ctx, func(tx directory.Tx) (err error) {
		due, err = tx.DueSchedules(org, now, perTurn)
		return err
	})
	for _, s := range due {
		if ctx.Err() != nil {
			break
		}
		if err := r.service.CarryOutSchedule(ctx, s); err != nil {
			failed(fmt.Errorf("carry out the schedule of %s to %s the user %s: %w", s.OrgID, s.Act, s.UserID, err))
			continue
		}
		done++
	}
	return done, err
}
