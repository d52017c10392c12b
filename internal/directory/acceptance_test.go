package directory_test

import (
	"fmt"
	"testing"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
)

// A log that was accepted with entries missing counts on from a lower number. What is
// on its way stays on its way, and what comes then is sent, whatever of these
// numbers there has been before.
func TestAcceptedLogsAreDeliveredOn(t *testing.T) {
	w := newWorld(t)
	w.history(3)
	w.seal()
	sealed := must(w.GetCheckpoint(t.Context(), w.byOwner(), 0))(t).Size
	for i := range 5 {
		w.join(fmt.Sprintf("Before%d", i), "user")
	}
	hook := w.hooked(directory.NewWebhook{Name: "h", URL: "https://example.com", WebhookFilter: directory.WebhookFilter{Actions: []string{
		"createUser", "removeUserFromOrg", "acceptAuditEntries", "updateWebhook",
	}}})
	w.join("Kept", "user")
	lost := w.join("Lost", "user")
	w.wants("remove", "", w.RemoveUser(t.Context(), w.byOwner(), w.join("Alsokept", "user").ID))
	w.wants("queued", "", same(w.queued(hook.ID), "createUser createUser createUser removeUserFromOrg"))

	dbtest.Exec(t, w.database, fmt.Sprintf("DELETE FROM entries WHERE org_id = '%s' AND (number > %d AND number <= %d OR target_id = '%s')",
		w.org.ID, sealed, sealed+3, lost.ID))
	w.seal()
	from, to, err := w.AcceptEntries(t.Context(), w.org.ID)
	if err != nil || from != sealed+1 {
		t.Fatalf("accepted %d to %d: %v", from, to, err)
	}
	if after := must(w.GetWebhook(t.Context(), w.byOwner(), hook.ID))(t).After; after != hook.After-3 {
		t.Errorf("the webhook counts from %d, before from %d", after, hook.After)
	}
	w.join("Next", "user")
	w.wants("queued then", "", same(w.queued(hook.ID), "createUser createUser removeUserFromOrg acceptAuditEntries updateWebhook createUser"))
	for _, p := range must(w.Consignment(t.Context(), w.org.ID, hook.ID, 100))(t).Parcels {
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

func same(got, want string) error {
	if got == want {
		return nil
	}
	return fmt.Errorf("%q, want %q", got, want)
}
