package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	standardwebhooks "github.com/standard-webhooks/standard-webhooks/libraries/go"

	"github.com/rosterhq/roster/internal/apptest"
)

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
