package sealing_test

import (
	"fmt"
	"testing"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/webhooks"
)

// A log that was accepted with missing entries continues from a lower number. Pending
// deliveries stay pending, and later entries are sent even if their numbers were used
// before.
func TestAcceptedLogsAreDeliveredOn(t *testing.T) {
	w := newWorld(t)
	w.history(3)
	w.seal()
	sealed := directorytest.Must(w.GetCheckpoint(t.Context(), w.ByOwner(), 0))(t).Size
	for i := range 5 {
		w.Join(fmt.Sprintf("Before%d", i), "user")
	}
	queue := webhooks.NewQueue(w.DB, dbtest.Keys(), w.Clock)
	queued := func(id directory.WebhookID) string {
		t.Helper()
		w.Settle()
		w.Wants("queue", "", queue.Fill(t.Context()))
		return w.Waiting(id)
	}
	hook := w.Hook(webhooks.NewWebhook{Name: "h", URL: "https://example.com", WebhookFilter: directory.WebhookFilter{Actions: []string{
		"createUser", "removeUserFromOrg", "acceptAuditEntries", "updateWebhook",
	}}})
	w.Join("Kept", "user")
	lost := w.Join("Lost", "user")
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), w.Join("Alsokept", "user").ID))
	w.Wants("queued", "", directorytest.Same(queued(hook.ID), "createUser createUser createUser removeUserFromOrg"))

	dbtest.Exec(t, w.Database, fmt.Sprintf("DELETE FROM entries WHERE org_id = '%s' AND (sequence > %d AND sequence <= %d OR target_id = '%s')",
		w.Org.ID, sealed, sealed+3, lost.ID))
	w.seal()
	from, to, err := w.sealer.Accept(t.Context(), w.Org.ID)
	if err != nil || from != sealed+1 {
		t.Fatalf("accepted %d to %d: %v", from, to, err)
	}
	if after := directorytest.Must(w.GetWebhook(t.Context(), w.ByOwner(), hook.ID))(t).After; after != hook.After-3 {
		t.Errorf("the webhook counts from %d, before from %d", after, hook.After)
	}
	w.Join("Next", "user")
	w.Wants("queued then", "", directorytest.Same(queued(hook.ID), "createUser createUser removeUserFromOrg acceptAuditEntries updateWebhook createUser"))
	for _, p := range directorytest.Must(queue.Batch(t.Context(), w.Org.ID, hook.ID, 100))(t).Items {
		if p.Entry == nil || p.Entry.Action != p.Action || p.Entry.Target.ID == string(lost.ID) {
			t.Errorf("delivery %d of %s is sent %+v", p.Sequence, p.Action, p.Entry)
		}
	}
	if failures := w.seal(); len(failures) > 0 {
		t.Errorf("not sealed: %v", failures)
	}
	if _, err := w.verify(w.evidence()); err != nil {
		t.Error(err)
	}
}
