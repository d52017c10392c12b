package directory_test

import (
	"fmt"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/webhooks"
)

// queue is the queue of w's webhooks.
func (w *world) queue() *webhooks.Queue { return webhooks.NewQueue(w.DB, dbtest.Keys(), w.Clock) }

// Filters accept whatever entries can have: every action, and every type of target.
func TestFiltersAcceptWhatTheLogHas(t *testing.T) {
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
		got := w.Hook(webhooks.NewWebhook{Name: actions[0], URL: "https://example.com", WebhookFilter: want}).WebhookFilter
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
	}
	for _, bad := range []directory.WebhookFilter{{Actions: []string{"createuser"}}, {Actions: []string{"made*"}}, {Actions: []string{""}}, {TargetTypes: []string{"users"}}} {
		_, err := w.CreateWebhook(t.Context(), w.ByOwner(), webhooks.NewWebhook{Name: "w", URL: "https://example.com", WebhookFilter: bad})
		w.Wants(fmt.Sprint(bad), directory.Invalid, err)
	}
}
