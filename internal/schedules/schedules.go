// Package schedules has the operations by which changes of users are scheduled and roles
// are given for a time. It carries out what is scheduled when its time has come, and
// deletes temporary roles that have ended.
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
	planner *Planner
}

// New returns a runner.
func New(store directory.Store, service *directory.Service) *Runner {
	return &Runner{store, service, NewPlanner(service)}
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

// Once carries out a part of what is due in each organization, and returns how much of it
// is done.
func (r *Runner) Once(ctx context.Context, failed func(error)) (n int, err error) {
	acts, err := turn(ctx, r, work[directory.Schedule]{
		orgs: directory.Tx.OrgsWithDueSchedules, due: directory.Tx.DueSchedules, do: r.planner.CarryOutSchedule,
	}, failed)
	if err != nil {
		return acts, err
	}
	ends, err := turn(ctx, r, work[directory.TemporaryRole]{
		orgs: directory.Tx.OrgsWithEndedRoles, due: directory.Tx.EndedRoles, do: r.planner.EndTemporaryRole,
	}, failed)
	return acts + ends, err
}

// work is something that becomes due.
type work[T any] struct {
	orgs func(directory.Tx, time.Time, int) ([]directory.OrgID, error)
	due  func(directory.Tx, directory.OrgID, time.Time, int) ([]T, error)
	do   func(context.Context, T) error
}

// turn does a part of what is due in each organization. A failure does not keep the rest
// from being done.
func turn[T any](ctx context.Context, r *Runner, w work[T], failed func(error)) (done int, err error) {
	now := r.service.Now()
	var orgs []directory.OrgID
	err = r.store.Read(ctx, func(tx directory.Tx) (err error) {
		orgs, err = w.orgs(tx, now, orgsPerTurn)
		return err
	})
	for _, org := range orgs {
		var due []T
		if err == nil {
			err = r.store.Read(ctx, func(tx directory.Tx) (err error) {
				due, err = w.due(tx, org, now, perTurn)
				return err
			})
		}
		for _, item := range due {
			if err := w.do(ctx, item); err != nil {
				failed(fmt.Errorf("in the organization %s: %w", org, err))
				continue
			}
			done++
		}
	}
	return done, err
}
