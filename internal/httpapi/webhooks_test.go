package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/egress"
	"github.com/rosterhq/roster/internal/webhooks"
)

// post is what a receiver got.
type post struct {
	header http.Header
	body   []byte
}

func (p post) id() string { return p.header.Get("webhook-id") }

func (p post) event(t *testing.T) (e struct {
	Type      string
	Timestamp time.Time
	Data      struct {
		Sequence      int64
		OrgID         string
		Action        string
		Actor         struct{ Kind, ID, Name string }
		Target        struct{ Type, ID, Name string }
		Before, After map[string]any
	}
},
) {
	t.Helper()
	if err := json.Unmarshal(p.body, &e); err != nil {
		t.Fatalf("%s: %v", p.body, err)
	}
	return e
}

// receiver is somebody's webhook: it answers as told, 204 unless it is.
type receiver struct {
	*httptest.Server
	mu     sync.Mutex
	got    []post
	answer func(w http.ResponseWriter)
}

func newReceiver(t *testing.T) *receiver {
	t.Helper()
	r := new(receiver)
	r.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, rq *http.Request) {
		body, err := io.ReadAll(rq.Body)
		if err != nil || rq.Method != http.MethodPost {
			t.Errorf("%s, %v", rq.Method, err)
		}
		r.mu.Lock()
		defer r.mu.Unlock()
		r.got = append(r.got, post{rq.Header.Clone(), body})
		if r.answer != nil {
			r.answer(w)
			return
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	t.Cleanup(r.Close)
	return r
}

// answers has the receiver answer with a status from now on.
func (r *receiver) answers(status int, header ...string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.answer = func(w http.ResponseWriter) {
		for i := 0; i < len(header); i += 2 {
			w.Header().Set(header[i], header[i+1])
		}
		w.WriteHeader(status)
	}
}

// take gives what has arrived since it was last asked, in the order of the entries.
func (r *receiver) take(t *testing.T) []post {
	t.Helper()
	r.mu.Lock()
	defer r.mu.Unlock()
	got := r.got
	r.got = nil
	slices.SortStableFunc(got, func(a, b post) int { return int(a.event(t).Data.Sequence - b.event(t).Data.Sequence) })
	return got
}

// types are the events' types, in order.
func types(t *testing.T, got []post) string {
	t.Helper()
	var all []string
	for _, p := range got {
		all = append(all, p.event(t).Type)
	}
	return strings.Join(all, " ")
}

type hook struct {
	ID, Name, URL, Secret, DisabledReason string
	Enabled, IncludeRefused               bool
	Actions, TargetTypes                  []string
	CreatedBy                             struct{ Kind, ID, Name string }
	PreviousSecretExpiresAt               *time.Time
}

func (h hook) path(more string) string { return "/v2/webhooks/" + h.ID + more }

type deliveryLine struct {
	ID, Action, State, Failure string
	Attempts                   int
	Sequence                   int64
	Status                     *int
	NextAttemptAt              *time.Time
}

// webhookScene is a server with a clock, a receiver, and a webhook that leads there.
type webhookScene struct {
	*apptest.Server
	t    *testing.T
	mu   sync.Mutex
	now  time.Time
	to   *receiver
	hook hook
	n    int
}

func newWebhookScene(t *testing.T, more string) *webhookScene {
	t.Helper()
	s := &webhookScene{t: t, now: time.Now(), to: newReceiver(t)}
	s.Server = apptest.StartWith(t, apptest.Options{RateLimit: 1_000_000, Clock: func() time.Time {
		s.mu.Lock()
		defer s.mu.Unlock()
		return s.now
	}})
	s.hook = s.create(`{"name":"w","url":"` + s.to.URL + `"` + more + `}`)
	return s
}

func (s *webhookScene) create(body string) (h hook) {
	s.t.Helper()
	s.Want(http.StatusOK, "POST", "/v2/webhooks", as(s.PersonalToken, body)).Decode(s.t, &h)
	return h
}

func (s *webhookScene) pass(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.now = s.now.Add(d)
}

// deliver delivers what is due, and gives what the receiver got.
func (s *webhookScene) deliver() []post {
	s.t.Helper()
	s.Deliver()
	return s.to.take(s.t)
}

func (s *webhookScene) add() apptest.User {
	s.t.Helper()
	s.n++
	return s.CreateUser(fmt.Sprint("User ", s.n), fmt.Sprintf("user%d@example.com", s.n), "user")
}

func (s *webhookScene) deliveries(query string) (list []deliveryLine) {
	s.t.Helper()
	s.Want(http.StatusOK, "GET", s.hook.path("/deliveries"+query), as(s.PersonalToken, "")).Decode(s.t, &list)
	return list
}

func (s *webhookScene) verify(secret string, p post) error {
	s.t.Helper()
	v, err := standardwebhooks.NewWebhook(secret)
	if err != nil {
		s.t.Fatal(err)
	}
	return v.VerifyIgnoringTimestamp(p.body, p.header)
}

// A webhook gets what is done from then on, signed as the reference library
// checks it, once if the receiver takes it.
func TestWebhookDelivers(t *testing.T) {
	t.Parallel()
	s := newWebhookScene(t, "")
	jane := s.add()
	got := s.deliver()
	if types(t, got) != "createWebhook createUser" {
		t.Fatalf("got %s", types(t, got))
	}
	for _, p := range got {
		v, err := standardwebhooks.NewWebhook(s.hook.Secret)
		if err != nil || !strings.HasPrefix(s.hook.Secret, "whsec_") {
			t.Fatalf("secret: %v", err)
		}
		if err := v.Verify(p.body, p.header); err != nil { // the time, too
			t.Errorf("%v", err)
		}
		if strings.Contains(string(p.body), "acc_") || strings.Contains(string(p.body), "nvited") || strings.Contains(string(p.body), s.hook.Secret) {
			t.Errorf("it tells too much: %s", p.body)
		}
		if p.header.Get("Content-Type") != "application/json" || p.id() != fmt.Sprintf("msg_%s_%d", s.OrgID, p.event(t).Data.Sequence) {
			t.Errorf("headers %v", p.header)
		}
	}
	// A delivery has the entry as GET /v2/audit shows it.
	var log []json.RawMessage
	s.Want(http.StatusOK, "GET", "/v2/audit?order=asc", as(s.APIToken, "")).Decode(t, &log)
	for _, p := range got {
		var sent struct{ Data json.RawMessage }
		if err := json.Unmarshal(p.body, &sent); err != nil || !bytes.Equal(sent.Data, log[p.event(t).Data.Sequence-1]) {
			t.Errorf("sent %s, %v, the log shows %s", sent.Data, err, log)
		}
	}
	e := got[1].event(t)
	if e.Data.Action != "createUser" || e.Data.Target.ID != jane.ID || e.Data.Target.Name != jane.Name || e.Data.After["email"] != jane.Email ||
		e.Data.Actor.Kind != "apiToken" || e.Data.OrgID != s.OrgID || e.Timestamp.IsZero() || e.Data.Before != nil {
		t.Errorf("event %s", got[1].body)
	}
	if again := s.deliver(); len(again) != 0 {
		t.Errorf("got again: %s", types(t, again))
	}
	list := s.deliveries("")
	if len(list) != 2 || list[0].ID != got[1].id() || list[0].State != "delivered" || list[0].Attempts != 1 || *list[0].Status != 204 {
		t.Errorf("the delivery log has %+v", list)
	}
	metrics := string(s.Want(http.StatusOK, "GET", "/metrics", apptest.Request{}).Body)
	for _, line := range []string{
		`roster_webhook_attempts_total{outcome="delivered"} 2`, `roster_webhook_attempts_total{outcome="dead"} 0`, "roster_webhook_deliveries_pending 0",
	} {
		if !strings.Contains(metrics, line) {
			t.Errorf("the metrics lack %s", line)
		}
	}
	// It belongs to the organization: it goes on without whoever made it.
	s.Want(http.StatusOK, "POST", "/v2/users", as(s.PersonalToken, `{"name":"Next","email":"next@example.com","role":"owner"}`))
	s.Want(http.StatusNoContent, "DELETE", "/v2/users/"+s.UserID, as(s.TokenOf("next@example.com"), ""))
	if got := types(t, s.deliver()); !strings.Contains(got, "removeUserFromOrg") {
		t.Errorf("got %s after its maker has left", got)
	}
}

// While a secret is being rotated, both sign.
func TestWebhookRotation(t *testing.T) {
	t.Parallel()
	s := newWebhookScene(t, `,"actions":["createUser"]`)
	old := s.hook.Secret
	rotate := func(body string) (h hook) {
		s.Want(http.StatusOK, "POST", s.hook.path("/rotate-secret"), as(s.PersonalToken, body)).Decode(t, &h)
		return h
	}
	check := func(when string, secrets map[string]bool) {
		t.Helper()
		s.add()
		got := s.deliver()
		if len(got) != 1 {
			t.Fatalf("%s: got %s", when, types(t, got))
		}
		for secret, valid := range secrets {
			if err := s.verify(secret, got[0]); (err == nil) != valid {
				t.Errorf("%s: a secret verifies with %v, want valid: %t", when, err, valid)
			}
		}
	}
	next := rotate(`{}`)
	if next.Secret == old || next.PreviousSecretExpiresAt == nil || !next.PreviousSecretExpiresAt.Equal(s.now.Add(24*time.Hour).Truncate(time.Microsecond)) {
		t.Errorf("rotated: %+v", next)
	}
	check("in the overlap", map[string]bool{old: true, next.Secret: true})
	s.pass(24 * time.Hour)
	check("after it", map[string]bool{old: false, next.Secret: true})
	third := rotate(`{"previousSecretExpiresAt":"2020-01-01T00:00:00Z"}`)
	check("ended at once", map[string]bool{old: false, next.Secret: false, third.Secret: true})
	fourth := rotate(`{"previousSecretExpiresAt":"` + s.now.Add(time.Hour).Format(time.RFC3339) + `"}`)
	fifth := rotate(`{}`)
	check("rotated twice", map[string]bool{third.Secret: false, fourth.Secret: true, fifth.Secret: true})
	wantError(t, s.Do("POST", s.hook.path("/rotate-secret"), as(s.PersonalToken, `{"previousSecretExpiresAt":"9999-01-01T00:00:00Z"}`)), 400, "invalid", "30 days")
}

// A failed delivery is retried for three days, less and less often. Then it is dead and
// can be replayed.
func TestFailedDeliveriesAreRetriedForThreeDays(t *testing.T) {
	t.Parallel()
	s := newWebhookScene(t, `,"actions":["createUser"]`)
	s.to.answers(http.StatusInternalServerError)
	s.add()
	begin := s.now
	first := s.deliver()
	if len(first) != 1 || len(s.deliver()) != 0 {
		t.Fatalf("got %s, then more at the same moment", types(t, first))
	}
	attempts := 1
	last := s.now
	for s.now.Before(begin.Add(80 * time.Hour)) {
		s.pass(2 * time.Second)
		list := s.deliveries("?state=pending")
		if len(list) == 0 {
			break
		}
		if list[0].NextAttemptAt.After(s.now) {
			s.pass(list[0].NextAttemptAt.Sub(s.now))
		}
		for _, p := range s.deliver() {
			attempts++
			if p.id() != first[0].id() {
				t.Errorf("attempt %d under another id, %s", attempts, p.id())
			}
			if err := s.verify(s.hook.Secret, p); err != nil {
				t.Error(err)
			}
			last = s.now
		}
	}
	if attempts < 15 || attempts > 40 || last.Sub(begin) < 60*time.Hour || last.Sub(begin) > 72*time.Hour {
		t.Errorf("%d attempts in %s", attempts, last.Sub(begin))
	}
	dead := s.deliveries("?state=dead")
	if len(dead) != 1 || dead[0].Attempts != attempts || dead[0].Failure != "the receiver answered 500 Internal Server Error" || dead[0].NextAttemptAt != nil {
		t.Fatalf("dead: %+v", dead)
	}

	s.to.answers(http.StatusOK)
	s.pass(time.Hour)
	if got := s.deliver(); len(got) != 0 {
		t.Errorf("a dead one was sent: %s", types(t, got))
	}
	var line deliveryLine
	s.Want(http.StatusOK, "POST", s.hook.path("/deliveries/"+dead[0].ID+"/replay"), as(s.PersonalToken, "")).Decode(t, &line)
	if line.State != "pending" {
		t.Errorf("replayed: %+v", line)
	}
	if got := s.deliver(); len(got) != 1 || got[0].id() != first[0].id() {
		t.Errorf("replayed: %s", types(t, got))
	}
}

// A receiver that asks for time gets it; one that is gone is not asked again.
func TestWebhookRetryAfterAndGone(t *testing.T) {
	t.Parallel()
	s := newWebhookScene(t, "")
	s.deliver()
	s.to.answers(http.StatusServiceUnavailable, "Retry-After", "7200")
	s.add()
	if got := s.deliver(); len(got) != 1 {
		t.Fatalf("got %s", types(t, got))
	}
	s.pass(2*time.Hour - time.Second)
	s.add() // holds for the others, too
	if got := s.deliver(); len(got) != 0 {
		t.Errorf("sent too soon: %s", types(t, got))
	}
	s.to.answers(http.StatusGone)
	s.pass(time.Second)
	if got := s.deliver(); len(got) != 1 {
		t.Errorf("not sent: %s", types(t, got))
	}
	var h hook
	s.Want(http.StatusOK, "GET", s.hook.path(""), as(s.PersonalToken, "")).Decode(t, &h)
	if h.Enabled || !strings.Contains(h.DisabledReason, "410") {
		t.Errorf("after 410: %+v", h)
	}
	s.pass(24 * time.Hour)
	s.add()
	if got := s.deliver(); len(got) != 0 {
		t.Errorf("sent to who is gone: %s", types(t, got))
	}
	for _, path := range []string{"/test", "/replay", "/deliveries/" + s.deliveries("")[0].ID + "/replay"} {
		wantError(t, s.Do("POST", s.hook.path(path), as(s.PersonalToken, `{}`)), 409, "conflict", "enable it first")
	}

	// Enabled again it gets what comes, and what is dead when that is asked for.
	s.to.answers(http.StatusOK)
	body := fmt.Sprintf(`{"name":"w","url":%q,"enabled":true}`, s.to.URL)
	s.Want(http.StatusOK, "PUT", s.hook.path(""), as(s.PersonalToken, body)).Decode(t, &h)
	if got := types(t, s.deliver()); !h.Enabled || h.DisabledReason != "" || got != "updateWebhook" {
		t.Errorf("enabled again: %+v, got %s", h, got)
	}
	var done struct {
		Replayed int
		More     bool
	}
	s.Want(http.StatusOK, "POST", s.hook.path("/replay"), as(s.PersonalToken, `{}`)).Decode(t, &done)
	if got := types(t, s.deliver()); done.Replayed != 2 || done.More || got != "createUser createUser replayWebhook" {
		t.Errorf("replayed %+v, got %s", done, got)
	}
}

// Entries from before there was a webhook can be had, by number or time.
func TestWebhookReplaysThePast(t *testing.T) {
	t.Parallel()
	s := newWebhookScene(t, "")
	s.deliver()
	from := s.now
	s.pass(time.Hour)
	s.add()
	s.hook = s.create(`{"name":"late","url":"` + s.to.URL + `/late","actions":["createUser"]}`)
	s.add()
	seen := s.deliver()
	replay := func(body string) {
		s.Want(http.StatusOK, "POST", s.hook.path("/replay"), as(s.PersonalToken, body))
	}
	late := func() (ids []string) {
		for _, p := range s.deliver() {
			if p.event(t).Type == "createUser" {
				ids = append(ids, p.id())
			}
		}
		return ids
	}
	replay(`{"since":"` + from.Add(time.Minute).Format(time.RFC3339Nano) + `"}`)
	if ids := late(); len(ids) != 2 {
		t.Errorf("since a time: %v", ids)
	}
	replay(`{"fromSequence":1}`)
	if ids := late(); len(ids) != 3 { // the owner's own entry, too
		t.Errorf("from the first: %v", ids)
	}
	n := seen[len(seen)-1].event(t).Data.Sequence
	replay(fmt.Sprintf(`{"fromSequence":%d}`, n))
	if ids := late(); len(ids) != 1 || ids[0] != seen[len(seen)-1].id() {
		t.Errorf("from the last: %v", ids)
	}
	wantError(t, s.Do("POST", s.hook.path("/replay"), as(s.PersonalToken, `{"fromSequence":0}`)), 400, "invalid", "1 or more")
	wantError(t, s.Do("POST", s.hook.path("/replay"), as(s.PersonalToken, `{"fromSequence":1,"since":"2026-01-01T00:00:00Z"}`)), 400, "invalid", "together")

	var pages []string
	for path := s.hook.path("/deliveries?limit=2"); path != ""; {
		ans := s.Want(http.StatusOK, "GET", path, as(s.PersonalToken, ""))
		var page []deliveryLine
		ans.Decode(t, &page)
		for _, d := range page {
			pages = append(pages, d.ID)
		}
		path, _, _ = strings.Cut(strings.TrimPrefix(ans.Header.Get("Link"), "<"), ">")
	}
	if len(pages) != 3 {
		t.Errorf("pages hold %v", pages)
	}
	for _, query := range []string{"?limit=0", "?limit=1001", "?cursor=x", "?cursor=Mjow", "?state=lost", "?limit=%zz"} {
		wantError(t, s.Do("GET", s.hook.path("/deliveries"+query), as(s.PersonalToken, "")), 400, "invalid", "")
	}
}

// A test goes to the webhook it is for, whatever the filter, and to no other.
func TestATestDeliveryGoesToItsWebhookAlone(t *testing.T) {
	t.Parallel()
	s := newWebhookScene(t, `,"actions":["deleteRole"]`)
	other := newReceiver(t)
	s.create(`{"name":"other","url":"` + other.URL + `"}`)
	s.Want(http.StatusNoContent, "POST", s.hook.path("/test"), as(s.PersonalToken, ""))
	if got := s.deliver(); types(t, got) != "testWebhook" {
		t.Errorf("got %s", types(t, got))
	}
	if got := other.take(t); types(t, got) != "createWebhook" {
		t.Errorf("the other got %s", types(t, got))
	}
}

// A filter may name whatever can be done, and so refused.
func TestWebhookFiltersKnowEveryOperation(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	for few := range slices.Chunk(apptest.Operations(t), webhooks.MaxFilters) {
		var names []string
		for _, op := range few {
			if op.ID != "updateUser" { // in the log it is the updateCurrentUser that it is
				names = append(names, strconv.Quote(op.ID))
			}
		}
		s.Want(http.StatusOK, "POST", "/v2/webhooks", as(s.PersonalToken, `{"name":"w","url":"http://127.0.0.1/","actions":[`+strings.Join(names, ",")+`]}`))
	}
}

// Invalid webhooks are rejected, also a filter that can't match anything.
func TestInvalidWebhooksAreRejected(t *testing.T) {
	t.Parallel()
	policy := egress.Policy{}
	s := apptest.StartWith(t, apptest.Options{Endpoints: &policy})
	for body, field := range map[string]string{
		`{"url":"https://example.com"}`:                                                              "name",
		`{"name":"w"}`:                                                                               "url",
		`{"name":"w","url":"http://example.com"}`:                                                    "url",
		`{"name":"w","url":"https://10.0.0.1/"}`:                                                     "url",
		`{"name":"w","url":"https://localhost/"}`:                                                    "url",
		`{"name":"w","url":"https://example.com","actions":["createUsr"]}`:                           "actions",
		`{"name":"w","url":"https://example.com","actions":["*User"]}`:                               "actions",
		`{"name":"w","url":"https://example.com","actions":["fly*"]}`:                                "actions",
		`{"name":"w","url":"https://example.com","targetTypes":["users"]}`:                           "targetTypes",
		`{"name":"w","url":"https://example.com","actions":[` + strings.Repeat(`"*",`, 50) + `"*"]}`: "actions",
		`{"name":"w","url":"https://example.com","id":"whk_x"}`:                                      "id",
		`{"name":"w","url":"https://example.com","secret":"whsec_x"}`:                                "secret",
	} {
		ans := s.Do("POST", "/v2/webhooks", as(s.PersonalToken, body))
		if e := ans.Error(); ans.Status != 400 || e.Field != field {
			t.Errorf("%s: %d %s", body, ans.Status, ans.Body)
		}
	}
	var h hook
	keyed := apptest.Request{
		Token: s.PersonalToken, Header: map[string]string{"Idempotency-Key": "k"},
		Body: `{"name":"w","url":"https://example.com:8443/x?y=z","actions":["create*","updateUserRole","create*"],"targetTypes":["user"],"includeRefused":true}`,
	}
	s.Want(http.StatusOK, "POST", "/v2/webhooks", keyed).Decode(t, &h)
	wantError(t, s.Do("POST", "/v2/webhooks", keyed), 409, "conflict", "shown only once")
	read := s.Want(http.StatusOK, "GET", h.path(""), as(s.PersonalToken, ""))
	back := s.Want(http.StatusOK, "PUT", h.path(""), as(s.PersonalToken, string(read.Body)))
	var before, after hook
	read.Decode(t, &before)
	back.Decode(t, &after)
	if fmt.Sprint(before) != fmt.Sprint(after) || before.Secret != "" || !slices.Equal(before.Actions, []string{"create*", "updateUserRole"}) ||
		before.CreatedBy.ID != s.UserID || !before.Enabled || !before.IncludeRefused {
		t.Errorf("read %+v, written back %+v", before, after)
	}
	dry := s.Want(http.StatusOK, "POST", "/v2/webhooks?dryRun=true", as(s.PersonalToken, `{"name":"dry","url":"https://example.com"}`))
	if strings.Contains(string(dry.Body), "whsec_") {
		t.Errorf("a dry run answers %s", dry.Body)
	}
	rotate := apptest.Request{Token: s.PersonalToken, Header: map[string]string{"Idempotency-Key": "r"}, Body: `{}`}
	s.Want(http.StatusOK, "POST", h.path("/rotate-secret"), rotate)
	wantError(t, s.Do("POST", h.path("/rotate-secret"), rotate), 409, "conflict", "shown only once")
	for i := 1; i < 20; i++ {
		s.Want(http.StatusOK, "POST", "/v2/webhooks", as(s.PersonalToken, fmt.Sprintf(`{"name":"%d","url":"https://example.com"}`, i)))
	}
	wantError(t, s.Do("POST", "/v2/webhooks", as(s.PersonalToken, `{"name":"w","url":"https://example.com"}`)), 403, "limit_exceeded", "--limit webhooks")
	s.Want(http.StatusNoContent, "DELETE", h.path(""), as(s.PersonalToken, ""))
	var list []hook
	s.Want(http.StatusOK, "GET", "/v2/webhooks", as(s.APIToken, "")).Decode(t, &list)
	if len(list) != 19 {
		t.Errorf("%d are left", len(list))
	}
}

// Only who runs the organization and may read the log decides who is sent it.
func TestWebhookPermissions(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	body := `{"name":"w","url":"https://127.0.0.1/"}`
	s.CreateUser("Admin", "admin@example.com", "admin")
	s.Want(http.StatusOK, "POST", "/v2/webhooks", as(s.TokenOf("admin@example.com"), body))
	var role struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/rbac/roles", as(s.PersonalToken, `{"name":"auditor","orgCapabilities":{"auditLog":["read"]}}`)).Decode(t, &role)
	s.Want(http.StatusOK, "POST", "/v2/users", as(s.PersonalToken, `{"name":"A","email":"auditor@example.com","role":"`+role.ID+`"}`))
	auditor := s.TokenOf("auditor@example.com")
	wantError(t, s.Do("POST", "/v2/webhooks", as(auditor, body)), 403, "forbidden", "owner or admin")
	var list []hook
	s.Want(http.StatusOK, "GET", "/v2/webhooks", as(auditor, "")).Decode(t, &list)
	if len(list) != 1 {
		t.Fatalf("the auditor sees %+v", list)
	}
	for _, c := range []struct{ method, path, body string }{
		{"PUT", "", body},
		{"DELETE", "", ""},
		{"POST", "/rotate-secret", "{}"},
		{"POST", "/test", ""},
		{"POST", "/replay", "{}"},
		{"POST", "/deliveries/msg_" + s.OrgID + "_1/replay", ""},
	} {
		wantError(t, s.Do(c.method, list[0].path(c.path), as(auditor, c.body)), 403, "forbidden", "owner or admin")
		wantError(t, s.Do(c.method, list[0].path(c.path), as(s.APIToken, c.body)), 403, "forbidden", "personal token")
	}
}
