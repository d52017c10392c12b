package dbtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// Pair is a PostgreSQL primary and a standby that has every commit before it is
// acknowledged.
type Pair struct {
	URL string // of both: whichever is the primary

	t       testing.TB
	dir     string
	bin     string
	ports   [2]int
	servers [2]*exec.Cmd
}

// NewPair starts a primary and its standby, which end with the test.
func NewPair(t testing.TB) *Pair {
	t.Helper()
	Cluster(t) // else the programs may be missing
	dir, err := os.MkdirTemp("", "roster-pair-")
	if err != nil {
		t.Fatal(err)
	}
	p := &Pair{t: t, dir: dir, bin: os.Getenv("ROSTER_TEST_POSTGRES_BIN")}
	t.Cleanup(p.remove)
	if u, err := user.Lookup("postgres"); os.Getuid() == 0 && err == nil { // PostgreSQL refuses to run as root
		uid, _ := strconv.Atoi(u.Uid)
		if err := os.Chown(dir, uid, -1); err != nil {
			t.Fatal(err)
		}
	}
	for i := range p.ports {
		p.ports[i] = freePort(t)
	}
	p.URL = fmt.Sprintf("postgres://postgres@127.0.0.1:%d,127.0.0.1:%d/postgres?sslmode=disable", p.ports[0], p.ports[1])
	p.run("initdb", "-D", p.data(0), "-A", "trust", "-U", "postgres", "-E", "UTF8", "-N")
	p.start(0)
	p.run("pg_basebackup", "-D", p.data(1), "-R", "-N", "-c", "fast", "-d",
		fmt.Sprintf("host=127.0.0.1 port=%d user=postgres application_name=standby", p.ports[0]))
	p.start(1)
	// Only now that there is one must the standby have what is acknowledged.
	primary := fmt.Sprintf("postgres://postgres@127.0.0.1:%d/postgres?sslmode=disable", p.ports[0])
	Exec(t, primary, "ALTER SYSTEM SET synchronous_standby_names = 'standby'")
	Exec(t, primary, "SELECT pg_reload_conf()")
	return p
}

func (p *Pair) data(i int) string { return filepath.Join(p.dir, strconv.Itoa(i)) }

// command runs one of PostgreSQL's programs as a user that may.
func (p *Pair) command(name string, args ...string) *exec.Cmd {
	args = append([]string{filepath.Join(p.bin, name)}, args...)
	if os.Getuid() == 0 {
		args = append([]string{"setpriv", "--reuid=postgres", "--regid=postgres", "--clear-groups"}, args...)
	}
	cmd := exec.Command(args[0], args[1:]...) // outlives the test's context
	cmd.Dir = "/"
	return cmd
}

func (p *Pair) run(name string, args ...string) {
	p.t.Helper()
	if out, err := p.command(name, args...).CombinedOutput(); err != nil {
		p.t.Fatalf("%s: %v\n%s", name, err, out)
	}
}

// start starts a server and waits until it answers.
func (p *Pair) start(i int) {
	p.t.Helper()
	cmd := p.command("postgres", "-D", p.data(i), "-p", strconv.Itoa(p.ports[i]), "-c", "listen_addresses=127.0.0.1",
		"-c", "unix_socket_directories=", "-c", "max_connections=200", "-c", "wal_receiver_status_interval=1s",
		"-c", "wal_retrieve_retry_interval=200ms") // no commit is acknowledged before the standby is back
	log, err := os.Create(filepath.Join(p.dir, strconv.Itoa(i)+".log"))
	if err != nil {
		p.t.Fatal(err)
	}
	cmd.Stdout, cmd.Stderr = log, log
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.servers[i] = cmd
	for begun := time.Now(); ; time.Sleep(20 * time.Millisecond) {
		out, err := p.command("pg_isready", "-h", "127.0.0.1", "-p", strconv.Itoa(p.ports[i])).CombinedOutput()
		if err == nil {
			return
		}
		if time.Since(begun) > 2*time.Minute {
			p.t.Fatalf("the server does not start: %s", out)
		}
	}
}

// KillPrimary ends the primary and all its processes as power loss would.
func (p *Pair) KillPrimary() { p.kill(0) }

// RestartPrimary starts a primary that was killed, and returns when it takes
// writes again.
func (p *Pair) RestartPrimary() {
	p.t.Helper()
	p.start(0)
}

// Promote makes the standby the primary, and returns when it takes writes. It
// waits for no standby of its own.
func (p *Pair) Promote() {
	p.t.Helper()
	p.run("pg_ctl", "-D", p.data(1), "-w", "promote")
}

func (p *Pair) kill(i int) {
	cmd := p.servers[i]
	if cmd == nil {
		return
	}
	p.servers[i] = nil
	// The postmaster's children have process groups of their own.
	children, _ := exec.CommandContext(context.Background(), "pgrep", "-P", strconv.Itoa(cmd.Process.Pid)).Output()
	_ = cmd.Process.Kill()
	for _, child := range strings.Fields(string(children)) {
		if pid, err := strconv.Atoi(child); err == nil {
			_ = syscall.Kill(pid, syscall.SIGKILL)
		}
	}
	_ = cmd.Wait()
}

func (p *Pair) remove() {
	p.kill(0)
	p.kill(1)
	if p.t.Failed() {
		for _, name := range []string{"0.log", "1.log"} {
			log, _ := os.ReadFile(filepath.Join(p.dir, name)) // a test's own
			p.t.Logf("%s:\n%s", name, log)
		}
	}
	if err := os.RemoveAll(p.dir); err != nil {
		p.t.Error(err)
	}
}

// freePort gives a port that is free, and that the system gives nobody who asks for
// any: it is to be free still when it is used.
func freePort(t testing.TB) int {
	t.Helper()
	for range 100 {
		port := 10_000 + rand.IntN(20_000)
		l, err := new(net.ListenConfig).Listen(t.Context(), "tcp", fmt.Sprint("127.0.0.1:", port))
		if err == nil {
			_ = l.Close()
			return port
		}
	}
	t.Fatal("no port is free")
	return 0
}
