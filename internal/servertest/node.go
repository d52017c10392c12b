package servertest

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
)

// StartIssuer starts the OpenID Connect issuer of tools/issuer with a client, and returns
// its URL. It ends with the test. It needs Node.js; npm installs the locked packages once.
func StartIssuer(t testing.TB, clientID, clientSecret, redirect string) string {
	t.Helper()
	dir := installed(t, "issuer")
	issuer := exec.CommandContext(t.Context(), "node", "issuer.mjs", clientID, clientSecret, redirect)
	issuer.Dir, issuer.Stderr = dir, t.Output()
	stdin, err := issuer.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := issuer.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := issuer.Start(); err != nil {
		t.Fatalf("start the issuer: %v", err)
	}
	t.Cleanup(func() {
		_ = stdin.Close() // it exits then
		_ = issuer.Wait() // with whatever code
	})
	lines := bufio.NewScanner(stdout)
	for lines.Scan() {
		if url := lines.Text(); strings.HasPrefix(url, "http://") {
			go func() {
				for lines.Scan() { // so that it never waits
				}
			}()
			return url
		}
	}
	t.Fatal("the issuer printed no URL")
	return ""
}

var installing sync.Mutex

// installed returns the directory of a tool in tools/. npm installs its locked packages
// once.
func installed(t testing.TB, tool string) string {
	t.Helper()
	installing.Lock()
	defer installing.Unlock()
	_, here, _, _ := runtime.Caller(0)
	dir := filepath.Join(filepath.Dir(here), "..", "..", "tools", tool)
	if _, err := os.Stat(filepath.Join(dir, "node_modules")); err != nil {
		install := exec.CommandContext(t.Context(), "npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
		install.Dir = dir
		if out, err := install.CombinedOutput(); err != nil {
			t.Fatalf("npm ci in tools/%s: %v\n%s", tool, err, out)
		}
	}
	return dir
}
