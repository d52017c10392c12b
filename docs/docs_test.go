// Package docs_test keeps the documentation honest.
package docs_test

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/httpapi/apidoc/apidoctest"
)

const root = ".."

var link = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)

// Every link to a file leads to one.
func TestLinks(t *testing.T) {
	var pages []string
	for _, pattern := range []string{root + "/*.md", "*.md", "*/*.md"} {
		found, err := filepath.Glob(pattern)
		if err != nil {
			t.Fatal(err)
		}
		pages = append(pages, found...)
	}
	if len(pages) < 12 {
		t.Fatalf("only %d pages were found", len(pages))
	}
	for _, page := range pages {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(b), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			if _, err := os.Stat(filepath.Join(filepath.Dir(page), m[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", page, m[1])
			}
		}
	}
}

// Every direct dependency has its line, and every line is one.
func TestDependencies(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "mod", "edit", "-json")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	var mod struct {
		Require []struct {
			Path     string
			Indirect bool
		}
	}
	if err := json.Unmarshal(out, &mod); err != nil {
		t.Fatal(err)
	}
	page := read(t, "dependencies.md")
	direct := make(map[string]bool)
	for _, r := range mod.Require {
		if direct[r.Path] = !r.Indirect; !r.Indirect && !strings.Contains(page, r.Path) {
			t.Errorf("%s is not explained", r.Path)
		}
	}
	for _, m := range regexp.MustCompile(`(?m)^\| ([a-z]\S*\.\S+)`).FindAllStringSubmatch(page, -1) {
		if path := strings.TrimSuffix(m[1], ","); !direct[path] {
			t.Errorf("%s is explained, but no direct dependency", path)
		}
	}
}

// Every operation is in the compatibility notes.
func TestCompatibility(t *testing.T) {
	v, err := apidoctest.New()
	if err != nil {
		t.Fatal(err)
	}
	page := read(t, "compatibility.md")
	for _, op := range v.Operations() {
		if !strings.Contains(page, "`"+op.ID+"`") {
			t.Errorf("%s is missing", op.ID)
		}
	}
}

func read(t *testing.T, name string) string {
	t.Helper()
	b, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// imports says what each package of ours may import of ours; the others wire
// everything together.
var imports = map[string][]string{
	"internal/authz":     {},
	"internal/audit":     {},
	"internal/forms":     {},
	"internal/directory": {"internal/audit", "internal/authz", "internal/forms"},
	"internal/store":     {"internal/audit", "internal/authz", "internal/directory"},
	"internal/outbox":    {"internal/directory"},
	"internal/httpapi":   {"internal/authz", "internal/directory", "internal/httpapi/apidoc"},
	"internal/config":    {"internal/audit"},
	"internal/tracing":   {},
	"internal/cli":       {"client", "internal/audit", "internal/progress"},
	"internal/progress":  {},
	"client":             {},
}

// The layers keep to their imports.
func TestImports(t *testing.T) {
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	const module = "github.com/rosterhq/roster/"
	seen := 0
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		allowed, ok := imports[strings.TrimPrefix(fields[0], module)]
		if !ok {
			continue
		}
		seen++
		for _, imported := range fields[1:] {
			ours, isOurs := strings.CutPrefix(imported, module)
			domain := strings.HasSuffix(fields[0], "/directory") || strings.HasSuffix(fields[0], "/authz") || strings.HasSuffix(fields[0], "/forms")
			if domain && !isOurs && strings.Contains(imported, ".") {
				t.Errorf("%s imports %s: the domain keeps to the standard library", fields[0], imported)
			}
			if isOurs && !strings.Contains(" "+strings.Join(allowed, " ")+" ", " "+ours+" ") {
				t.Errorf("%s imports %s", fields[0], imported)
			}
		}
	}
	if seen != len(imports) {
		t.Errorf("%d of %d packages were found", seen, len(imports))
	}
}
