package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/dnstest"
)

// shell is a shell that stays for all commands of a page, so that its variables do too.
type shell struct {
	dir   string // also the home directory
	url   string
	stdin io.Writer
	kill  func() error
	out   *bufio.Reader
	ids   bindings
	names *dnstest.Server // of the server
}

func newShell(t *testing.T) *shell {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{"var/lib/roster", "etc/roster", "etc/nginx/conf.d", "etc/caddy", "backup", "run"} {
		if err := os.MkdirAll(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	// A status of 400 or more fails the command, and a page's curl calls print nothing but the response.
	write(t, filepath.Join(dir, ".curlrc"), []byte("fail-with-body\nsilent\nshow-error\n"))
	cmd := exec.CommandContext(t.Context(), "bash", "-s")
	cmd.Dir = dir
	cmd.Env = slices.DeleteFunc(os.Environ(), func(v string) bool { return strings.HasPrefix(v, "ROSTER_") })
	cmd.Env = append(cmd.Env, "HOME="+dir, "XDG_CONFIG_HOME="+filepath.Join(dir, "config"), "GORACE=atexit_sleep_ms=0",
		"ROSTER_LISTEN=127.0.0.1:0", "ROSTER_METRICS_LISTEN=off", "ROSTER_LOG_FORMAT=json")
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd.Cancel = stdin.Close // it ends then, with what it started
	cmd.WaitDelay = 2 * time.Minute
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	return &shell{dir: dir, stdin: stdin, kill: cmd.Process.Kill, out: bufio.NewReader(out), ids: bindings{}}
}

// serve starts the page's server. The page acts as the owner; $API is an API token with all capabilities, and
// $RECEIVER the URL of a receiver of webhooks. $PROXY is an address for a proxy.
func (sh *shell) serve(t *testing.T, g guide) {
	t.Helper()
	database := "sqlite:" + filepath.Join(sh.dir, "server.db")
	out, err := exec.CommandContext(t.Context(), "roster", "init", "--database", database, "--org", "Acme",
		"--owner-name", "Olivia Owner", "--owner-email", g.owner, "--output", "json").Output()
	if err != nil {
		t.Fatal(err)
	}
	var made struct{ OrgID, PersonalToken, APIToken string }
	if err := json.Unmarshal(out, &made); err != nil {
		t.Fatal(err)
	}
	sh.names = dnstest.Start(t)
	receiver := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) }))
	t.Cleanup(receiver.Close)
	args := append([]string{
		"serve", "--database", database, "--listen", "127.0.0.1:0", "--metrics-listen", "off", "--log-format", "json", "--access-log", "0",
		"--dns-resolver", sh.names.Addr,
	}, g.flags...)
	cmd := exec.CommandContext(t.Context(), "roster", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = 2 * time.Minute
	log, err := cmd.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewReader(log)
	addr := listening(lines)
	if addr == "" {
		t.Fatal("the server did not start")
	}
	var drained sync.WaitGroup
	drained.Go(func() { _, _ = io.Copy(io.Discard, lines) }) // the rest is not needed
	t.Cleanup(func() {
		drained.Wait()
		_ = cmd.Wait() // the signal above ended it
	})
	sh.url = "http://" + addr
	sh.ids["acme-x7q2"] = made.OrgID
	// Nobody else on this machine listens on a random address of the loopback network.
	proxy := fmt.Sprintf("127.%d.%d.%d:8443", 1+rand.IntN(250), rand.IntN(250), 1+rand.IntN(250))
	sh.run(t, step{command: fmt.Sprintf("export ROSTER_URL=%s ROSTER_TOKEN=%s ME=%[2]s API=%s RECEIVER=%s PROXY=%s",
		sh.url, made.PersonalToken, made.APIToken, receiver.URL, proxy)})
}

// Files and ports in the guides are those of a machine of its own.
var (
	systemPath = regexp.MustCompile(`(^|[\s=:'"@])(/(?:var/lib/roster|etc/roster|backup)\b)`)
	systemPort = regexp.MustCompile(`(--[a-z-]*(?:listen|redirect)[ =])\S*:\d+`)
	challenge  = regexp.MustCompile(`roster-domain-verification=[\w-]+`)
	ownServer  = "127.0.0.1:8080"
)

// real puts the real paths and the real address of the server into a command or file.
func (sh *shell) real(text string) string {
	text = systemPath.ReplaceAllString(text, "${1}"+sh.dir+"${2}")
	text = systemPort.ReplaceAllString(text, "${1}127.0.0.1:0")
	if sh.url != "" {
		text = strings.ReplaceAll(text, ownServer, strings.TrimPrefix(sh.url, "http://"))
	}
	return text
}

// finished ends the output of a command, with its exit code.
const finished = "== finished with code "

// run runs a command and compares its output with what the page shows.
func (sh *shell) run(t *testing.T, s step) {
	t.Helper()
	command := sh.real(sh.ids.apply(s.command))
	script := "{ " + command + "\n} </dev/null 2>run/err; printf '\\n" + finished + "%d\\n' $?\n"
	if s.endless {
		// It has begun once it prints something or listens. Then it is stopped, with all of its pipeline.
		script = "set -m; { " + command + "\n} </dev/null >run/out 2>run/err & set +m\n" +
			"until [ -s run/out ] || grep -q listening run/err || ! kill -0 $!; do sleep 0.02; done\n" +
			"kill -TERM -- -$!; wait $!; code=$?; cat run/out; printf '\\n" + finished + "%d\\n' $(( code == 143 ? 0 : code ))\n"
	}
	if _, err := io.WriteString(sh.stdin, script); err != nil {
		t.Fatal(err)
	}
	late := time.AfterFunc(2*time.Minute, func() { _ = sh.kill() }) // which ends the output
	defer late.Stop()
	var printed strings.Builder
	for {
		line, err := sh.out.ReadString('\n')
		if err != nil {
			t.Fatalf("line %d: %s does not end, or ended the shell: %v", s.line, s.command, err)
		}
		if code, ended := strings.CutPrefix(line, finished); ended {
			if code = strings.TrimSpace(code); (code != "0") != s.fails {
				stderr, _ := os.ReadFile(filepath.Join(sh.dir, "run", "err"))
				t.Fatalf("line %d: %s exits with %s and prints\n%s%s", s.line, s.command, code, printed.String(), stderr)
			}
			break
		}
		if bound := strings.Fields(line); len(bound) == 3 && bound[0] == "bind" { // from the commands before those of the page
			sh.ids[bound[1]] = bound[2]
		}
		if record := challenge.FindString(line); record != "" { // the reader publishes it
			sh.names.SetTXT("_roster-challenge.example.com", record)
		}
		printed.WriteString(line)
	}
	if got := strings.TrimSuffix(printed.String(), "\n"); s.output != "" && !sh.ids.match(s.output, got) {
		t.Errorf("line %d: %s prints\n%s\nwant\n%s", s.line, s.command, got, s.output)
	}
}
