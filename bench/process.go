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
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// lab is one run: where its files are, and what it started.
type lab struct {
	options
	dir       string
	processes []*process
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

// build compiles Roster as it is released, and finds wrk.
func (l *lab) build(ctx context.Context) {
	for _, tool := range []string{"wrk", "taskset"} {
		if _, err := exec.LookPath(tool); err != nil {
			check(fmt.Errorf("%s is missing (Debian: apt-get install wrk util-linux)", tool))
		}
	}
	if l.roster == "" {
		progress("building roster")
		l.roster = l.path("roster")
		compile(ctx, "..", l.roster, "-trimpath", "-ldflags=-s -w", "./cmd/roster")
	}
	output(exec.CommandContext(ctx, l.roster, "key", "generate", "--name", "bench.example.com", "--file", l.path("roster.key")))
}

// peer returns another program to measure: from the directory of those that are built
// already, or built in a module's directory.
func (l *lab) peer(ctx context.Context, name, module, pkg string) string {
	built := filepath.Join(l.peers, name)
	if l.peers == "" {
		built = l.path(name)
	}
	if _, err := os.Stat(built); err != nil {
		progress("building %s", name)
		compile(ctx, module, built, "-ldflags=-s", pkg)
	}
	return must(filepath.Abs(built))
}

func compile(ctx context.Context, dir, out string, args ...string) {
	cmd := exec.CommandContext(ctx, "go", append([]string{"build", "-o", out}, args...)...)
	cmd.Dir, cmd.Env = dir, append(os.Environ(), "CGO_ENABLED=0")
	output(cmd)
}

// output runs a program to its end.
func output(cmd *exec.Cmd) []byte {
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		check(fmt.Errorf("%s: %w\n%s%s", strings.Join(cmd.Args, " "), err, out, stderr.Bytes()))
	}
	return out
}

// start runs a server on a core and waits until its address answers.
func (l *lab) start(core, name, program string, args ...string) *process {
	addr, other := freeAddr(), freeAddr()
	for i, a := range args {
		args[i] = strings.NewReplacer("ADDR", addr, "OTHER", other).Replace(a)
	}
	p := &process{addr: addr, log: l.path(name + ".log")}
	log := must(os.Create(p.log))
	defer log.Close() //nolint:errcheck // the server has its own
	p.cmd = exec.Command("taskset", append([]string{"-c", core, program}, args...)...)
	p.cmd.Env = append(environment(), "GOMAXPROCS=1", "ROSTER_KEY_FILE="+l.path("roster.key"))
	p.cmd.Stdout, p.cmd.Stderr = log, log
	check(p.cmd.Start())
	l.processes = append(l.processes, p)
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(time.Millisecond) {
		resp, err := http.Get("http://" + addr + "/")
		if err == nil {
			check(resp.Body.Close())
			return p
		}
	}
	check(fmt.Errorf("%s does not come up:\n%s", name, must(os.ReadFile(p.log))))
	return nil
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

func freeAddr() string {
	ln := must(net.Listen("tcp", "127.0.0.1:0"))
	defer ln.Close() //nolint:errcheck // the server finds out
	return ln.Addr().String()
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
func (p *process) cpu() time.Duration {
	b := must(os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid)))
	fields := bytes.Fields(b[bytes.LastIndexByte(b, ')')+1:])
	user, _ := strconv.Atoi(string(fields[11]))
	system, _ := strconv.Atoi(string(fields[12]))
	return time.Duration(user+system) * tick
}

// memory is what of a process is in memory, in MiB: now, or at most so far (VmHWM).
func (p *process) memory(field string) float64 {
	b := must(os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid)))
	_, rest, _ := strings.Cut(string(b), field+":")
	kib, _ := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	return kib / 1024
}
