package auditlog_test

import (
	"bytes"
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/webhooks"
)

// Erased, a former user's name, email and addresses are nowhere in the log; ids
// are, and the log verifies against what was signed before.
func TestEraseUser(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Janine", "admin")
	call := w.By(jane)
	call.RemoteAddr, call.UserAgent = "198.51.100.77", "janines-laptop"
	token := must(w.CreateAPIToken(t.Context(), call, credentials.NewAPIToken{Name: "CI"}))(t)
	_ = must(w.UpdateSelf(t.Context(), call, members.SelfUpdate{Name: new("Janine Doe")}))(t)
	w.Wants("delete the token", "", w.DeleteAPIToken(t.Context(), w.ByOwner(), token.ID))
	// Her name is also removed from tokens, webhooks and credentials that others still use.
	kept := must(w.CreateAPIToken(t.Context(), call, credentials.NewAPIToken{Name: "kept"}))(t)
	hook := must(w.CreateWebhook(t.Context(), call, webhooks.NewWebhook{Name: "hook", URL: "https://example.com/hook"}))(t)
	must(w.UpdateWebhook(t.Context(), w.ByOwner(), hook.ID, webhooks.NewWebhook{Name: "changed", URL: "https://example.com/changed"}))(t)
	must(w.CreateApplication(t.Context(), w.ByOwner(), applications.NewApplication{ID: "wiki", Name: "Wiki"}))(t)
	cred, old := must(w.CreateCredential(t.Context(), call, "wiki"))(t), must(w.CreateCredential(t.Context(), call, "wiki"))(t)
	w.Wants("delete the credential", "", w.DeleteCredential(t.Context(), w.ByOwner(), "wiki", old.ID))
	w.Refused("of a user", directory.Conflict, "", func() error {
		_, err := w.EraseUser(t.Context(), w.ByOwner(), jane.ID)
		return err
	})
	w.Refused("by an admin", directory.Forbidden, "", func() error {
		_, err := w.EraseUser(t.Context(), call, jane.ID)
		return err
	})
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), jane.ID))
	w.Refused("of nobody", directory.NotFound, "", func() error {
		_, err := w.EraseUser(t.Context(), w.ByOwner(), "usr_06h0tznb294kc6smm97b5r4g8g")
		return err
	})
	w.Seal()
	before := directorytest.Evidence(w, w.Trail, w.ByOwner())

	dry := w.ByOwner()
	dry.DryRun = new(access.Diff)
	tried := must(w.EraseUser(t.Context(), dry, jane.ID))(t)
	if !bytes.Contains(w.Export(w.Org.ID), []byte("Janine")) {
		t.Fatal("a dry run erased")
	}
	n := must(w.EraseUser(t.Context(), w.ByOwner(), jane.ID))(t)
	if n != tried || n < 5 {
		t.Errorf("%d entries, tried %d", n, tried)
	}
	for name, rows := range dbtest.Tables(t, w.Database) {
		for _, row := range rows {
			for _, gone := range []string{"Janine", "janine", "198.51.100.77", "laptop"} {
				if bytes.Contains([]byte(row), []byte(gone)) {
					t.Errorf("%s has %s: %s", name, gone, row)
				}
			}
		}
	}
	if !bytes.Contains(w.Export(w.Org.ID), []byte(jane.ID)) {
		t.Error("ids are gone too")
	}
	w.Wants("the log", "", w.CheckLog(t.Context(), w.Org.ID))
	must(w.UpdateWebhook(t.Context(), w.ByOwner(), hook.ID, webhooks.NewWebhook{Name: "again", URL: "https://example.com/"}))(t)
	w.Wants("the log, with a change since", "", w.CheckLog(t.Context(), w.Org.ID))
	usage := must(w.GetTokenUsage(t.Context(), w.ByOwner(), kept.ID))(t)
	credentials := must(w.ListCredentials(t.Context(), w.ByOwner(), "wiki"))(t)
	if len(credentials) != 1 || credentials[0].ID != cred.ID {
		t.Fatalf("%+v", credentials)
	}
	for _, by := range []directory.Actor{usage.Token.CreatedBy, credentials[0].CreatedBy, must(w.GetWebhook(t.Context(), w.ByOwner(), hook.ID))(t).CreatedBy} {
		if by.UserID != jane.ID || by.Name != "" {
			t.Errorf("made by %+v", by)
		}
	}
	if _, err := w.Verify(before); err != nil {
		t.Errorf("against what was signed before: %v", err)
	}
	w.Seal()
	report, err := w.Verify(directorytest.Evidence(w, w.Trail, w.ByOwner()))
	if err != nil || report.Erased < 4 {
		t.Errorf("%+v, %v", report, err)
	}
	_ = must(w.EraseUser(t.Context(), w.ByOwner(), jane.ID))(t) // again changes nothing
	w.Seal()
	if again, err := w.Verify(directorytest.Evidence(w, w.Trail, w.ByOwner())); err != nil || again.Erased != report.Erased {
		t.Errorf("again: %+v, %v", again, err)
	}
}

// An erasure that was cut off is not said to be done: repeated under its idempotency
// key, as clients do by themselves, it goes on.
func TestErasureGoesOnUnderItsKey(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Janine", "admin")
	call := w.By(jane)
	kept := must(w.CreateAPIToken(t.Context(), call, credentials.NewAPIToken{Name: "kept"}))(t)
	w.Wants("remove", "", w.RemoveUser(t.Context(), w.ByOwner(), jane.ID))
	writes := 0
	db := cutOff{w.DB, func() bool { writes++; return writes > 1 }}
	cut := auditlog.New(directory.NewService(db, dbtest.Keys(), w.Clock), db, dbtest.Keys())
	call = w.ByOwner()
	call.IdempotencyKey, call.Fingerprint = "k", []byte("erase")
	if _, err := cut.EraseUser(t.Context(), call, jane.ID); !errors.Is(err, errCut) {
		t.Fatalf("cut off after the first transaction: %v", err)
	}
	if !w.holds("Janine") {
		t.Fatal("nothing was left to erase")
	}
	last := w.LastEntry()
	if n := must(w.EraseUser(t.Context(), call, jane.ID))(t); n < 3 {
		t.Errorf("the repeated call says %d entries", n)
	}
	if w.holds("Janine") {
		t.Error("the repeated call says it is done, and the name is there still")
	}
	if entries := w.Since(last); len(entries) > 0 {
		t.Errorf("the repeated call is in the log: %+v", entries)
	}
	if by := must(w.GetTokenUsage(t.Context(), w.ByOwner(), kept.ID))(t).Token.CreatedBy; by.UserID != jane.ID || by.Name != "" {
		t.Errorf("made by %+v", by)
	}
	w.Seal()
	if _, err := w.Verify(directorytest.Evidence(w, w.Trail, w.ByOwner())); err != nil {
		t.Error(err)
	}
}

var errCut = errors.New("the server was killed")

// cutOff is a store whose writes fail when it is told so.
type cutOff struct {
	directory.Store
	now func() bool
}

func (s cutOff) Write(ctx context.Context, fn func(directory.Tx) error) error {
	if s.now() {
		return errCut
	}
	return s.Store.Write(ctx, fn)
}

// holds says whether a text is anywhere in the database.
func (w *world) holds(text string) bool {
	w.Helper()
	for _, rows := range w.Tables() {
		for _, row := range rows {
			if strings.Contains(row, text) {
				return true
			}
		}
	}
	return false
}
