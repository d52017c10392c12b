package cli_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// An issuer's life on the command line. Its client's secret comes from a file.
func TestIssuerCommands(t *testing.T) {
	s := apptest.Start(t)
	file := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(file, []byte("the-secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	out, code := roster(t, s, "issuers", "create", "--name", "SSO", "--issuer", "https://sso.example.com", "--client-id", "roster",
		"--client-secret-file", file, "--output", "json")
	if code != 0 || strings.Contains(out, "the-secret") {
		t.Fatalf("create: %d %s", code, out)
	}
	_, id, _ := strings.Cut(out, `"iss_`)
	id, _, _ = strings.Cut("iss_"+id, `"`)
	if out, code := roster(t, s, "issuers", "update", id, "--provision", "--enabled=false"); code != 0 || !strings.Contains(out, "no") {
		t.Errorf("update: %d %s", code, out)
	}
	if out, code := roster(t, s, "issuers", "get", id, "--output", "json"); code != 0 || !strings.Contains(out, `"provision": true`) || !strings.Contains(out, `"enabled": false`) {
		t.Errorf("get: %d %s", code, out)
	}
	if _, code := roster(t, s, "issuers", "update", id, "--group", "nonsense"); code == 0 {
		t.Error("a mapping that can't be read was accepted")
	}
	if out, code := roster(t, s, "issuers", "list"); code != 0 || !strings.Contains(out, id) {
		t.Errorf("list: %d %s", code, out)
	}
	if _, code := roster(t, s, "issuers", "delete", id, "--yes"); code != 0 {
		t.Errorf("delete: %d", code)
	}
	if out, _ := roster(t, s, "issuers", "list"); strings.Contains(out, id) {
		t.Errorf("it is still there: %s", out)
	}
}
