package cli_test

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/cli"
)

// roster runs a command against a server, and gives what it printed.
func roster(t *testing.T, s *apptest.Server, args ...string) (stdout string, code int) {
	t.Helper()
	t.Setenv("ROSTER_URL", s.URL)
	t.Setenv("ROSTER_TOKEN", s.PersonalToken)
	t.Setenv("XDG_CONFIG_HOME", t.TempDir())
	root := &cobra.Command{Use: "roster", SilenceUsage: true, SilenceErrors: true}
	root.AddGroup(cli.Groups()...)
	root.AddCommand(cli.Commands()...)
	var out bytes.Buffer
	root.SetOut(&out)
	root.SetErr(io.Discard)
	root.SetArgs(args)
	err := root.ExecuteContext(t.Context())
	if err != nil {
		t.Logf("roster %s: %v", strings.Join(args, " "), err)
	}
	return out.String(), cli.ExitCode(err)
}

// A webhook's life on the command line.
func TestWebhookCommands(t *testing.T) {
	s := apptest.Start(t)
	in := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	defer in.Close()
	want := func(part string, args ...string) string {
		t.Helper()
		out, code := roster(t, s, append([]string{"webhooks"}, args...)...)
		if code != 0 || !strings.Contains(out, part) {
			t.Fatalf("roster webhooks %s: %d %s, want %q", strings.Join(args, " "), code, out, part)
		}
		return out
	}
	exits := func(code int, args ...string) {
		t.Helper()
		if out, got := roster(t, s, append([]string{"webhooks"}, args...)...); got != code {
			t.Errorf("roster webhooks %s: %d %s, want %d", strings.Join(args, " "), got, out, code)
		}
	}
	var made struct{ ID, Secret string }
	out := want("whsec_", "create", "--name", "SIEM", "--webhook-url", in.URL, "--action", "create*", "--target-type", "user", "-o", "json")
	if err := json.Unmarshal([]byte(out), &made); err != nil {
		t.Fatal(err)
	}
	if out := want("create* about user", "list"); strings.Contains(out, "whsec_") {
		t.Errorf("the list shows %s", out)
	}
	want(in.URL, "get", made.ID)
	exits(2, "create", "--name", "x", "--webhook-url", in.URL, "--action", "fly")

	want("all and refused", "update", made.ID, "--action", "", "--target-type", "", "--include-refused")
	if next := want("whsec_", "rotate-secret", made.ID, "--overlap", "1h"); strings.Contains(next, made.Secret) {
		t.Error("the secret is the same")
	}
	exits(2, "rotate-secret", made.ID, "--overlap", "soon")
	want("", "test", made.ID)
	s.Deliver()
	log := want("testWebhook", "deliveries", made.ID, "--state", "delivered", "-o", "csv")
	cell, _, _ := strings.Cut(strings.Split(log, "\n")[1], ",")
	id := strings.Trim(cell, `"`)
	want("pending", "replay", made.ID, "--delivery", id)
	want("0", "replay", made.ID)
	want(`"replayed": `, "replay", made.ID, "--from-sequence", "1", "-o", "json")
	want("0", "replay", made.ID, "--since", "2100-01-01T00:00:00Z")
	exits(2, "replay", made.ID, "--since", "yesterday")
	exits(2, "deliveries", made.ID, "--state", "lost")

	want("no", "update", made.ID, "--enabled=false")
	exits(6, "test", made.ID)
	want("yes", "update", made.ID, "--enabled")
	want("SIEM", "update", made.ID, "--description", "dry", "--dry-run")
	exits(2, "delete", made.ID)
	want("", "delete", made.ID, "--yes")
	exits(5, "get", made.ID)
}
