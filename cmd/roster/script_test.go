package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/dnstest"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"roster": main})
}

// TestScripts runs the scripts in testdata/script, each with servers of its own.
func TestScripts(t *testing.T) {
	t.Parallel()
	postgres := "" // in a short run, where the script that uses it is skipped
	if !testing.Short() {
		postgres = dbtest.Postgres(t)
	}
	names := dnstest.Start(t)
	testscript.Run(t, testscript.Params{
		Dir:                 filepath.Join("testdata", "script"),
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(e *testscript.Env) error {
			e.Setenv("XDG_CONFIG_HOME", filepath.Join(e.WorkDir, "config"))
			e.Setenv("GORACE", "atexit_sleep_ms=0") // each command of a race build would take a second more
			e.Setenv("ROSTER_DATABASE", "sqlite:"+filepath.Join(e.WorkDir, "roster.db"))
			e.Setenv("POSTGRES", postgres) // empty, for the one script that uses it
			e.Setenv("DNS", names.Addr)
			return nil
		},
		Cmds: map[string]func(ts *testscript.TestScript, neg bool, args []string){
			"server": startServer, "exits": exits, "field": field, "trim": trim, "until": until,
			"txt": func(ts *testscript.TestScript, _ bool, args []string) { names.SetTXT(args[0], args[1:]...) }, // txt NAME VALUE...
		},
	})
}

// startServer initializes $ROSTER_DATABASE and serves it: server [FLAG...]. It
// sets ROSTER_URL, SERVER and ROSTER_ORG, ROSTER_TOKEN to the API token, PERSONAL to the
// owner's personal token and OWNER to the owner's id.
func startServer(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(ts.Exec("roster", "init", "--org", "Acme", "--owner-name", "Olivia Owner", "--owner-email", "olivia@example.com", "-o", "json"))
	var d struct{ OrgID, UserID, PersonalToken, APIToken string }
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &d))

	ctx, stop := context.WithCancel(context.Background())
	args = append([]string{
		"serve", "--listen", "127.0.0.1:0", "--metrics-listen", "off", "--log-format", "json", "--database", ts.Getenv("ROSTER_DATABASE"),
	}, args...)
	cmd := exec.CommandContext(ctx, "roster", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "ROSTER_") }), "GORACE=atexit_sleep_ms=0")
	cmd.WaitDelay = 2 * time.Minute
	log, err := cmd.StderrPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	started := make(chan string, 1)
	drained := make(chan struct{})
	go func() {
		defer close(drained)
		lines := bufio.NewReader(log)
		started <- listening(lines)
		_, _ = io.Copy(io.Discard, lines) // the rest is not needed
	}()
	ts.Defer(func() {
		stop()
		<-drained
		if err := cmd.Wait(); err != nil && !errors.Is(err, context.Canceled) {
			ts.Logf("the server ended with: %v", err)
		}
	})
	addr := <-started
	if addr == "" {
		ts.Fatalf("the server did not start")
	}

	for name, value := range map[string]string{
		"ROSTER_URL": "http://" + addr, "SERVER": "http://" + addr, "ROSTER_ORG": d.OrgID, "ROSTER_TOKEN": d.APIToken, "PERSONAL": d.PersonalToken, "OWNER": d.UserID,
	} {
		ts.Setenv(name, value)
	}
}

// listening returns the address in a server's log, or "" if the log ends without one.
func listening(log *bufio.Reader) string {
	for {
		line, err := log.ReadBytes('\n')
		if err != nil {
			return ""
		}
		var entry struct{ Msg, Addr string }
		if json.Unmarshal(line, &entry) == nil && entry.Msg == "listening" {
			return entry.Addr
		}
	}
}

// exits runs a command that must end with a code: exits CODE COMMAND [ARG...].
func exits(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		e, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v", err)
		}
		got = e.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// until runs a command until a line of its output matches a pattern: until PATTERN COMMAND [ARG...].
func until(ts *testscript.TestScript, _ bool, args []string) {
	pattern := regexp.MustCompile(args[0])
	ctx, stop := context.WithTimeout(context.Background(), 2*time.Minute)
	defer stop()
	cmd := exec.CommandContext(ctx, args[1], args[2:]...)
	cmd.Env = append(slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "ROSTER_") }),
		"ROSTER_URL="+ts.Getenv("ROSTER_URL"), "ROSTER_TOKEN="+ts.Getenv("ROSTER_TOKEN"))
	out, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	defer func() {
		stop()
		_ = cmd.Wait() // the signal above ended it
	}()
	for lines := bufio.NewScanner(out); lines.Scan(); {
		if pattern.MatchString(lines.Text()) {
			return
		}
	}
	ts.Fatalf("no line matches %s", args[0])
}

// field saves a member of the JSON object on stdout: field VARIABLE MEMBER.
func field(ts *testscript.TestScript, _ bool, args []string) {
	var object map[string]any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &object))
	value, ok := object[args[1]].(string)
	if !ok {
		ts.Fatalf("the object has no string member %q", args[1])
	}
	ts.Setenv(args[0], value)
}

// trim saves the first line of stdout: trim VARIABLE.
func trim(ts *testscript.TestScript, _ bool, args []string) {
	line, _, _ := strings.Cut(ts.ReadFile("stdout"), "\n")
	ts.Setenv(args[0], line)
}
