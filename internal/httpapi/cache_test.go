package httpapi_test

import (
	"flag"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/httpapi"
)

// uncached is a store whose data may not be cached.
type uncached struct{ directory.Store }

func (uncached) Observe(directory.Observer) {}
func (uncached) InTouch() bool              { return false }

// newUncachedAPI answers from the database alone.
func newUncachedAPI(s *apptest.Server) *httpapi.API {
	return httpapi.New(httpapi.Options{
		Service: directory.NewService(uncached{s.Store}, dbtest.Keys(), time.Now), Log: slog.New(slog.NewTextHandler(io.Discard, nil)),
		Clock: time.Now, Version: "test",
	})
}

// The cache never changes an answer: after each of many random changes, a server with a
// cache and one without answer the same.
func TestCacheNeverChangesAnAnswer(t *testing.T) {
	t.Parallel()
	// Each check makes a database, and each step reads everything. On PostgreSQL that takes
	// several times as long; CI makes all checks there too.
	checks, number := flag.Lookup("rapid.checks"), "8"
	if dbtest.OnPostgres() && os.Getenv("ROSTER_TEST_WHOLE") != "1" {
		number = "2"
	}
	if err := checks.Value.Set(number); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = checks.Value.Set(checks.DefValue) })
	rapid.Check(t, func(rt *rapid.T) {
		w := newReadWorld(oneCheck{t, rt})
		rt.Repeat(map[string]func(*rapid.T){
			"": func(rt *rapid.T) { w.compare(rt) },
			"create a user": func(rt *rapid.T) {
				n := rapid.IntRange(0, 9).Draw(rt, "n")
				w.do(rt, "POST", "/v2/users", fmt.Sprintf(`{"name":"Jane %d","email":"jane%d@example.com","role":%q}`, n, n, w.role(rt)))
			},
			"remove a user": func(rt *rapid.T) { w.do(rt, "DELETE", "/v2/users/"+w.user(rt), "") },
			"give a role": func(rt *rapid.T) {
				w.do(rt, "PUT", "/v2/users/"+w.user(rt)+"/role", fmt.Sprintf(`{"role":%q}`, w.role(rt)))
			},
			"rename the owner": func(rt *rapid.T) {
				w.do(rt, "PUT", "/v2/user", fmt.Sprintf(`{"name":"Olivia %d"}`, rapid.IntRange(0, 3).Draw(rt, "n")))
			},
			"change a role": func(rt *rapid.T) {
				name, action := rapid.IntRange(0, 3).Draw(rt, "n"), rapid.SampledFrom([]string{"create", "read"}).Draw(rt, "action")
				w.do(rt, "PUT", "/v2/rbac/roles/"+w.custom, fmt.Sprintf(`{"name":"Helpers %d","orgCapabilities":{"users":[%q]}}`, name, action))
			},
			"change a group": func(rt *rapid.T) {
				members, roles := "", ""
				if rapid.Bool().Draw(rt, "has members") {
					members = strconv.Quote(w.member)
				}
				if rapid.Bool().Draw(rt, "has roles") {
					roles = strconv.Quote(w.role(rt))
				}
				w.do(rt, "PUT", "/v2/rbac/groups/"+w.group, fmt.Sprintf(`{"name":"Group","members":[%s],"roles":[%s]}`, members, roles))
			},
			"end a token": func(rt *rapid.T) {
				if len(w.ending) > 0 {
					w.do(rt, "DELETE", "/v2/tokens/"+w.ending[0], "")
					w.ending = w.ending[1:]
				}
			},
		})
	})
}

// readWorld is a server with what is read of it.
type readWorld struct {
	*apptest.Server
	users  map[string]bool // all there ever were
	member string
	custom string
	group  string
	ending []string // ids of tokens to delete
	tokens []string // all there ever were
	tags   map[string]string
}

// oneCheck is the part of a test that is one check of rapid. What the check has opened is
// closed when it ends.
type oneCheck struct {
	testing.TB
	rt *rapid.T
}

func (c oneCheck) Cleanup(fn func()) { c.rt.Cleanup(fn) }

func newReadWorld(t testing.TB) *readWorld {
	w := &readWorld{Server: apptest.StartWith(t, apptest.Options{}), users: make(map[string]bool), tags: make(map[string]string)}
	made := func(method, path, body string) (got struct{ ID, Token string }) {
		w.Want(http.StatusOK, method, path, as(w.PersonalToken, body)).Decode(t, &got)
		return got
	}
	w.custom = made("POST", "/v2/rbac/roles", `{"name":"Helpers","orgCapabilities":{"users":["read"]}}`).ID
	w.group = made("POST", "/v2/rbac/groups", `{"name":"Group"}`).ID
	w.member = w.CreateUser("Mary", "mary@example.com", w.custom).ID
	w.users[w.member], w.users[w.UserID] = true, true
	w.tokens = []string{w.PersonalToken, w.APIToken, w.TokenOf("mary@example.com")}
	for range 2 {
		token := made("POST", "/v2/tokens", `{"name":"t","orgCapabilities":{"users":["read"]}}`)
		w.ending, w.tokens = append(w.ending, token.ID), append(w.tokens, token.Token)
	}
	return w
}

func (w *readWorld) user(rt *rapid.T) string {
	return rapid.SampledFrom(slices.Sorted(maps.Keys(w.users))).Draw(rt, "user")
}

func (w *readWorld) role(rt *rapid.T) string {
	return rapid.SampledFrom([]string{"user", "none", "admin", "owner", w.custom}).Draw(rt, "role")
}

// do changes something, or is refused.
func (w *readWorld) do(rt *rapid.T, method, path, body string) {
	ans, err := w.Try(method, path, as(w.PersonalToken, body))
	if err != nil || ans.Status >= http.StatusInternalServerError {
		rt.Fatalf("%s %s: %d %s %v", method, path, ans.Status, ans.Body, err)
	}
	if method == "POST" && ans.Status == http.StatusOK {
		id := strings.SplitN(string(ans.Body), `"`, 9)[7]
		w.users[id] = true
	}
}

// compare reads what may be remembered, twice of the server that remembers: as
// it was left by the change, and as it has read it then.
func (w *readWorld) compare(rt *rapid.T) {
	fresh := newUncachedAPI(w.Server)
	for _, token := range w.tokens {
		for _, id := range slices.Sorted(maps.Keys(w.users)) {
			w.read(rt, fresh, "/v2/users/"+id, token, "identity")
		}
		for _, encoding := range []string{"identity", "gzip"} {
			w.read(rt, fresh, "/v2/users", token, encoding)
		}
		for _, query := range []string{
			"limit=2", "email=OWNER@example.com", "email=mary@example.com", "email=mary@example.com&limit=1",
			"email=jane0@example.com", "email=jane1@example.com", "email=jane2@example.com", "email=jane0@example.com&role=user",
		} {
			w.read(rt, fresh, "/v2/users?"+query, token, "identity")
		}
	}
}

func (w *readWorld) read(rt *rapid.T, fresh *httpapi.API, path, token, encoding string) {
	for _, tag := range []string{w.tags[path+encoding], ""} {
		want := answerOf(fresh, path, token, encoding, tag)
		for range 2 {
			if got := answerOf(w.API, path, token, encoding, tag); got != want {
				rt.Fatalf("%s (%s, If-None-Match %s):\nfrom memory    %.500q\nwithout memory %.500q", path, encoding, tag, got, want)
			}
		}
		if _, after, ok := strings.Cut(want, "ETag "); ok && tag == "" {
			w.tags[path+encoding] = strings.Trim(strings.SplitN(after, " ", 2)[0], "[]")
		}
	}
}

// answerOf is an answer as a line of text.
func answerOf(api *httpapi.API, path, token, encoding, tag string) string {
	r := httptest.NewRequest(http.MethodGet, path, http.NoBody)
	r.Header.Set("Authorization", "Bearer "+token)
	r.Header.Set("Accept-Encoding", encoding)
	if tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	rec := httptest.NewRecorder()
	api.ServeHTTP(rec, r)
	h := rec.Header()
	return fmt.Sprintf("%d ETag %s %s %s %s %s", rec.Code, h["Etag"], h["Content-Encoding"], h["Content-Type"], h["Link"], rec.Body)
}
