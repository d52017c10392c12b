package directory_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/webhooks"
)

// queue is the queue of w's webhooks.
func (w *world) queue() *webhooks.Queue { return webhooks.NewQueue(w.DB, dbtest.Keys(), w.Clock) }

// hooked makes a webhook in the first organization.
func (w *world) hooked(in webhooks.NewWebhook) directory.Webhook {
	w.Helper()
	return must(w.CreateWebhook(w.Context(), w.ByOwner(), in))(w).Webhook
}

// waiting lists the actions of the entries that wait for a webhook, in order.
func (w *world) waiting(id directory.WebhookID) string {
	w.Helper()
	list, _, err := w.ListDeliveries(w.Context(), w.ByOwner(), id, directory.DeliveryQuery{State: directory.DeliveryPending, Limit: 5000})
	if err != nil {
		w.Fatal(err)
	}
	var actions []string
	for _, d := range slices.Backward(list) {
		actions = append(actions, d.Action)
	}
	return strings.Join(actions, " ")
}

// Filters know whatever entries can say: every action, and every type of target.
func TestFiltersKnowTheLog(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	f := directory.WebhookFilter{Actions: []string{"pruneAuditLog", "signIn", "getUsers", "*"}, TargetTypes: []string{"auditLog"}}
	for _, op := range operations {
		if !slices.Contains(f.Actions, op.name) {
			f.Actions = append(f.Actions, op.name)
		}
		if !slices.Contains(f.TargetTypes, op.target) {
			f.TargetTypes = append(f.TargetTypes, op.target)
		}
	}
	for actions := range slices.Chunk(f.Actions, 40) { // a filter has 50 at most
		want := directory.WebhookFilter{Actions: actions, TargetTypes: f.TargetTypes}
		got := w.hooked(webhooks.NewWebhook{Name: actions[0], URL: "https://example.com", WebhookFilter: want}).WebhookFilter
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	for _, bad := range []directory.WebhookFilter{{Actions: []string{"createuser"}}, {Actions: []string{"made*"}}, {Actions: []string{""}}, {TargetTypes: []string{"users"}}} {
		_, err := w.CreateWebhook(t.Context(), w.ByOwner(), webhooks.NewWebhook{Name: "w", URL: "https://example.com", WebhookFilter: bad})
		w.Wants(fmt.Sprint(bad), directory.Invalid, err)
	}
}

// A replay goes on where the one before has ended.
func TestReplayInParts(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	id := w.hooked(webhooks.NewWebhook{Name: "w", URL: "https://example.com", WebhookFilter: directory.WebhookFilter{Actions: []string{"createUser"}}}).ID
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
		out := must(w.ReplayWebhook(t.Context(), w.ByOwner(), id, scope))(t)
		total += out.Count
		if out.Count > webhooks.MaxReplay || out.More != (out.NextSequence > 0) || parts > 3 {
			t.Fatalf("part %d: %+v", parts, out)
		}
		if !out.More {
			break
		}
		scope.FromSequence = out.NextSequence
	}
	if want := webhooks.MaxReplay + 6; total != want || len(strings.Fields(w.waiting(id))) != want {
		t.Errorf("%d replayed, %d wait, want %d", total, len(strings.Fields(w.waiting(id))), want)
	}
}
