// Package backups backs the database up on a schedule and keeps the newest copies.
package backups

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

// Schedule backs up to files in a directory.
type Schedule struct {
	Dir    string
	Every  time.Duration
	Keep   int // how many backups stay; at least 1
	Backup func(ctx context.Context, file string) error
	Log    *slog.Logger
	Clock  func() time.Time

	failures prometheus.Counter
}

// Names are roster-TIME.db, with the time in UTC. Other files in the directory are left
// alone.
const (
	prefix = "roster-"
	layout = "20060102T150405Z"
	suffix = ".db"
)

// retry is how long after a failure a backup is tried again, or Every if that is shorter.
const retry = 15 * time.Minute

// Start checks the schedule and returns it ready to run.
func Start(s Schedule) (*Schedule, error) {
	if err := os.MkdirAll(s.Dir, 0o700); err != nil {
		return nil, fmt.Errorf("the directory for backups: %w", err)
	}
	s.failures = prometheus.NewCounter(prometheus.CounterOpts{
		Name: "roster_backup_failures_total", Help: "Scheduled backups that failed.",
	})
	_, err := s.made()
	return &s, err
}

// Run backs up until ctx ends. The first backup is due when the newest in the directory is
// as old as the interval, so that restarts do not postpone it.
func (s *Schedule) Run(ctx context.Context) {
	for {
		wait := s.step(ctx)
		select {
		case <-ctx.Done():
			return
		case <-time.After(wait):
		}
	}
}

// step makes a backup if one is due, deletes those that are too many, and returns how long
// to wait.
func (s *Schedule) step(ctx context.Context) time.Duration {
	if due := s.due(); due > 0 {
		return due
	}
	if err := s.once(ctx); err != nil {
		if ctx.Err() == nil {
			s.failures.Inc()
			s.Log.Error("the scheduled backup failed", "error", err)
		}
		return min(retry, s.Every)
	}
	return s.due()
}

// due returns how long it is until the next backup.
func (s *Schedule) due() time.Duration {
	times, err := s.made()
	if err != nil || len(times) == 0 {
		return 0
	}
	return times[len(times)-1].Add(s.Every).Sub(s.Clock())
}

func (s *Schedule) once(ctx context.Context) error {
	begun := time.Now()
	file := s.file(s.Clock())
	if err := s.Backup(ctx, file); err != nil {
		return err
	}
	s.Log.Info("backed up", "file", file, "seconds", time.Since(begun).Seconds())
	times, err := s.made()
	for i := 0; i < len(times)-s.Keep; i++ {
		err = errors.Join(err, os.Remove(s.file(times[i])))
	}
	return err
}

func (s *Schedule) file(at time.Time) string {
	return filepath.Join(s.Dir, prefix+at.UTC().Format(layout)+suffix)
}

// made returns the times of the backups in the directory, the oldest first.
func (s *Schedule) made() (times []time.Time, err error) {
	files, err := os.ReadDir(s.Dir)
	if err != nil {
		return nil, fmt.Errorf("the directory for backups: %w", err)
	}
	for _, f := range files {
		if at, err := time.Parse(prefix+layout+suffix, f.Name()); err == nil {
			times = append(times, at)
		}
	}
	slices.SortFunc(times, time.Time.Compare)
	return times, nil
}

// Collectors returns the metrics of the backups. That of the newest is read from the
// directory at every scrape.
func (s *Schedule) Collectors() []prometheus.Collector {
	return []prometheus.Collector{s.failures, prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "roster_backup_newest_timestamp_seconds", Help: "When the newest scheduled backup was made, in seconds since 1970; 0 if there is none.",
	}, func() float64 {
		times, err := s.made()
		if err != nil || len(times) == 0 {
			return 0
		}
		return float64(times[len(times)-1].Unix())
	})}
}
