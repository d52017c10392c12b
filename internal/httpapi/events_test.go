package httpapi_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/apptest"
)

func clientOf(t *testing.T, s *apptest.Server, token string) *client.Client {
	t.Helper()
	c, err := client.New(s.URL, token, client.WithOrg(s.OrgID))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// soon is enough for what happens by itself.
func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func after(n int64) client.EventsOptions { return client.EventsOptions{After: &n} }

// take reads events up to a sequence.
func take(t *testing.T, c *client.Client, o client.EventsOptions, last int64) (got []client.AuditEntry) {
	t.Helper()
	for e, err := range c.Events(soon(t), o) {
		if err != nil {
			t.Fatalf("after %d events: %v", len(got), err)
		}
		if got = append(got, e); e.Sequence >= last {
			break
		}
	}
	return got
}

// A reader that resumes gets exactly the entries it missed, as the log has them.
func TestEventsReplayWhatWasMissed(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	fill(t, s, 230)
	c := clientOf(t, s, s.APIToken)
	all := entriesOf(t, s, s.APIToken, "")
	last := int64(len(all))
	for _, from := range []int64{0, 1, 7, last - 1} {
		if got := take(t, c, after(from), last); fmt.Sprint(got) != fmt.Sprint(all[from:]) {
			t.Errorf("after %d: %v", from, numbers(got))
		}
	}
	refused := func(header map[string]string, query, part string) {
		t.Helper()
		wantError(t, s.Do("GET", "/v2/events"+query, apptest.Request{Token: s.APIToken, Header: header}), 400, "invalid", part)
	}
	refused(map[string]string{"Last-Event-ID": fmt.Sprint(last + 1)}, "?lastEventId=1", fmt.Sprintf("which is %d", last))
	refused(map[string]string{"Last-Event-ID": "-1"}, "", "0 or more")
	refused(nil, "?lastEventId=x", "0 or more")
	refused(nil, "?limit=1", "the known ones are actor, action, target, outcome, lastEventId")

	// A stream that was told of nothing yet says where it is.
	ans := s.Want(http.StatusOK, "GET", "/v2/events", as(s.APIToken, ""))
	if want := fmt.Sprintf("retry: 1000\nid: %d\n\n", last); string(ans.Body) != want {
		t.Errorf("a stream begins with %q, want %q", ans.Body, want)
	}
	ans = s.Want(http.StatusOK, "GET", "/v2/events?lastEventId=0&target=nothing", as(s.APIToken, ""))
	if want := fmt.Sprintf("retry: 1000\nid: %d\n\n", last); string(ans.Body) != want {
		t.Errorf("a stream without matches begins with %q, want %q", ans.Body, want)
	}
}

// A stream loses, repeats and reorders nothing, with writes on this server and another
// and however often the connection is cut.
func TestEventsLoseNothing(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	beside := s.Beside()
	begin := int64(len(entriesOf(t, s, s.APIToken, "")))
	const each = 60
	last := begin + 2*each
	var writers, readers sync.WaitGroup
	defer readers.Wait()
	for r := range 4 {
		c := clientOf(t, []*apptest.Server{s, beside}[r%2], s.APIToken)
		random := rand.New(rand.NewPCG(1, uint64(r)))
		readers.Go(func() {
			at := begin
			for at < last {
				left := random.IntN(20) + 1
				for e, err := range c.Events(soon(t), after(at)) {
					if err != nil || e.Sequence != at+1 {
						t.Errorf("after %d came %d, %v", at, e.Sequence, err)
						return
					}
					at = e.Sequence
					if left--; left == 0 || at == last {
						break
					}
				}
			}
		})
	}
	for i, node := range []*apptest.Server{s, beside} {
		for w := range 4 {
			writers.Go(func() {
				for n := range each / 4 {
					ans, err := node.Try("POST", "/v2/users", as(s.APIToken, fmt.Sprintf(`{"name":"x","email":"u%d-%d-%d@example.com","role":"user"}`, i, w, n)))
					if err != nil || ans.Status != http.StatusOK {
						t.Errorf("%d %s %v", ans.Status, ans.Body, err)
					}
				}
			})
		}
	}
	writers.Wait()
	readers.Wait()
	if got := int64(len(entriesOf(t, s, s.APIToken, ""))); got != last {
		t.Errorf("the log has %d entries, want %d", got, last)
	}
}

// A filter leaves out what does not match, and what is refused unless it is asked for.
func TestEventsFilter(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	jane := s.CreateUser("Jane", "jane@example.com", "user")
	s.CreateUser("John", "john@example.com", "user")
	s.Want(http.StatusOK, "PUT", "/v2/users/"+jane.ID+"/role", as(s.PersonalToken, `{"role":"admin"}`))
	last := int64(len(entriesOf(t, s, s.APIToken, "")))
	o := after(0)
	o.Target = jane.ID
	if got := numbers(take(t, clientOf(t, s, s.APIToken), o, last)); !slices.Equal(got, []int64{last - 2, last}) {
		t.Errorf("of Jane: %v", got)
	}
}

// A stream ends when its token is revoked, and when it loses the permission, on
// whichever server that is done.
func TestEventsEndWithTheRightToThem(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	beside := s.Beside()
	var role struct{ ID string }
	s.Want(http.StatusOK, "POST", "/v2/rbac/roles", as(s.PersonalToken, `{"name":"auditor","orgCapabilities":{"auditLog":["read"]}}`)).Decode(t, &role)
	s.Want(http.StatusOK, "POST", "/v2/users", as(s.PersonalToken, `{"name":"Ada","email":"ada@example.com","role":"`+role.ID+`"}`))
	ada := s.TokenOf("ada@example.com")
	var token struct{ ID, Token string }
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(s.PersonalToken, `{"name":"t","orgCapabilities":{"auditLog":["read"]}}`)).Decode(t, &token)

	ends := func(node *apptest.Server, secret string, want error, end func()) {
		t.Helper()
		ended := make(chan error, 1)
		begun := make(chan struct{})
		go func() {
			first := true
			for _, err := range clientOf(t, node, secret).Events(soon(t), after(0)) {
				if first {
					close(begun)
				}
				if first = false; err != nil {
					ended <- err
				}
			}
		}()
		<-begun
		end()
		if err := <-ended; !errors.Is(err, want) {
			t.Errorf("the stream ended with %v, want %v", err, want)
		}
	}
	for _, node := range []*apptest.Server{s, beside} {
		ends(node, ada, client.ErrForbidden, func() {
			s.Want(http.StatusOK, "PUT", "/v2/rbac/roles/"+role.ID, as(s.PersonalToken, `{"name":"auditor"}`))
		})
		s.Want(http.StatusOK, "PUT", "/v2/rbac/roles/"+role.ID, as(s.PersonalToken, `{"name":"auditor","orgCapabilities":{"auditLog":["read"]}}`))
		beside.Want(http.StatusOK, "GET", "/v2/user", as(ada, ""))
	}
	ends(beside, token.Token, client.ErrUnauthenticated, func() {
		s.Want(http.StatusNoContent, "DELETE", "/v2/tokens/"+token.ID, as(s.PersonalToken, ""))
	})
}

// Streams are bounded per principal, and end when the server drains.
func TestEventsBounds(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	open := func(token string) *http.Response {
		rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v2/events", nil)
		if err != nil {
			t.Fatal(err)
		}
		rq.Header.Set("Authorization", "Bearer "+token)
		resp, err := http.DefaultClient.Do(rq)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { resp.Body.Close() })
		return resp
	}
	var streams []*http.Response
	for range 10 {
		streams = append(streams, open(s.APIToken)) //nolint:bodyclose // closed when the test ends
	}
	wantError(t, s.Do("GET", "/v2/events", as(s.APIToken, "")), 429, "rate_limited", "10 streams")
	if resp := open(s.PersonalToken); resp.StatusCode != http.StatusOK { //nolint:bodyclose // same
		t.Errorf("another principal: %s", resp.Status)
	}
	streams[0].Body.Close()
	for again := open(s.APIToken); again.StatusCode != http.StatusOK; again = open(s.APIToken) {
		again.Body.Close() // the server may not have noticed yet
	}
	s.API.Drain()
	for _, resp := range streams[1:] {
		for b := make([]byte, 1024); ; {
			if _, err := resp.Body.Read(b); err != nil {
				if err.Error() != "EOF" {
					t.Errorf("a stream ended with %v", err)
				}
				break
			}
		}
	}
	wantError(t, s.Do("GET", "/v2/events", as(s.APIToken, "")), 503, "unavailable", "shutting down")
}
