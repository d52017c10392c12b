package webhooks_test

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

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/egress"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/webhooks"
)

// world has a queue of deliveries.
type world struct {
	*directorytest.World
	queue *webhooks.Queue
}

func newWorld(t testing.TB) *world {
	w := directorytest.New(t)
	return &world{w, webhooks.NewQueue(w.DB, dbtest.Keys(), w.Clock)}
}

// queued queues what is in the log, and lists the actions of what waits for a webhook,
// in order.
func (w *world) queued(id directory.WebhookID) string {
	w.Helper()
	w.Settle()
	w.Wants("queue", "", w.queue.Fill(w.Context()))
	return w.Waiting(id)
}

func second[A, B any](_ A, b B) B { return b }

// Only who wants an entry when it is written is queued it, by action, type of
// target, and while it is enabled.
func TestWhoIsSentWhat(t *testing.T) {
	w := newWorld(t)
	w.Join("Before", "user")
	hook := func(name string, f directory.WebhookFilter) directory.WebhookID {
		return w.Hook(webhooks.NewWebhook{Name: name, URL: "https://example.com", WebhookFilter: f}).ID
	}
	wants := map[directory.WebhookID]string{
		hook("prefix", directory.WebhookFilter{Actions: []string{"create*"}, TargetTypes: []string{"user", "role"}}): "createUser createRole createUser",
		hook("exact", directory.WebhookFilter{Actions: []string{"deleteRole", "updateUserRole"}}):                    "updateUserRole deleteRole",
		hook("type", directory.WebhookFilter{TargetTypes: []string{"role"}}):                                         "createRole deleteRole",
	}
	rival := w.Tenant("Rival")
	directorytest.Must(w.CreateWebhook(t.Context(), w.By(rival), webhooks.NewWebhook{Name: "r", URL: "https://example.com"}))(t)
	jane := w.Join("Jane", "user")
	directorytest.Must(w.UpdateUserRole(t.Context(), w.ByOwner(), jane.ID, "admin"))(t)
	role := directorytest.Must(w.CreateRole(t.Context(), w.ByOwner(), roles.NewRole{Name: "Role"}))(t)
	w.Wants("delete", "", w.DeleteRole(t.Context(), w.ByOwner(), role.ID))
	w.Join("John", "user")
	for id, want := range wants {
		if got := w.queued(id); got != want {
			t.Errorf("%s waits for %s, want %s", got, id, want)
		}
	}

	// Refused entries go only to webhooks that include them, even refused reads and tests.
	all, done := hook("refused too", directory.WebhookFilter{Refusals: true, TargetTypes: []string{"user"}}), hook("done", directory.WebhookFilter{TargetTypes: []string{"user"}})
	for _, op := range []directory.Operation{directory.OpListUsers, directory.OpTestWebhook} {
		w.Wants("record a refusal", "", w.RecordRefusal(t.Context(), w.By(jane), op, directory.Target{Type: "user"}, directory.Errorf(directory.Forbidden, "no")))
	}
	if got, gotDone := w.queued(all), w.queued(done); got != "getUsers testWebhook" || gotDone != "" {
		t.Errorf("with refusals waits %q, without %q", got, gotDone)
	}

	// A disabled webhook gets no new entries, and its pending deliveries are given up.
	id := hook("off and on", directory.WebhookFilter{Actions: []string{"createUser"}})
	w.Join("A", "user")
	if got := w.queued(id); got != "createUser" {
		t.Errorf("%q waits", got)
	}
	set := func(enabled bool) {
		in := webhooks.NewWebhook{Name: "off and on", URL: "https://example.com", WebhookFilter: directory.WebhookFilter{Actions: []string{"createUser"}}, Enabled: &enabled}
		directorytest.Must(w.UpdateWebhook(t.Context(), w.ByOwner(), id, in))(t)
	}
	set(false)
	w.Join("B", "user")
	set(true)
	w.Join("C", "user")
	if got := w.queued(id); got != "createUser" {
		t.Errorf("enabled again: %q waits", got)
	}
	list, _, err := w.ListDeliveries(t.Context(), w.ByOwner(), id, directory.DeliveryQuery{Limit: 10})
	if err != nil || len(list) != 2 || list[1].State != directory.DeliveryDead || list[1].Failure != "the webhook was disabled" {
		t.Errorf("%+v, %v", list, err)
	}
}

// When the server's key is rotated, receivers that were shown a secret of the key
// before go on taking what is sent, and who is shown one now gets the new key's.
func TestSecretsOutliveTheKey(t *testing.T) {
	w := newWorld(t)
	older, newer := newKey(t), newKey(t)
	type server struct {
		*directory.Service
		*webhooks.Hooks
		queue *webhooks.Queue
	}
	service := func(keys ...string) server {
		ring, err := audit.ParseKeyring([]byte(strings.Join(keys, "\n")))
		if err != nil {
			t.Fatal(err)
		}
		s := directory.NewService(w.DB, ring, w.Clock)
		return server{s, webhooks.NewHooks(s, ring, egress.Policy{}), webhooks.NewQueue(w.DB, ring, w.Clock)}
	}
	shown := func(hook webhooks.IssuedWebhook, err error) []byte {
		t.Helper()
		secret, decodeErr := base64.StdEncoding.DecodeString(strings.TrimPrefix(directorytest.Must(hook, err)(t).Secret, "whsec_"))
		return directorytest.Must(secret, decodeErr)(t)
	}
	before, both, after := service(older), service(newer, older), service(newer)
	made := directorytest.Must(before.CreateWebhook(t.Context(), w.ByOwner(), webhooks.NewWebhook{Name: "w", URL: "https://example.com/w"}))(t)
	first := shown(made, nil)
	signs := func(s server, secret []byte) bool {
		t.Helper()
		keys := directorytest.Must(s.queue.Batch(t.Context(), w.Org.ID, made.ID, 1))(t).Keys
		return slices.ContainsFunc(keys, func(k []byte) bool { return bytes.Equal(k, secret) })
	}
	if !signs(before, first) || !signs(both, first) || signs(after, first) {
		t.Error("the secret signs while its key is there, and no longer")
	}
	second := shown(both.RotateWebhookSecret(t.Context(), w.ByOwner(), made.ID, time.Time{}))
	if !signs(both, first) || !signs(both, second) || !signs(after, second) || signs(before, second) {
		t.Error("a new secret is of the new key; the one before signs for a while")
	}
	w.Pass(webhooks.DefaultSecretOverlap)
	if signs(both, first) || !signs(both, second) {
		t.Error("the secret before is over")
	}
}

func newKey(t *testing.T) string {
	t.Helper()
	return directorytest.Must(audit.GenerateKey("roster.example.com"))(t)
}

// Many that queue at a time queue each entry once; one that was overtaken goes on
// from there.
func TestQueueingAtOnce(t *testing.T) {
	w := newWorld(t)
	id := w.Hook(webhooks.NewWebhook{Name: "w", URL: "https://example.com", WebhookFilter: directory.WebhookFilter{Actions: []string{"createUser"}}}).ID
	var wg sync.WaitGroup
	ctx, stop := context.WithCancel(t.Context())
	for range 3 {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := w.queue.Fill(ctx); err != nil && ctx.Err() == nil {
					t.Error(err)
				}
			}
		})
	}
	for i := range 20 {
		w.Join(fmt.Sprint("user", i), "user")
	}
	stop()
	wg.Wait()
	if got := len(strings.Fields(w.queued(id))); got != 20 {
		t.Errorf("%d wait, want 20", got)
	}
}

// TestDroppedEntryFailsItsDeliveryAtOnce checks, among others, that a delivery whose entry was dropped from the log
// is given up at once and does not count as a failure of the receiver.
func TestDroppedEntryFailsItsDeliveryAtOnce(t *testing.T) {
	w := newWorld(t)
	id := w.Hook(webhooks.NewWebhook{Name: "w", URL: "https://example.com", WebhookFilter: directory.WebhookFilter{Actions: []string{"createUser"}}}).ID
	for i := range 3 {
		w.Join(fmt.Sprint("user", i), "user")
	}
	w.queued(id)
	batch := func() webhooks.Batch {
		t.Helper()
		return directorytest.Must(w.queue.Batch(t.Context(), w.Org.ID, id, 10))(t)
	}
	record := func(attempts ...webhooks.Attempt) int {
		t.Helper()
		for i := range attempts {
			attempts[i].At, attempts[i].URL = w.Clock(), "https://example.com"
		}
		return directorytest.Must(w.queue.Record(t.Context(), w.Org.ID, id, attempts))(t)
	}
	b := batch()
	if len(b.Items) != 3 || len(b.Keys) != 1 || b.Items[0].Entry == nil {
		t.Fatalf("%+v", b)
	}
	dead := record(
		webhooks.Attempt{Delivery: b.Items[0].Delivery, Failure: "no", Hopeless: true},
		webhooks.Attempt{Delivery: b.Items[1].Delivery, Failure: "no"},
		webhooks.Attempt{Delivery: b.Items[2].Delivery, Status: 200},
	)
	if dead != 1 || w.Waiting(id) != "createUser" {
		t.Errorf("%d dead, %q waits", dead, w.Waiting(id))
	}
	if len(batch().Items) != 0 {
		t.Error("it is due at once")
	}
	if q := directorytest.Must(w.queue.Due(t.Context(), false, 10))(t); len(q) != 0 {
		t.Errorf("due: %v", q)
	}
	w.Pass(time.Minute)
	if q := directorytest.Must(w.queue.Due(t.Context(), false, 10))(t); len(q) != 1 || q[0].Failures != 0 {
		t.Errorf("due: %v; a receiver that took something does not fail", q)
	}

	// A delivery that was replayed during an attempt stays queued.
	b = batch()
	directorytest.Must(w.ReplayDelivery(t.Context(), w.ByOwner(), id, webhooks.MessageID(w.Org.ID, b.Items[0].Sequence)))(t)
	record(webhooks.Attempt{Delivery: b.Items[0].Delivery, Status: 200})
	if w.Waiting(id) != "createUser" {
		t.Error("the replay is lost")
	}
	w.Wants("another's", directory.NotFound, second(w.ReplayDelivery(t.Context(), w.ByOwner(), id, webhooks.MessageID("other-x7q2", b.Items[0].Sequence))))
	for _, message := range []string{"", "msg_", "msg_" + string(w.Org.ID) + "_", "msg_" + string(w.Org.ID) + "_0", "msg_" + string(w.Org.ID) + "_+1", "msg_" + string(w.Org.ID) + "_99999"} {
		w.Wants(message, directory.NotFound, second(w.ReplayDelivery(t.Context(), w.ByOwner(), id, message)))
	}

	// A deleted webhook has nothing to record; one that has moved is not gone.
	moved := webhooks.NewWebhook{Name: "w", URL: "https://example.net"}
	directorytest.Must(w.UpdateWebhook(t.Context(), w.ByOwner(), id, moved))(t)
	record(webhooks.Attempt{Delivery: batch().Items[0].Delivery, Status: 410, Failure: "gone", Gone: true})
	if hook := directorytest.Must(w.GetWebhook(t.Context(), w.ByOwner(), id))(t); !hook.Enabled {
		t.Errorf("disabled for what its old address has said: %+v", hook)
	}
	w.Wants("delete", "", w.DeleteWebhook(t.Context(), w.ByOwner(), id))
	if n := record(webhooks.Attempt{Delivery: b.Items[0].Delivery, Status: 200}); n != 0 {
		t.Errorf("%d dead", n)
	}
	w.Wants("gone", directory.NotFound, second(w.queue.Batch(t.Context(), w.Org.ID, id, 1)))
}
