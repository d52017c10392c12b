package directory_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
)

// hooked makes a webhook in the first organization.
func (w *world) hooked(in directory.NewWebhook) directory.Webhook {
	w.Helper()
	return must(w.CreateWebhook(w.Context(), w.byOwner(), in))(w).Webhook
}

// queued queues what is in the log, and gives the actions of what waits for a
// webhook, in order.
func (w *world) queued(id directory.WebhookID) string {
	w.Helper()
	w.settle()
	if err := w.QueueNow(w.Context()); err != nil {
		w.Fatal(err)
	}
	return w.waiting(id)
}

func (w *world) waiting(id directory.WebhookID) string {
	w.Helper()
	list, _, err := w.ListDeliveries(w.Context(), w.byOwner(), id, directory.DeliveryQuery{State: directory.DeliveryPending, Limit: 5000})
	if err != nil {
		w.Fatal(err)
	}
	var actions []string
	for _, d := range slices.Backward(list) {
		actions = append(actions, d.Action)
	}
	return strings.Join(actions, " ")
}

// Only who wants an entry when it is written is queued it, by action, type of
// target, and while it is enabled.
func TestWhoIsSentWhat(t *testing.T) {
	w := newWorld(t)
	w.join("Before", "user")
	hook := func(name string, f directory.WebhookFilter) directory.WebhookID {
		return w.hooked(directory.NewWebhook{Name: name, URL: "https://example.com", WebhookFilter: f}).ID
	}
	wants := map[directory.WebhookID]string{
		hook("prefix", directory.WebhookFilter{Actions: []string{"create*"}, TargetTypes: []string{"user", "role"}}): "createUser createRole createUser",
		hook("exact", directory.WebhookFilter{Actions: []string{"deleteRole", "updateUserRole"}}):                    "updateUserRole deleteRole",
		hook("type", directory.WebhookFilter{TargetTypes: []string{"role"}}):                                         "createRole deleteRole",
	}
	rival := w.tenant("Rival")
	must(w.CreateWebhook(t.Context(), w.by(rival), directory.NewWebhook{Name: "r", URL: "https://example.com"}))(t)
	jane := w.join("Jane", "user")
	must(w.UpdateUserRole(t.Context(), w.byOwner(), jane.ID, "admin"))(t)
	role := w.role("Role")
	w.wants("delete", "", w.DeleteRole(t.Context(), w.byOwner(), role.ID))
	w.join("John", "user")
	for id, want := range wants {
		if got := w.queued(id); got != want {
			t.Errorf("%s waits for %s, want %s", got, id, want)
		}
	}

	// What was refused is for who asks for it, also of what reads and what tests.
	all, done := hook("refused too", directory.WebhookFilter{Refusals: true, TargetTypes: []string{"user"}}), hook("done", directory.WebhookFilter{TargetTypes: []string{"user"}})
	for _, op := range []directory.Operation{directory.OpListUsers, directory.OpTestWebhook} {
		w.wants("record a refusal", "", w.RecordRefusal(t.Context(), w.by(jane), op, directory.Target{Type: "user"}, directory.Errorf(directory.Forbidden, "no")))
	}
	if got, gotDone := w.queued(all), w.queued(done); got != "getUsers testWebhook" || gotDone != "" {
		t.Errorf("with refusals waits %q, without %q", got, gotDone)
	}

	// What happens while it is disabled is not for it, and what waits is given up.
	id := hook("off and on", directory.WebhookFilter{Actions: []string{"createUser"}})
	w.join("A", "user")
	if got := w.queued(id); got != "createUser" {
		t.Errorf("%q waits", got)
	}
	set := func(enabled bool) {
		in := directory.NewWebhook{Name: "off and on", URL: "https://example.com", WebhookFilter: directory.WebhookFilter{Actions: []string{"createUser"}}, Enabled: &enabled}
		must(w.UpdateWebhook(t.Context(), w.byOwner(), id, in))(t)
	}
	set(false)
	w.join("B", "user")
	set(true)
	w.join("C", "user")
	if got := w.queued(id); got != "createUser" {
		t.Errorf("enabled again: %q waits", got)
	}
	list, _, err := w.ListDeliveries(t.Context(), w.byOwner(), id, directory.DeliveryQuery{Limit: 10})
	if err != nil || len(list) != 2 || list[1].State != directory.DeliveryDead || list[1].Failure != "the webhook was disabled" {
		t.Errorf("%+v, %v", list, err)
	}
}

// Filters know whatever entries can say: every action, and every type of target.
func TestFiltersKnowTheLog(t *testing.T) {
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
	got := w.hooked(directory.NewWebhook{Name: "w", URL: "https://example.com", WebhookFilter: f}).WebhookFilter
	if diff := cmp.Diff(f, got); diff != "" {
		t.Error(diff)
	}
	for _, bad := range []directory.WebhookFilter{{Actions: []string{"createuser"}}, {Actions: []string{"made*"}}, {Actions: []string{""}}, {TargetTypes: []string{"users"}}} {
		_, err := w.CreateWebhook(t.Context(), w.byOwner(), directory.NewWebhook{Name: "w", URL: "https://example.com", WebhookFilter: bad})
		w.wants(fmt.Sprint(bad), directory.Invalid, err)
	}
}

// When the server's key is rotated, receivers that were shown a secret of the key
// before go on taking what is sent, and who is shown one now gets the new key's.
func TestSecretsOutliveTheKey(t *testing.T) {
	w := newWorld(t)
	older, newer := newKey(t), newKey(t)
	service := func(keys ...string) *directory.Service {
		ring, err := audit.ParseKeyring([]byte(strings.Join(keys, "\n")))
		if err != nil {
			t.Fatal(err)
		}
		return directory.NewService(w.db, ring, w.clock.Now)
	}
	shown := func(hook directory.IssuedWebhook, err error) []byte {
		t.Helper()
		secret, decodeErr := base64.StdEncoding.DecodeString(strings.TrimPrefix(must(hook, err)(t).Secret, "whsec_"))
		return must(secret, decodeErr)(t)
	}
	before, both, after := service(older), service(newer, older), service(newer)
	made := must(before.CreateWebhook(t.Context(), w.byOwner(), newHook("w")))(t)
	first := shown(made, nil)
	signs := func(s *directory.Service, secret []byte) bool {
		t.Helper()
		keys := must(s.Consignment(t.Context(), w.org.ID, made.ID, 1))(t).Keys
		return slices.ContainsFunc(keys, func(k []byte) bool { return bytes.Equal(k, secret) })
	}
	if !signs(before, first) || !signs(both, first) || signs(after, first) {
		t.Error("the secret signs while its key is there, and no longer")
	}
	second := shown(both.RotateWebhookSecret(t.Context(), w.byOwner(), made.ID, time.Time{}))
	if !signs(both, first) || !signs(both, second) || !signs(after, second) || signs(before, second) {
		t.Error("a new secret is of the new key; the one before signs for a while")
	}
	w.pass(directory.DefaultSecretOverlap)
	if signs(both, first) || !signs(both, second) {
		t.Error("the secret before is over")
	}
}

func newKey(t *testing.T) string {
	t.Helper()
	return must(audit.GenerateKey("roster.example.com"))(t)
}

// Many that queue at a time queue each entry once; one that was overtaken goes on
// from there.
func TestQueueingAtOnce(t *testing.T) {
	w := newWorld(t)
	id := w.hooked(directory.NewWebhook{Name: "w", URL: "https://example.com", WebhookFilter: directory.WebhookFilter{Actions: []string{"createUser"}}}).ID
	var wg sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	for range 3 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := w.QueueNow(ctx); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 20 {
		w.join(fmt.Sprint("user", i), "user")
	}
	stop()
	wg.Wait()
	if got := len(strings.Fields(w.queued(id))); got != 20 {
		t.Errorf("%d wait, want 20", got)
	}
}

// A replay goes on where the one before has ended.
func TestReplayInParts(t *testing.T) {
	w := newWorld(t)
	id := w.hooked(directory.NewWebhook{Name: "w", URL: "https://example.com", WebhookFilter: directory.WebhookFilter{Actions: []string{"createUser"}}}).ID
	err := w.db.Write(t.Context(), func(tx directory.Tx) error {
		last, at, err := tx.LastOrgEntry(w.org.ID)
		if err != nil {
			return err
		}
		for i := range int64(directory.MaxReplay + 5) {
			e := directory.Entry{Sequence: last + 1 + i, At: at, OrgID: w.org.ID, Action: "createUser", Target: directory.Target{Type: "user", ID: "usr_x"}}
			if err := tx.AppendEntry(e); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	scope, total := directory.ReplayScope{FromSequence: 1}, 0
	for parts := 0; ; parts++ {
		out := must(w.ReplayWebhook(t.Context(), w.byOwner(), id, scope))(t)
		total += out.Count
		if out.Count > directory.MaxReplay || out.More != (out.NextSequence > 0) || parts > 3 {
			t.Fatalf("part %d: %+v", parts, out)
		}
		if !out.More {
			break
		}
		scope.FromSequence = out.NextSequence
	}
	if want := directory.MaxReplay + 6; total != want || len(strings.Fields(w.waiting(id))) != want {
		t.Errorf("%d replayed, %d wait, want %d", total, len(strings.Fields(w.waiting(id))), want)
	}
}

// What the log does not have any more is given up at once and does not count
// against the receiver.
func TestOutcomes(t *testing.T) {
	w := newWorld(t)
	id := w.hooked(directory.NewWebhook{Name: "w", URL: "https://example.com", WebhookFilter: directory.WebhookFilter{Actions: []string{"createUser"}}}).ID
	for i := range 3 {
		w.join(fmt.Sprint("user", i), "user")
	}
	w.queued(id)
	consign := func() directory.Consignment {
		t.Helper()
		return must(w.Consignment(t.Context(), w.org.ID, id, 10))(t)
	}
	record := func(attempts ...directory.Attempt) int {
		t.Helper()
		for i := range attempts {
			attempts[i].At, attempts[i].URL = w.clock.Now(), "https://example.com"
		}
		return must(w.RecordAttempts(t.Context(), w.org.ID, id, attempts))(t)
	}
	c := consign()
	if len(c.Parcels) != 3 || len(c.Keys) != 1 || c.Parcels[0].Entry == nil {
		t.Fatalf("%+v", c)
	}
	dead := record(
		directory.Attempt{Delivery: c.Parcels[0].Delivery, Failure: "no", Hopeless: true},
		directory.Attempt{Delivery: c.Parcels[1].Delivery, Failure: "no"},
		directory.Attempt{Delivery: c.Parcels[2].Delivery, Status: 200},
	)
	if dead != 1 || w.waiting(id) != "createUser" {
		t.Errorf("%d dead, %q waits", dead, w.waiting(id))
	}
	if len(consign().Parcels) != 0 {
		t.Error("it is due at once")
	}
	if q := must(w.DueQueues(t.Context(), false, 10))(t); len(q) != 0 {
		t.Errorf("due: %v", q)
	}
	w.pass(time.Minute)
	if q := must(w.DueQueues(t.Context(), false, 10))(t); len(q) != 1 || q[0].Failures != 0 {
		t.Errorf("due: %v; a receiver that took something does not fail", q)
	}

	// What was replayed while it was under way stays queued.
	c = consign()
	must(w.ReplayDelivery(t.Context(), w.byOwner(), id, directory.MessageID(w.org.ID, c.Parcels[0].Sequence)))(t)
	record(directory.Attempt{Delivery: c.Parcels[0].Delivery, Status: 200})
	if w.waiting(id) != "createUser" {
		t.Error("the replay is lost")
	}
	w.wants("another's", directory.NotFound, second(w.ReplayDelivery(t.Context(), w.byOwner(), id, directory.MessageID("other-x7q2", c.Parcels[0].Sequence))))
	for _, message := range []string{"", "msg_", "msg_" + string(w.org.ID) + "_", "msg_" + string(w.org.ID) + "_0", "msg_" + string(w.org.ID) + "_+1", "msg_" + string(w.org.ID) + "_99999"} {
		w.wants(message, directory.NotFound, second(w.ReplayDelivery(t.Context(), w.byOwner(), id, message)))
	}

	// A deleted webhook has nothing to record; one that has moved is not gone.
	moved := directory.NewWebhook{Name: "w", URL: "https://example.net"}
	must(w.UpdateWebhook(t.Context(), w.byOwner(), id, moved))(t)
	record(directory.Attempt{Delivery: consign().Parcels[0].Delivery, Status: 410, Failure: "gone", Gone: true})
	if hook := must(w.GetWebhook(t.Context(), w.byOwner(), id))(t); !hook.Enabled {
		t.Errorf("disabled for what its old address has said: %+v", hook)
	}
	w.wants("delete", "", w.DeleteWebhook(t.Context(), w.byOwner(), id))
	if n := record(directory.Attempt{Delivery: c.Parcels[0].Delivery, Status: 200}); n != 0 {
		t.Errorf("%d dead", n)
	}
	w.wants("gone", directory.NotFound, second(w.Consignment(t.Context(), w.org.ID, id, 1)))
}
