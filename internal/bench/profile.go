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

// printProfile drives Roster with one work and prints where the CPU time goes:
// flat, and with what was called. The server is wired inside this program.
func (l *lab) printProfile(ctx context.Context) error {
	l.options.works = l.profile
	chosen, err := chosenWorks(l.options)
	if err != nil {
		return err
	}
	l.wired = true
	roster, _, err := chosen[0].start(ctx, l, chosen[0])
	if err != nil {
		return err
	}
	s, ok := roster.(httpSide)
	if !ok {
		return fmt.Errorf("%s has no profile", l.profile)
	}
	file := filepath.Join(l.dir, "cpu.prof")
	fetched := make(chan error, 1)
	go func() { fetched <- fetchProfile(ctx, s.addr, file) }()
	t, err := s.drive(ctx, (profileFor+1)*time.Second)
	if err := errors.Join(err, <-fetched); err != nil {
		return err
	}
	fmt.Printf("%s: %.0f requests a second, with the profiler on\n", l.profile, float64(len(t.latencies))/t.elapsed.Seconds())
	for _, order := range []string{"-flat", "-cum"} {
		//nolint:gosec // the file is this program's own
		out, err := exec.CommandContext(ctx, "go", "tool", "pprof", "-top", "-nodecount=30", order, file).CombinedOutput()
		fmt.Printf("\n%s\n", out)
		if err != nil {
			return err
		}
	}
	return nil
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
