package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// notYet are metrics that exist only after something happened, or only on PostgreSQL.
var notYet = []string{"roster_http_requests_total", "roster_http_request_duration_seconds", "roster_limit_refusals_total", "roster_database_heard_seconds"}

// The rules and the dashboard in deploy/ are valid, the alerts fire when they should, and
// every metric that they name is one that a server has.
func TestAlertsAndDashboard(t *testing.T) {
	t.Parallel()
	const alerts, dashboard = "../../deploy/alerts.yaml", "../../deploy/grafana.json"
	listen, metrics := freeAddr(t), freeAddr(t)
	start(t, nil, "roster", "serve", "--database", initialized(t), "--listen", listen, "--metrics-listen", metrics, "--backup-dir", t.TempDir())
	page := get(t, nil, "http://"+metrics+"/metrics", nil).body

	var file struct{ Panels []json.RawMessage }
	content, err := os.ReadFile(dashboard)
	if err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(content, &file); err != nil || len(file.Panels) < 10 {
		t.Errorf("%s: %v, %d panels", dashboard, err, len(file.Panels))
	}
	rules, err := os.ReadFile(alerts)
	if err != nil {
		t.Fatal(err)
	}
	names := regexp.MustCompile(`\b(?:roster|process)_[a-z_]+`).FindAllString(string(rules)+string(content), -1)
	slices.Sort(names)
	for _, name := range slices.Compact(names) {
		base := strings.TrimSuffix(name, "_bucket")
		if !strings.Contains(page, "# TYPE "+base+" ") && !slices.Contains(notYet, base) {
			t.Errorf("no server has the metric %s", name)
		}
	}
	if testing.Short() {
		t.Skip("a short run does not need promtool")
	}
	for _, args := range [][]string{{"check", "rules", alerts}, {"test", "rules", "../../deploy/alerts_test.yaml"}} {
		if out, err := exec.CommandContext(t.Context(), "promtool", args...).CombinedOutput(); err != nil {
			t.Errorf("promtool %s: %v\n%s", strings.Join(args, " "), err, out)
		}
	}
	lint := exec.CommandContext(t.Context(), "promtool", "check", "metrics")
	lint.Stdin = strings.NewReader(page)
	if out, err := lint.CombinedOutput(); err != nil {
		t.Errorf("promtool check metrics: %v\n%s", err, out)
	}
}
