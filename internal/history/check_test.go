package history_test

import (
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/webhooks"
)

// The check finds every change that the log does not have.
func TestCheckLogFindsWhatDiffers(t *testing.T) {
	t.Parallel()
	statements := map[string]string{
		"a user's role":     `UPDATE users SET role_id = 'admin' WHERE name = 'Jane'`,
		"a user who is not": `DELETE FROM users WHERE name = 'Jane'`,
		"a role":            `UPDATE roles SET capabilities = '{}'`,
		"a group's members": `DELETE FROM group_members`,
		"a group's roles":   `DELETE FROM group_roles`,
		"a token's end":     `UPDATE api_tokens SET expires_at = 0`,
		"a webhook's URL":   `UPDATE webhooks SET url = 'https://attacker.example.net/'`,
		"the name":          `UPDATE orgs SET name = 'Other'`,
		"an entry's state":  `UPDATE entries SET after = '{"name":"Nobody"}' WHERE target_type = 'role'`,
		"an entry":          `DELETE FROM entries WHERE sequence = 6`,
		"the first entry":   `UPDATE entries SET action = 'x', before = after WHERE sequence = 1`,
	}
	for what, statement := range statements {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			role := w.Role("Role", "users|read")
			jane := w.Join("Jane", role.ID)
			w.Group("Group", []directory.UserID{jane.ID}, "read-only")
			must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{Name: "x", ExpiresAt: w.now().Add(time.Hour)}))(t)
			hook := must(w.CreateWebhook(t.Context(), w.ByOwner(), webhooks.NewWebhook{Name: "x", URL: "https://example.com/x"}))(t)
			must(w.RotateWebhookSecret(t.Context(), w.ByOwner(), hook.ID, time.Time{}))(t)
			must(w.ReplayWebhook(t.Context(), w.ByOwner(), hook.ID, webhooks.ReplayScope{FromSequence: 1}))(t)
			w.Wants("before", "", w.CheckLog(t.Context(), w.Org.ID))
			dbtest.Exec(t, w.Database, statement)
			if err := w.CheckLog(t.Context(), w.Org.ID); err == nil {
				t.Error("nothing is found")
			} else {
				t.Log(err)
			}
		})
	}
	w := newWorld(t)
	w.Wants("no organization", directory.NotFound, w.CheckLog(t.Context(), "nowhere"))
}
