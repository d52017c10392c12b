package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"time"
)

// profileFor is how long a profile is taken, in seconds.
const profileFor = 8

// printProfile prints where the CPU time of one work goes: flat, and with what was
// called.
func (l *lab) printProfile(ctx context.Context) error {
	file, rate, err := l.takeProfile(ctx, l.profile)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %.0f requests a second, with the profiler on\n", l.profile, rate)
	for _, order := range []string{"-flat", "-cum"} {
		out, err := goPprof(ctx, "-top", "-nodecount=30", order, file)
		fmt.Printf("\n%s\n", out)
		if err != nil {
			return err
		}
	}
	return nil
}

// guiding are the works that the compiler is told of.
var guiding = []string{"get", "unchanged", "list-changed", "create-64", "create-1"}

// writeGuide writes the profile that the compiler optimises the program by
// (go.dev/doc/pgo).
func (l *lab) writeGuide(ctx context.Context) error {
	args := []string{"-proto", "-output=" + l.guide}
	for _, name := range guiding {
		file, rate, err := l.takeProfile(ctx, name)
		if err := errors.Join(err, l.stop()); err != nil {
			return err
		}
		progress("%s: %.0f requests a second, with the profiler on", name, rate)
		args = append(args, file)
	}
	out, err := goPprof(ctx, args...)
	if err != nil {
		return fmt.Errorf("%w\n%s", err, out)
	}
	return nil
}

func goPprof(ctx context.Context, args ...string) ([]byte, error) {
	return exec.CommandContext(ctx, "go", append([]string{"tool", "pprof"}, args...)...).CombinedOutput() //nolint:gosec // files of this program's own
}

// takeProfile drives Roster, wired inside this program, with one work.
func (l *lab) takeProfile(ctx context.Context, name string) (file string, rate float64, err error) {
	l.works = name
	chosen, err := chosenWorks(l.options)
	if err != nil {
		return "", 0, err
	}
	l.wired = true
	roster, _, err := chosen[0].start(ctx, l, chosen[0])
	if err != nil {
		return "", 0, err
	}
	s, ok := roster.(httpSide)
	if !ok {
		return "", 0, fmt.Errorf("%s has no profile", name)
	}
	file = filepath.Join(l.dir, name+".prof")
	fetched := make(chan error, 1)
	go func() { fetched <- fetchProfile(ctx, s.addr, file) }()
	t, err := s.drive(ctx, (profileFor+1)*time.Second)
	return file, float64(len(t.latencies)) / t.elapsed.Seconds(), errors.Join(err, <-fetched)
}

func fetchProfile(ctx context.Context, addr, file string) error {
	time.Sleep(time.Second / 2)
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("http://%s/debug/pprof/profile?seconds=%d", addr, profileFor), http.NoBody)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		return err
	}
	return os.WriteFile(file, b, 0o600)
}
