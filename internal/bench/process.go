package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/config"
)

// process is a server under measurement, on the servers' core.
type process struct {
	cmd   *exec.Cmd
	cores *cores
	addr  string

	// Of this program's own servers: commands to them, and what they say.
	stdin io.WriteCloser
	said  *bufio.Scanner
}

// occupied is [cores.occupied] of the core it was started on and the other.
func (p *process) occupied() time.Duration {
	if p.cores == nil {
		return 0
	}
	return p.cores.occupied()
}

// patience is how long a server may take to come up or to go.
const patience = 30 * time.Second

func (l *lab) command(ctx context.Context, name string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, name, args...) //nolint:gosec // it runs itself, or what the flag says
	cmd.Env = append(environment(), "GOMAXPROCS=1", keyVariable+"="+l.keyFile())
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = patience
	return cmd
}

// keyVariable tells a server where the keys of its audit log are.
const keyVariable = "ROSTER_KEY_FILE"

func (l *lab) keyFile() string { return filepath.Join(l.dir, "roster.key") }

// keys are those that all databases of this run are written with.
func (l *lab) keys() (*audit.Keyring, error) {
	if _, err := os.Stat(l.keyFile()); err != nil {
		line, err := audit.GenerateKey("roster.example.com")
		if err != nil {
			return nil, err
		}
		if err := os.WriteFile(l.keyFile(), []byte(line), 0o600); err != nil {
			return nil, err
		}
	}
	return config.Keys("", l.keyFile())
}

// environment is this process's own without settings that would reach a server.
func environment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "ROSTER_") {
			env = append(env, v)
		}
	}
	return env
}

func (l *lab) start(cmd *exec.Cmd) (*process, error) {
	return l.startOn(l.cores, cmd)
}

// startOn starts a process on the servers' core, or, without any, beside this one.
func (l *lab) startOn(c *cores, cmd *exec.Cmd) (*process, error) {
	if err := c.start(cmd); err != nil {
		return nil, fmt.Errorf("start %s: %w", filepath.Base(cmd.Path), err)
	}
	p := &process{cmd: cmd, cores: c}
	l.processes = append(l.processes, p)
	return p, nil
}

// stop ends a process and waits for it.
func (p *process) stop() error {
	if p.stdin != nil {
		_ = p.stdin.Close() // it may have ended already
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	return p.cmd.Wait()
}

// releaseGuide is the profile that releases are compiled by, as in the Makefile.
const releaseGuide = "cmd/roster/release.pgo"

// buildRoster builds the program as it is released, if none was given; in a hurry,
// or elsewhere than in the root of the source, without the profile, for which
// everything would be compiled anew.
func (l *lab) buildRoster(ctx context.Context) error {
	if l.server != "" {
		return nil
	}
	guide := "off"
	if _, err := os.Stat(releaseGuide); err == nil && !l.quick {
		guide = releaseGuide
	}
	l.server = filepath.Join(l.dir, "roster")
	//nolint:gosec // the folder is this program's own
	cmd := exec.CommandContext(ctx, "go", "build", "-trimpath", "-pgo="+guide, "-ldflags", "-s -w", "-o", l.server, "github.com/rosterhq/roster/cmd/roster")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build roster: %w\n%s", err, out)
	}
	return nil
}

// rateLimit is on, and never reached.
const rateLimit = 1_000_000_000

// startRoster starts the program itself on a database, as an operator would. Its
// log goes to a file: to read it would take time of the load generator's core.
func (l *lab) startRoster(ctx context.Context, database string) (*process, error) {
	return l.startRosterOn(ctx, l.cores, database)
}

func (l *lab) startRosterOn(ctx context.Context, c *cores, database string) (*process, error) {
	if l.wired {
		return l.startChild(ctx, "wired", database)
	}
	path := filepath.Join(l.dir, "roster.log")
	log, err := os.Create(path) //nolint:gosec // the folder is this program's own
	if err != nil {
		return nil, err
	}
	defer log.Close() //nolint:errcheck // the server has its own
	cmd := l.command(ctx, l.server, "serve", "--database", database, "--listen", "127.0.0.1:0", "--metrics-listen", "off",
		"--rate-limit", fmt.Sprint(rateLimit), "--log-format", "json")
	cmd.Stderr = log
	p, err := l.startOn(c, cmd)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		logged, err := os.ReadFile(path) //nolint:gosec // same
		if err != nil {
			return nil, err
		}
		if p.addr = announced(logged); p.addr != "" {
			return p, nil
		}
		if time.Now().After(end) {
			return nil, fmt.Errorf("roster serve does not come up:\n%s", logged)
		}
	}
}

func announced(log []byte) string {
	for line := range bytes.Lines(log) {
		var entry struct{ Msg, Server, Addr string }
		if json.Unmarshal(line, &entry) == nil && entry.Msg == "listening" && entry.Server == "api" {
			return entry.Addr
		}
	}
	return ""
}

// startChild starts this program as one of its own servers, which says its
// address first.
func (l *lab) startChild(ctx context.Context, args ...string) (*process, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	cmd := l.command(ctx, self, args...)
	cmd.Env = append(cmd.Env, childVariable+"=1")
	cmd.Stderr = os.Stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		return nil, err
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		return nil, err
	}
	p, err := l.start(cmd)
	if err != nil {
		return nil, err
	}
	p.stdin, p.said = stdin, bufio.NewScanner(stdout)
	if !p.said.Scan() {
		return nil, fmt.Errorf("the %s server does not come up: %w", args[0], errors.Join(p.said.Err(), p.stop()))
	}
	p.addr = p.said.Text()
	return p, nil
}
