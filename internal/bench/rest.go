package main

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"strconv"
	"strings"
	"time"
)

// rest is what Roster takes before and between requests, with the most users.
type rest struct {
	users  int
	start  time.Duration // from the start of the process to the first answer
	idle   int64         // bytes of memory then
	full   int64         // and when every user has been asked for
	binary int64         // bytes of the program's file
}

// starts is how often a start is measured.
const starts = 5

// atRest measures starts of the program on a database that was measured before.
func (l *lab) atRest(ctx context.Context) (r rest, err error) {
	r.users = l.most
	o, ok := l.seeded[l.most]
	if !ok {
		return r, nil // it was not among the works
	}
	file, err := os.Stat(l.server)
	if err != nil {
		return r, err
	}
	r.binary, r.full = file.Size(), l.full
	var took, idle []float64
	for range starts {
		begun := time.Now()
		p, err := l.startRoster(ctx, o.database)
		if err != nil {
			return r, err
		}
		if c, err := probe(ctx, p.addr, "/v2/users/"+o.ids[0], o.token, ""); err != nil || c.Status != http.StatusOK {
			return r, fmt.Errorf("the first answer has status %d: %w", c.Status, err)
		}
		took = append(took, float64(time.Since(begun)))
		idle = append(idle, float64(p.memory()))
		if err := l.stop(); err != nil {
			return r, err
		}
	}
	r.start, r.idle = time.Duration(median(took)), int64(median(idle))
	return r, nil
}

// memory is how much of the machine's memory a process has now (proc(5), VmRSS).
func (p *process) memory() int64 {
	status, err := os.ReadFile("/proc/" + strconv.Itoa(p.cmd.Process.Pid) + "/status")
	if err != nil {
		return 0
	}
	for line := range strings.Lines(string(status)) {
		if fields := strings.Fields(line); len(fields) == 3 && fields[0] == "VmRSS:" {
			kib, _ := strconv.ParseInt(fields[1], 10, 64)
			return kib << 10
		}
	}
	return 0
}

// markdown writes a table; nothing if nothing was measured.
func (r rest) markdown() string {
	if r.binary == 0 {
		return ""
	}
	return fmt.Sprintf(`
Before and between requests, with %s users:

| what | Roster |
| --- | ---: |
| from the start of the process to the first answer | %s |
| memory then | %s |
| memory when every user has been asked for | %s |
| the program's file | %s |
`, grouped(float64(r.users)), timed(float64(r.start)), mebibytes(r.idle), mebibytes(r.full), mebibytes(r.binary))
}

func mebibytes(n int64) string { return fmt.Sprintf("%.1f MiB", float64(n)/(1<<20)) }
