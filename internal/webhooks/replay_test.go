package webhooks_test

import (
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/webhooks"
)

// A replay continues where the one before has ended.
func TestReplayInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.Hook(webhooks.NewWebhook{Name: "w", URL: "https://example.com", WebhookFilter: directory.WebhookFilter{Actions: []string{"createUser"}}}).ID
	err := w.DB.Write(t.Context(), func(tx directory.Tx) error {
		last, at, err := tx.LastOrgEntry(w.Org.ID)
		if err != nil {
			return err
		}
		for i := range int64(webhooks.MaxReplay + 5) {
			e := directory.Entry{Sequence: last + 1 + i, At: at, OrgID: w.Org.ID, Action: "createUser", Target: directory.Target{Type: "user", ID: "usr_x"}}
			if err := tx.AppendEntry(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	scope, total := webhooks.ReplayScope{FromSequence: 1}, 0
	for parts := 0; ; parts++ {
		out := directorytest.Must(w.ReplayWebhook(t.Context(), w.ByOwner(), id, scope))(t)
		total += out.Count
		if out.Count > webhooks.MaxReplay || out.More != (out.NextSequence > 0) || parts > 3 {
			t.Fatalf("part %d: %+v", parts, out)
		}
		if !out.More {
			break
		}
		scope.FromSequence = out.NextSequence
	}
	if want := webhooks.MaxReplay + 6; total != want || len(strings.Fields(w.Waiting(id))) != want {
		t.Errorf("%d replayed, %d wait, want %d", total, len(strings.Fields(w.Waiting(id))), want)
	}
}
