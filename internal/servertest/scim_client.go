package servertest

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
)

// RunSCIMClient builds tools/scimclients, has it make the calls of a public SCIM client to a
// server, and returns a line for each case: ok and its name, or what was wrong.
func RunSCIMClient(t testing.TB, url, token string) []string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	program := filepath.Join(t.TempDir(), "scimclients")
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, ".")
	build.Dir = filepath.Join(filepath.Dir(here), "..", "..", "tools", "scimclients")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build the SCIM client: %v\n%s", err, out)
	}
	out, err := exec.CommandContext(t.Context(), program, url, token).CombinedOutput()
	if err != nil {
		t.Fatalf("run the SCIM client: %v\n%s", err, out)
	}
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}
