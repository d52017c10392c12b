package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lab is one run: where its files are, what it started and what it found.
type lab struct {
	options
	dir       string
	processes []*process
	report    report
}

// process is a server under measurement.
type process struct {
	cmd  *exec.Cmd
	addr string
	log  string
}

// The server's core and the load generator's.
const (
	serverCore = "0"
	loadCore   = "1"
)

// build compiles Roster as it is released, PocketBase as its example does, and finds wrk.
func (l *lab) build(ctx context.Context) error {
	for _, tool := range []string{"wrk", "taskset"} {
		if _, err := exec.LookPath(tool); err != nil {
			return fmt.Errorf("%s is missing (Debian: apt-get install wrk util-linux)", tool)
		}
	}
	if l.roster == "" {
		progress("building roster")
		l.roster = l.path("roster")
		if err := compile(ctx, "..", l.roster, "-trimpath", "-ldflags=-s -w", "./cmd/roster"); err != nil {
			return err
		}
	}
	info, err := os.Stat(l.roster)
	if err != nil {
		return err
	}
	l.rosterBinary = info.Size()
	key := exec.CommandContext(ctx, l.roster, "key", "generate", "--name", "bench.example.com", "--file", l.path("roster.key"))
	if out, err := key.CombinedOutput(); err != nil {
		return fmt.Errorf("make a key: %w\n%s", err, out)
	}
	if l.pocketbase != "" {
		return nil
	}
	progress("building PocketBase")
	l.pocketbase = l.path("pocketbase")
	return compile(ctx, ".", l.pocketbase, "github.com/pocketbase/pocketbase/examples/base")
}

func compile(ctx context.Context, dir, out string, args ...string) error {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-o", out}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	if b, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build %s: %w\n%s", args[len(args)-1], err, b)
	}
	return nil
}

// start runs a server on a core and waits until its address answers.
func (l *lab) start(core, name, program string, args ...string) (*process, error) {
	addr, err := freeAddr()
	if err != nil {
		return nil, err
	}
	for i, a := range args {
		args[i] = strings.ReplaceAll(a, "ADDR", addr)
	}
	p := &process{addr: addr, log: l.path(name + ".log")}
	log, err := os.Create(p.log)
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the server has its own
	p.cmd = exec.Command("taskset", append([]string{"-c", core, program}, args...)...)
	p.cmd.Env = append(environment(), "GOMAXPROCS=1", "ROSTER_KEY_FILE="+l.path("roster.key"))
	p.cmd.Stdout, p.cmd.Stderr = log, log
	if err := p.cmd.Start(); err != nil {
		return nil, err
	}
	l.processes = append(l.processes, p)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		resp, err := http.Get("http://" + addr + "/")
		if err == nil {
			return p, resp.Body.Close()
		}
	}
	b, _ := os.ReadFile(p.log) //nolint:errcheck // it only explains
	return nil, fmt.Errorf("%s does not come up:\n%s", name, b)
}

// environment is this process's own without settings that would reach a server.
func environment() (env []string) {
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "ROSTER_") {
			env = append(env, v)
		}
	}
	return env
}

func freeAddr() (string, error) {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	return ln.Addr().String(), ln.Close()
}

func (l *lab) stopAll() {
	for _, p := range l.processes {
		_ = p.stop()
	}
	l.processes = nil
}

func (p *process) stop() error {
	if p.cmd.ProcessState != nil {
		return nil
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return p.cmd.Wait()
}

// tick is what /proc counts processor time in (USER_HZ).
const tick = 10 * time.Millisecond

// cpu is the processor time that a process has used, its own and the kernel's.
func (p *process) cpu() time.Duration { return cpuOf(p.cmd.Process.Pid) }

func cpuOf(pid int) time.Duration {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	user, _ := strconv.Atoi(string(fields[11]))
	system, _ := strconv.Atoi(string(fields[12]))
	return time.Duration(user+system) * tick
}

// memory is what of a process is in memory, in MiB: now, or at most so far (VmHWM).
func (p *process) memory(field string) float64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0
	}
	_, rest, _ := strings.Cut(string(b), field+":")
	kib, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	return kib / 1024
}
