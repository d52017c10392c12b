package backups

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"
)

// schedule returns a daily schedule that keeps three, whose backups are empty files, and
// the clock's hand.
func schedule(t *testing.T) (*Schedule, *time.Time) {
	t.Helper()
	now := time.Date(2026, 11, 28, 12, 0, 0, 0, time.UTC)
	s, err := Start(Schedule{
		Dir: filepath.Join(t.TempDir(), "new"), Every: 24 * time.Hour, Keep: 3, Log: slog.New(slog.DiscardHandler),
		Clock:  func() time.Time { return now },
		Backup: func(_ context.Context, file string) error { return os.WriteFile(file, nil, 0o600) },
	})
	if err != nil {
		t.Fatal(err)
	}
	return s, &now
}

func (s *Schedule) names(t *testing.T) (names []string) {
	t.Helper()
	files, err := os.ReadDir(s.Dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range files {
		names = append(names, f.Name())
	}
	return names
}

func TestScheduleKeepsTheNewest(t *testing.T) {
	s, now := schedule(t)
	if err := os.WriteFile(filepath.Join(s.Dir, "roster-mine.db"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if wait := s.step(t.Context()); wait != 24*time.Hour {
			t.Errorf("the next backup is due in %s, want 24h", wait)
		}
		*now = now.Add(24 * time.Hour)
	}
	want := []string{"roster-20261130T120000Z.db", "roster-20261201T120000Z.db", "roster-20261202T120000Z.db", "roster-mine.db"}
	if got := s.names(t); !slices.Equal(got, want) {
		t.Errorf("the directory has %q, want %q", got, want)
	}
}

// A restart neither postpones a backup nor makes one too early.
func TestScheduleGoesOnAfterARestart(t *testing.T) {
	s, now := schedule(t)
	s.step(t.Context())
	*now = now.Add(20 * time.Hour)
	again, err := Start(*s)
	if err != nil {
		t.Fatal(err)
	}
	if wait := again.step(t.Context()); wait != 4*time.Hour || len(again.names(t)) != 1 {
		t.Errorf("after a restart, %d backups and the next in %s", len(again.names(t)), wait)
	}
}

// A failed backup deletes no older one, is counted, and is tried again soon.
func TestScheduleSurvivesFailures(t *testing.T) {
	s, now := schedule(t)
	for range 3 {
		s.step(t.Context())
		*now = now.Add(24 * time.Hour)
	}
	before := s.names(t)
	s.Backup = func(context.Context, string) error { return errors.New("the disk is full") }
	if wait := s.step(t.Context()); wait != 15*time.Minute {
		t.Errorf("after a failure, the next try is in %s", wait)
	}
	if got := s.names(t); !slices.Equal(got, before) {
		t.Errorf("after a failure, the directory has %q, want %q", got, before)
	}
}

func TestStartReportsABadDirectory(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := Start(Schedule{Dir: file}); err == nil {
		t.Error("a file was accepted as the directory")
	}
}
