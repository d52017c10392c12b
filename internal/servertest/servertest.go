// Package servertest builds servers and clients of other projects, pinned in tools/, so that
// tests run against the real thing.
package servertest

import (
	"os/exec"
	"path/filepath"
	"runtime"
	"testing"
)

// Build builds a program of a package that tools/servers/go.mod lists as a tool, and
// returns its path. The Go build cache makes repeated builds quick.
func Build(t testing.TB, pkg string) string {
	t.Helper()
	_, here, _, _ := runtime.Caller(0)
	program := filepath.Join(t.TempDir(), filepath.Base(pkg))
	build := exec.CommandContext(t.Context(), "go", "build", "-o", program, pkg)
	build.Dir = filepath.Join(filepath.Dir(here), "..", "..", "tools", "servers")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("build %s: %v\n%s", pkg, err, out)
	}
	return program
}
