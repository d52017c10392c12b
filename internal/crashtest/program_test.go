// Package crashtest runs the real program as a process of its own and takes it
// down: killed, told to stop, or with others beside it on the same database.
package crashtest

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/audit"
)

// patience is how long anything may take that is no measure of its own. It is
// far above what an idle machine needs.
const patience = 2 * time.Minute

var binary struct {
	once sync.Once
	dir  string
	path string
	err  error
}

func TestMain(m *testing.M) {
	code := m.Run()
	if binary.dir != "" {
		_ = os.RemoveAll(binary.dir)
		_ = os.Remove(keyFile())
	}
	os.Exit(code)
}

// program builds the binary once for all tests.
func program(t *testing.T) string {
	t.Helper()
	binary.once.Do(func() {
		if binary.dir, binary.err = os.MkdirTemp("", "roster-crashtest-"); binary.err != nil {
			return
		}
		binary.path = filepath.Join(binary.dir, "roster")
		out, err := exec.Command("go", "build", "-o", binary.path, "github.com/rosterhq/roster/cmd/roster").CombinedOutput()
		if err != nil {
			binary.err = fmt.Errorf("%w\n%s", err, out)
		}
	})
	if binary.err != nil {
		t.Fatalf("build the program: %v", binary.err)
	}
	return binary.path
}

// environment is the test's own without settings that would reach the program.
func environment() []string {
	var env []string
	for _, v := range os.Environ() {
		if !strings.HasPrefix(v, "ROSTER_") {
			env = append(env, v)
		}
	}
	return append(env, "ROSTER_KEY_FILE="+keyFile())
}

// keyFile is what all nodes of all tests are given.
var keyFile = sync.OnceValue(func() string {
	line, err := audit.GenerateKey("roster.example.com")
	if err != nil {
		panic(err)
	}
	f, err := os.CreateTemp("", "roster-crashtest-*.key")
	if err == nil {
		_, err = f.WriteString(line)
	}
	if err = errors.Join(err, f.Close()); err != nil {
		panic(err)
	}
	return f.Name()
})

// roster runs a command to its end.
func roster(t *testing.T, args ...string) (stdout, stderr string, code int) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), program(t), args...)
	var out, errOut bytes.Buffer
	cmd.Env, cmd.Stdout, cmd.Stderr = environment(), &out, &errOut
	err := cmd.Run()
	if _, exited := errors.AsType[*exec.ExitError](err); err != nil && !exited {
		t.Fatalf("run roster %s: %v", args[0], err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

// deployment is what `roster init` printed, and where.
type deployment struct {
	path          string // of the database's file, if it is one
	url           string // of the database, if it is a server's
	OrgID         string
	UserID        string
	PersonalToken string
	APIToken      string
}

func (d deployment) database() string {
	if d.url != "" {
		return d.url
	}
	return "sqlite:" + d.path
}

func (d deployment) initArgs() []string {
	return []string{
		"init", "--database", d.database(), "--org", "Acme", "--owner-name", "Olivia Owner",
		"--owner-email", "owner@example.com", "--output", "json",
	}
}

func initialize(t *testing.T) deployment {
	t.Helper()
	return deployment{path: filepath.Join(t.TempDir(), "roster.db")}.initialize(t)
}

func (d deployment) initialize(t *testing.T) deployment {
	t.Helper()
	stdout, stderr, code := roster(t, d.initArgs()...)
	if code != 0 {
		t.Fatalf("roster init exits with %d: %s", code, stderr)
	}
	if err := json.Unmarshal([]byte(stdout), &d); err != nil {
		t.Fatalf("roster init prints %q: %v", stdout, err)
	}
	return d
}

// personalToken makes a token as the operator does.
func (d deployment) personalToken(t *testing.T, email string) string {
	t.Helper()
	stdout, stderr, code := roster(t, "admin", "create-personal-token", "--database", d.database(), "--user", email, "--output", "json")
	if code != 0 {
		t.Fatalf("roster admin create-personal-token exits with %d: %s", code, stderr)
	}
	var made struct{ Token string }
	if err := json.Unmarshal([]byte(stdout), &made); err != nil || made.Token == "" {
		t.Fatalf("roster admin create-personal-token prints %q: %v", stdout, err)
	}
	return made.Token
}

// server is a `roster serve` under way.
type server struct {
	t    *testing.T
	cmd  *exec.Cmd
	URL  string
	addr chan string
	done chan struct{} // closed when the process has ended

	mu  sync.Mutex
	log bytes.Buffer
}

// launch starts a server and does not wait for it.
func (d deployment) launch(t *testing.T, flags ...string) *server {
	t.Helper()
	cmd := exec.Command(program(t), append([]string{
		"serve", "--listen", "127.0.0.1:0", "--metrics-listen", "127.0.0.1:0",
		"--rate-limit", "100000000", "--log-format", "json",
	}, flags...)...)
	cmd.Env = append(environment(), "ROSTER_DATABASE="+d.database())
	stderr, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("start roster serve: %v", err)
	}
	s := &server{t: t, cmd: cmd, addr: make(chan string, 1), done: make(chan struct{})}
	go func() {
		defer close(s.done)
		lines := bufio.NewScanner(stderr)
		for lines.Scan() {
			s.read(lines.Bytes())
		}
		_ = cmd.Wait() // how it ended is in ProcessState
	}()
	t.Cleanup(s.kill)
	return s
}

func (s *server) read(line []byte) {
	s.mu.Lock()
	fmt.Fprintf(&s.log, "%s\n", line)
	s.mu.Unlock()
	var entry struct{ Msg, Server, Addr string }
	if json.Unmarshal(line, &entry) == nil && entry.Msg == "listening" && entry.Server == "api" {
		s.addr <- entry.Addr
	}
}

// logged is what the server has logged so far.
func (s *server) logged() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.log.String()
}

// serve starts a server and waits until it listens.
func (d deployment) serve(t *testing.T, flags ...string) *server {
	t.Helper()
	s := d.launch(t, flags...)
	select {
	case addr := <-s.addr:
		s.URL = "http://" + addr
	case <-s.done:
		t.Fatalf("roster serve ends at once:\n%s", s.logged())
	case <-time.After(patience):
		t.Fatalf("roster serve does not listen:\n%s", s.logged())
	}
	return s
}

// kill ends the process as power loss would, as far as the program can tell.
func (s *server) kill() {
	_ = s.cmd.Process.Kill() // it may have ended already
	<-s.done
}

// terminate asks the process to stop.
func (s *server) terminate() {
	s.t.Helper()
	if err := s.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		s.t.Fatal(err)
	}
}

// exitCode waits for the end of the process.
func (s *server) exitCode() int {
	s.t.Helper()
	select {
	case <-s.done:
	case <-time.After(patience):
		s.t.Fatalf("roster serve does not end:\n%s", s.logged())
	}
	return s.cmd.ProcessState.ExitCode()
}
