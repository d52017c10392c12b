package webhooks_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/egress"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/store"
	"github.com/rosterhq/roster/internal/webhooks"
)

// brittle is a store whose process ends at some commit.
type brittle struct {
	*store.Store
	mu    sync.Mutex
	left  int    // commits until then
	crash func() // nil: never
}

var errCrashed = errors.New("the process has ended")

func (b *brittle) Write(ctx context.Context, fn func(directory.Tx) error) error {
	return b.Store.Write(ctx, func(tx directory.Tx) error {
		if err := fn(tx); err != nil {
			return err
		}
		b.mu.Lock()
		defer b.mu.Unlock()
		if b.crash == nil {
			return nil
		}
		if b.left > 0 {
			b.left--
			return nil
		}
		b.crash()
		return errCrashed
	})
}

var quiet = slog.New(slog.DiscardHandler)

// crashAt has the process with the context end instead of a commit.
func (b *brittle) crashAt(ctx context.Context, commit int) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	b.mu.Lock()
	defer b.mu.Unlock()
	b.left, b.crash = commit, cancel
	return ctx, func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		b.crash = nil
		cancel()
	}
}

// hooked is a service with webhooks that may lead to this machine, and a clock.
type hooked struct {
	*directory.Service
	*webhooks.Hooks
	*members.Roll
	owner  *directory.Principal
	t      testing.TB
	db     *brittle
	policy egress.Policy
	mu     sync.Mutex
	now    time.Time
}

func newHooked(t testing.TB, policy egress.Policy) *hooked {
	t.Helper()
	db, err := store.Open(t.Context(), directorytest.Database(t), directorytest.StoreOptions)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	h := &hooked{t: t, db: &brittle{Store: db}, policy: policy, now: time.Now()}
	h.Service = directory.NewService(h.db, dbtest.Keys(), h.clock)
	h.Hooks = webhooks.NewHooks(h.Service, dbtest.Keys(), policy)
	h.Roll = members.NewRoll(h.Service)
	d, err := onboarding.New(h.Service, onboarding.Options{}).Initialize(t.Context(), onboarding.NewDeployment{OrgName: "Acme", OwnerName: "Olivia Owner", OwnerEmail: "owner@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	if h.owner, err = h.Authenticate(t.Context(), d.PersonalToken, ""); err != nil {
		t.Fatal(err)
	}
	return h
}

var loopback = egress.Policy{AllowHTTP: true, Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.1/32")}}

func (h *hooked) clock() time.Time {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.now
}

func (h *hooked) pass(d time.Duration) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.now = h.now.Add(d)
}

// webhook makes one that is sent all users that are created.
func (h *hooked) webhook(url string) directory.Webhook {
	h.t.Helper()
	w, err := h.CreateWebhook(h.t.Context(), directory.Call{Principal: h.owner}, webhooks.NewWebhook{
		Name: "w", URL: url, WebhookFilter: directory.WebhookFilter{Actions: []string{"createUser"}},
	})
	if err != nil {
		h.t.Fatal(err)
	}
	return w.Webhook
}

func (h *hooked) addUser(name string) directory.User {
	h.t.Helper()
	u, err := h.CreateUser(h.t.Context(), directory.Call{Principal: h.owner}, members.NewUser{Name: name, Email: name + "@example.com", Role: "user"})
	if err != nil {
		h.t.Fatal(err)
	}
	return u
}

// process is the state of one delivering process, which is lost when it ends.
func (h *hooked) process() *webhooks.Deliverer {
	return webhooks.New(webhooks.Options{Queue: h.queue(), Endpoints: h.policy, Log: quiet, Clock: h.clock})
}

func (h *hooked) queue() *webhooks.Queue { return webhooks.NewQueue(h.db, dbtest.Keys(), h.clock) }

// once delivers what is due in a process of its own.
func (h *hooked) once() error {
	if err := h.db.Store.Settled(h.t.Context()); err != nil {
		return err
	}
	return h.process().Once(h.t.Context())
}

func (h *hooked) deliveries(w directory.Webhook) []directory.Delivery {
	h.t.Helper()
	list, _, err := h.ListDeliveries(h.t.Context(), directory.Call{Principal: h.owner}, w.ID, directory.DeliveryQuery{Limit: 1000})
	if err != nil {
		h.t.Fatal(err)
	}
	return list
}

// inbox counts what arrives by its id.
type inbox struct {
	*httptest.Server
	mu     sync.Mutex
	got    map[string]int
	status func(n int) int
	n      int
}

func newInbox(t testing.TB) *inbox {
	i := &inbox{got: make(map[string]int)}
	i.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		i.mu.Lock()
		defer i.mu.Unlock()
		i.n++
		status := http.StatusOK
		if i.status != nil {
			status = i.status(i.n)
		}
		if status < 300 {
			i.got[r.Header.Get("webhook-id")]++
		}
		w.WriteHeader(status)
	}))
	t.Cleanup(i.Close)
	return i
}

func (i *inbox) count() map[string]int {
	i.mu.Lock()
	defer i.mu.Unlock()
	out := make(map[string]int)
	for id, n := range i.got {
		out[id] = n
	}
	return out
}

// A process that ends between a delivery and writing it down has another deliver
// again, under the same id.
func TestDeliversAgainAfterACrash(t *testing.T) {
	h := newHooked(t, loopback)
	in := newInbox(t)
	w := h.webhook(in.URL)
	h.addUser("jane")
	if err := h.db.Store.Settled(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := h.queue().Fill(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx, restart := h.db.crashAt(t.Context(), 0)
	if err := h.process().Once(ctx); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, errCrashed) {
		t.Fatal(err)
	}
	if list := h.deliveries(w); len(list) != 1 || list[0].State != directory.DeliveryPending || len(in.count()) != 1 {
		t.Fatalf("arrived: %v, written down: %+v", in.count(), list)
	}
	restart()
	for range 2 {
		if err := h.once(); err != nil {
			t.Fatal(err)
		}
	}
	got := in.count()
	if list := h.deliveries(w); list[0].State != directory.DeliveryDelivered || got[webhooks.MessageID(w.OrgID, list[0].Sequence)] != 2 {
		t.Errorf("arrived: %v, written down: %+v", got, list)
	}
}

// Receivers that do not answer don't delay others.
func TestDeadReceiversDontDelayOthers(t *testing.T) {
	h := newHooked(t, loopback)
	release := make(chan struct{})
	arrived := make(chan struct{}, 1000)
	dead := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		arrived <- struct{}{}
		select {
		case <-release:
		case <-r.Context().Done():
		}
	}))
	t.Cleanup(dead.Close)
	for range 19 {
		h.webhook(dead.URL)
	}
	in := newInbox(t)
	h.webhook(in.URL)
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan struct{})
	go func() {
		defer close(done)
		h.process().Run(ctx)
	}()
	defer func() {
		stop()
		<-done
		close(release)
	}()
	for i := range 40 { // more than each lane has room for
		h.addUser(string(rune('a'+i%26)) + string(rune('a'+i/26)))
		if i == 0 {
			<-arrived
		}
	}
	for deadline := time.Now().Add(14 * time.Second); len(in.count()) < 40; { // the dead ones hold out for 15
		if time.Now().After(deadline) {
			t.Fatalf("%d of 40 arrived", len(in.count()))
		}
		time.Sleep(10 * time.Millisecond)
	}
}

// Each entry that matches a webhook's filter arrives, and no other, whatever fails and
// whenever a process ends.
func TestEveryMatchingEntryArrives(t *testing.T) {
	h := newHooked(t, loopback)
	users := 0
	add := func() {
		users++
		h.addUser(fmt.Sprint("user", users))
	}
	rapid.Check(t, func(rt *rapid.T) {
		in := newInbox(t)
		up := true
		in.status = func(int) int {
			if up {
				return http.StatusOK
			}
			return http.StatusServiceUnavailable
		}
		add() // before there is a webhook
		w := h.webhook(in.URL)
		defer func() {
			if err := h.DeleteWebhook(t.Context(), directory.Call{Principal: h.owner}, w.ID); err != nil {
				rt.Fatal(err)
			}
		}()
		want := 0
		for range rapid.IntRange(1, 25).Draw(rt, "steps") {
			switch rapid.IntRange(0, 5).Draw(rt, "step") {
			case 0, 1:
				add()
				want++
			case 2:
				in.mu.Lock()
				up = !up
				in.mu.Unlock()
			case 3:
				h.pass(time.Duration(rapid.IntRange(1, 3600).Draw(rt, "seconds")) * time.Second)
			case 4:
				if err := h.once(); err != nil {
					rt.Fatal(err)
				}
			case 5:
				ctx, restart := h.db.crashAt(t.Context(), rapid.IntRange(0, 2).Draw(rt, "commits"))
				if err := h.process().Once(ctx); err != nil && !errors.Is(err, context.Canceled) && !errors.Is(err, errCrashed) {
					rt.Fatal(err)
				}
				restart()
			}
		}
		in.mu.Lock()
		up = true
		in.mu.Unlock()
		for range 5 {
			h.pass(5 * time.Hour)
			if err := h.once(); err != nil {
				rt.Fatal(err)
			}
		}
		got := in.count()
		for _, d := range h.deliveries(w) {
			if got[webhooks.MessageID(w.OrgID, d.Sequence)] == 0 || d.State != directory.DeliveryDelivered {
				rt.Errorf("%+v did not arrive", d)
			}
		}
		if len(got) != want {
			rt.Errorf("%d arrived of %d", len(got), want)
		}
	})
}
