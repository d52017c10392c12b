package crashtest

import (
	"encoding/json"
	"net/http"
	"os"
	"path/filepath"
	"testing"
)

// verifyLog waits until the log of the deployment is sealed whole, and has it
// verified from outside, by the command that an auditor runs.
func verifyLog(t *testing.T, base, token string) {
	t.Helper()
	var last []struct{ Sequence int64 }
	must(t, base, http.StatusOK, ask{method: "GET", path: "/v2/audit?limit=1", token: token}, &last)
	if len(last) != 1 {
		t.Fatal("the log is empty")
	}
	file := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(file, []byte(token), 0o600); err != nil {
		t.Fatal(err)
	}
	var report struct{ First, Sealed int64 }
	waitFor(t, "the log to be sealed", func() bool {
		stdout, stderr, code := roster(t, "audit", "verify", "--url", base, "--token-file", file, "--output", "json")
		if code != 0 {
			t.Fatalf("roster audit verify exits with %d: %s", code, stderr)
		}
		if err := json.Unmarshal([]byte(stdout), &report); err != nil {
			t.Fatal(err)
		}
		return report.Sealed >= last[0].Sequence
	})
	t.Logf("entries %d to %d verify", report.First, report.Sealed)
}
