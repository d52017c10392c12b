package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
)

// measureAll measures what was chosen, one work after the other.
func (l *lab) measureAll(ctx context.Context) (*report, error) {
	chosen, err := chosenWorks(l.options)
	if err != nil {
		return nil, err
	}
	r := &report{options: l.options}
	if err := l.awaitQuiet(ctx); err != nil {
		return nil, err
	}
	if err := r.describe(ctx, l); err != nil {
		return nil, err
	}
	for _, w := range chosen {
		res, err := l.measure(ctx, w)
		if err = errors.Join(err, l.stop()); err != nil {
			return nil, fmt.Errorf("%s: %w", w.name, err)
		}
		r.results = append(r.results, res)
	}
	if l.works == nodesAlone {
		r.nodes, err = l.measureNodes(ctx)
		return r, err
	}
	if r.rest, err = l.atRest(ctx); err != nil || l.works != "" {
		return r, err
	}
	if r.nodes, err = l.measureNodes(ctx); err != nil {
		return nil, err
	}
	r.growth, err = l.measureGrowth(ctx)
	return r, err
}

// round is one measurement of each side.
type round struct{ roster, baseline sample }

// others is how many cores other programs used in it.
func (r round) others() float64 { return max(r.roster.others, r.baseline.others) }

// disturbed is how many cores other programs may use in a round: the kernel's own
// work for the disk is among them.
const disturbed = 0.2

// measure measures both sides of a work in turns, so that whatever else happens
// on the machine happens to both. Of the rounds, those least disturbed count.
func (l *lab) measure(ctx context.Context, w work) (result, error) {
	progress("%s: preparing %s users", w.name, grouped(float64(w.users)))
	res := result{work: w}
	roster, baseline, err := w.start(ctx, l, w)
	if err != nil {
		return res, err
	}
	var all []round
	for quiet := 0; quiet < l.rounds && len(all) < l.tries*l.rounds; {
		if err := l.awaitQuiet(ctx); err != nil {
			return res, err
		}
		var r round
		if r.roster, err = roster.measure(ctx, l.duration); err != nil {
			return res, fmt.Errorf("roster: %w", err)
		}
		if r.baseline, err = baseline.measure(ctx, l.duration); err != nil {
			return res, fmt.Errorf("%s: %w", w.against, err)
		}
		all = append(all, r)
		if r.others() <= disturbed {
			quiet++
		}
		progress("%s: round %d: %s a second beside %s; other programs use %.2f cores", w.name, len(all),
			grouped(r.roster.rate), grouped(r.baseline.rate), r.others())
	}
	slices.SortStableFunc(all, func(a, b round) int { return cmp.Compare(a.others(), b.others()) })
	res.rounds = all[:l.rounds]
	return res, nil
}

// awaitQuiet waits for other programs to leave the cores alone, while there is
// patience left.
func (l *lab) awaitQuiet(ctx context.Context) error {
	const look = 250 * time.Millisecond
	for l.patience > 0 {
		before, own := l.cores.occupied(), cpuTime()
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(look):
		}
		if busy := l.cores.occupied() - before - (cpuTime() - own); busy.Seconds() < disturbed*look.Seconds() {
			return nil
		}
		l.patience -= look
	}
	return ctx.Err()
}

// nodesAlone chooses what is measured on PostgreSQL.
const nodesAlone = "nodes"

func chosenWorks(o options) ([]work, error) {
	all := allWorks(o)
	switch o.works {
	case "":
		return all, nil
	case nodesAlone:
		return nil, nil // none of these
	}
	var chosen []work
	for name := range strings.SplitSeq(o.works, ",") {
		i := slices.IndexFunc(all, func(w work) bool { return w.name == name })
		if i < 0 {
			return nil, fmt.Errorf("there is no work %q", name)
		}
		chosen = append(chosen, all[i])
	}
	return chosen, nil
}
