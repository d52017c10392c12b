package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// machine is what the numbers depend on besides the programs.
type machine struct {
	cpu     string
	cores   string
	goText  string
	sync    time.Duration // median of an fsync after 4 KiB
	ceiling float64       // requests a second that the load generator reaches
}

// describe finds out about the machine and the load generator.
func (r *report) describe(ctx context.Context, l *lab) (err error) {
	r.machine = machine{cpu: cpuModel(), goText: fmt.Sprintf("%s %s/%s", runtime.Version(), runtime.GOOS, runtime.GOARCH), cores: "nothing is pinned"}
	if l.cores != nil {
		r.machine.cores = l.cores.text
	}
	if r.machine.sync, err = measureSync(filepath.Join(l.dir, "sync")); err != nil {
		return err
	}
	if r.machine.ceiling, err = l.ceiling(ctx); err != nil {
		return err
	}
	progress("an fsync takes %v; the load generator reaches %.0f requests a second", r.machine.sync.Round(time.Microsecond), r.machine.ceiling)
	return nil
}

func cpuModel() string {
	f, err := os.Open("/proc/cpuinfo")
	if err != nil {
		return runtime.GOARCH
	}
	defer f.Close() //nolint:errcheck // it was only read
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if name, value, ok := strings.Cut(lines.Text(), ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return runtime.GOARCH
}

// measureSync measures how long the disk takes to say that it has a page.
func measureSync(file string) (time.Duration, error) {
	f, err := os.Create(file) //nolint:gosec // the folder is this program's own
	if err != nil {
		return 0, err
	}
	page := make([]byte, 4096)
	var took []time.Duration
	for range 200 {
		begun := time.Now()
		if _, err = f.Write(page); err == nil {
			err = f.Sync()
		}
		if err != nil {
			return 0, errors.Join(err, f.Close())
		}
		took = append(took, time.Since(begun))
	}
	slices.Sort(took)
	return quantile(took, 0.5), f.Close()
}

// ceiling is how fast the load generator is by itself: against a server that
// does nothing at all. A server that comes near it was not measured.
func (l *lab) ceiling(ctx context.Context) (float64, error) {
	answer := "HTTP/1.1 200 OK\r\nContent-Length: 128\r\nContent-Type: application/json\r\n" +
		"Date: Mon, 01 Jan 2024 00:00:00 GMT\r\nX-Axiom-Trace-Id: 00000000000000000000000000000000\r\n\r\n" + strings.Repeat("x", 128)
	file := filepath.Join(l.dir, "constant.txt")
	if err := os.WriteFile(file, []byte(answer), 0o600); err != nil {
		return 0, err
	}
	p, err := l.startChild(ctx, "constant", file)
	if err != nil {
		return 0, err
	}
	request := requestFor("GET", "/v2/users/"+userID(0), "xaat-00000000-0000-4000-8000-000000000000", "", "")
	s := httpSide{p, connections{16, true}, func(int) traffic { return same{request, 200, 128} }}
	var rates []float64
	for range l.rounds {
		t, err := s.drive(ctx, l.duration/4)
		if err != nil {
			return 0, err
		}
		rates = append(rates, float64(len(t.latencies))/t.elapsed.Seconds())
	}
	return median(rates), l.stop()
}
