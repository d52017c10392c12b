// Package docs_test keeps the documentation honest.
package docs_test

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/httpapi/apidoc/apidoctest"
	"github.com/rosterhq/roster/internal/protocol"
)

const root = ".."

var link = regexp.MustCompile(`\]\(([^)#]+)(#[^)]*)?\)`)

// Every link to a file leads to one.
func TestLinks(t *testing.T) {
	var pages []string
	for _, pattern := range []string{root + "/*.md", "*.md", "*/*.md", root + "/examples/*/*.md"} {
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

// module is how the paths of our packages begin.
const module = "github.com/rosterhq/roster/"

// packages lists ours, each with what it imports. Packages within cmd/NAME,
// internal/NAME or client count as that one.
func packages(t *testing.T) map[string][]string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "go", "list", "-f", "{{.ImportPath}} {{join .Imports \" \"}}", "./...")
	cmd.Dir = root
	out, err := cmd.Output()
	if err != nil {
		t.Fatal(err)
	}
	all := make(map[string][]string)
	for line := range strings.Lines(string(out)) {
		fields := strings.Fields(line)
		if name := unit(fields[0]); name != "docs" { // has nothing but tests
			all[name] = append(all[name], fields[1:]...)
		}
	}
	return all
}

// unit is the package of ours that path counts as; "" for another's.
func unit(path string) string {
	path, ours := strings.CutPrefix(path, module)
	if !ours {
		return ""
	}
	parts := strings.Split(path, "/")
	if parts[0] == "client" {
		return parts[0]
	}
	return strings.Join(parts[:min(len(parts), 2)], "/")
}

var quoted = regexp.MustCompile("`([^`]+)`")

// The layers keep to the imports that ARCHITECTURE.md tells, of every package.
func TestImports(t *testing.T) {
	allowed := make(map[string][]string) // nil: any
	_, table, _ := strings.Cut(read(t, root+"/ARCHITECTURE.md"), "| package | imports of ours, at most |\n| --- | --- |\n")
	for line := range strings.Lines(table) {
		cells := strings.Split(line, "|")
		if len(cells) != 4 {
			break
		}
		may := []string{}
		for _, m := range quoted.FindAllStringSubmatch(cells[2], -1) {
			may = append(may, m[1])
		}
		switch what, _, _ := strings.Cut(strings.TrimSpace(cells[2]), ":"); {
		case what == "any":
			may = nil
		case len(may) == 0 && what != "none":
			t.Errorf("what may %s import? %s", cells[1], cells[2])
		}
		for _, m := range quoted.FindAllStringSubmatch(cells[1], -1) {
			allowed[m[1]] = may
		}
	}
	all := packages(t)
	for name := range allowed {
		if _, there := all[name]; !there {
			t.Errorf("there is no package %s", name)
		}
	}
	for name, imports := range all {
		may, known := allowed[name]
		if !known {
			t.Errorf("ARCHITECTURE.md does not say what %s may import", name)
			continue
		}
		domain := slices.Contains([]string{"internal/directory", "internal/authz", "internal/egress", "internal/networks", "internal/ident", "internal/text"}, name)
		for _, imported := range imports {
			ours := unit(imported)
			if domain && ours == "" && strings.Contains(imported, ".") {
				t.Errorf("%s imports %s: the domain keeps to the standard library", name, imported)
			}
			if ours != "" && strings.HasSuffix(imported, "test") && !strings.HasSuffix(name, "test") {
				t.Errorf("%s imports %s, which is for tests", name, imported)
			}
			if ours != "" && ours != name && may != nil && !slices.Contains(may, ours) {
				t.Errorf("%s imports %s", name, imported)
			}
		}
	}
}

// owners are the packages that alone call some of the store's methods.
var owners = map[string][]string{
	"internal/follow":  {"SetCursor"},
	"internal/sealing": {"PutTile", "CreateCheckpoint", "RenumberEntry", "DropEntries", "DropLostDeliveries"},
	"internal/mail":    {"ReserveMail", "DropMails", "SetInvitationMailed"},
	"internal/identity": {
		"CreateSession", "EndSessionIn", "UsePasskey", "FinishCeremony", "CreateDomain", "MarkDomain", "CreateIssuerLink", "UseIssuerLink",
	},
	"internal/webhooks": {
		"AddDelivery", "PutDelivery", "RequeueDead", "EndDeliveries", "SetQueue", "DueDeliveries", "DueQueues", "WakeQueue", "DropDeliveries",
	},
}

// Only their owner moves cursors, changes sealed history, queues deliveries and starts sessions. The
// store implements these methods, and tests may call them.
func TestOwners(t *testing.T) {
	calls := make(map[string]map[string]bool) // method → packages
	err := filepath.WalkDir(root+"/internal", func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		b, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name := unit(module + filepath.ToSlash(strings.TrimPrefix(filepath.Dir(path), root+"/")))
		for _, m := range regexp.MustCompile(`\.([A-Z]\w*)\(`).FindAllStringSubmatch(string(b), -1) {
			if calls[m[1]] == nil {
				calls[m[1]] = make(map[string]bool)
			}
			calls[m[1]][name] = true
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	for owner, methods := range owners {
		for _, method := range methods {
			if !calls[method][owner] {
				t.Errorf("%s does not call %s", owner, method)
			}
			for name := range calls[method] {
				if name != owner && name != "internal/store" && !strings.HasSuffix(name, "test") {
					t.Errorf("%s calls %s, which is for %s", name, method, owner)
				}
			}
		}
	}
}

// Every package is in the list of them, and every line of it is one.
func TestArchitectureListsEveryPackage(t *testing.T) {
	listed := make(map[string]bool)
	for _, m := range regexp.MustCompile(`(?m)^    (\S+)/ {2,}\S`).FindAllStringSubmatch(read(t, root+"/ARCHITECTURE.md"), -1) {
		listed[m[1]] = true
	}
	all := packages(t)
	for name := range all {
		if !listed[name] {
			t.Errorf("%s is not in ARCHITECTURE.md's list", name)
		}
	}
	for name := range listed {
		if _, there := all[name]; !there {
			t.Errorf("ARCHITECTURE.md lists %s, which is no package", name)
		}
	}
}

// The introduction of the API description says of every code of errors what to do.
func TestErrorsInTheAPIDescription(t *testing.T) {
	page := read(t, root+"/internal/httpapi/apidoc/openapi.yaml")
	for code, status := range protocol.Statuses {
		if line := fmt.Sprintf("    - %d %#q: ", status, code); !strings.Contains(page, line) {
			t.Errorf("%q is missing", line)
		}
	}
}
