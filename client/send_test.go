package client

import (
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
)

func TestCreateIsRepeatedUnderOneKey(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex // one that is cut off may not be at its end when the next begins
	var keys, bodies []string
	c := against(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		mu.Lock()
		defer mu.Unlock()
		keys, bodies = append(keys, r.Header.Get("Idempotency-Key")), append(bodies, string(b))
		switch len(keys) {
		case 1:
			panic(http.ErrAbortHandler) // cuts the connection
		case 2:
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(http.StatusServiceUnavailable)
		default:
			answer(w, `{"id":"acme-x7q2","name":"Acme"}`)
		}
	})
	if _, err := c.CreateOrg(t.Context(), "Acme"); err != nil {
		t.Fatal(err)
	}
	if len(keys) != 3 || keys[0] == "" || keys[1] != keys[0] || keys[2] != keys[0] {
		t.Errorf("keys %q", keys)
	}
	if len(slices.Compact(bodies)) != 1 {
		t.Errorf("bodies %q", bodies)
	}
	first := keys[0]
	if _, err := c.CreateOrg(t.Context(), "Acme"); err != nil {
		t.Fatal(err)
	}
	if keys[3] == first {
		t.Error("another create has the same key")
	}
}

func TestWhatIsRepeated(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		status     int
		retryAfter string
		want       int
	}{
		{429, "0", attempts},
		{502, "", attempts},
		{503, "soon", attempts},
		{504, "-1", attempts},
		{429, "3600", 1},
		{500, "", 1},
		{400, "", 1},
		{409, "", 1},
	} {
		n := 0
		c := against(t, func(w http.ResponseWriter, _ *http.Request) {
			n++
			w.Header().Set("Retry-After", tt.retryAfter)
			w.WriteHeader(tt.status)
		})
		if err := c.DeleteRole(t.Context(), "role_1"); err == nil || n != tt.want {
			t.Errorf("%d, Retry-After %q: %d requests, want %d; error %v", tt.status, tt.retryAfter, n, tt.want, err)
		}
	}
}

func collect(t *testing.T, c *Client, o ListUsersOptions) (ids []string, err error) {
	t.Helper()
	for u, e := range c.ListUsers(t.Context(), o) {
		if e != nil {
			return ids, e
		}
		ids = append(ids, u.ID)
	}
	return ids, nil
}

func TestListUsersStreams(t *testing.T) {
	t.Parallel()
	more := make(chan struct{})
	c := against(t, func(w http.ResponseWriter, r *http.Request) {
		if want := "email=j%40example.com&q=doe&role=admin"; r.URL.RawQuery != want {
			t.Errorf("query %s, want %s", r.URL.RawQuery, want)
		}
		answer(w, `[{"id":"usr_1"},`)
		_ = http.NewResponseController(w).Flush()
		<-more
		answer(w, `{"id":"usr_2"}]`)
	})
	var ids []string
	for u, err := range c.ListUsers(t.Context(), ListUsersOptions{Email: "j@example.com", Role: "admin", Query: "doe"}) {
		if err != nil {
			t.Fatal(err)
		}
		if ids = append(ids, u.ID); len(ids) == 1 {
			close(more) // the first is here before the second was written
		}
	}
	if !slices.Equal(ids, []string{"usr_1", "usr_2"}) {
		t.Errorf("got %v", ids)
	}
}

func TestListUsersTurnsPages(t *testing.T) {
	t.Parallel()
	requests := 0
	c := against(t, func(w http.ResponseWriter, r *http.Request) {
		requests++
		if r.URL.Query().Get("limit") != "2" {
			t.Errorf("query %s", r.URL.RawQuery)
		}
		if r.URL.Query().Get("cursor") == "" {
			w.Header().Set("Link", `</v2/users?cursor=abc&limit=2>; rel="next"`)
			answer(w, `[{"id":"usr_1"},{"id":"usr_2"}]`)
			return
		}
		answer(w, `[{"id":"usr_3"}]`)
	})
	for range 2 { // a sequence can be ranged over again
		ids, err := collect(t, c, ListUsersOptions{PageSize: 2})
		if err != nil || !slices.Equal(ids, []string{"usr_1", "usr_2", "usr_3"}) {
			t.Errorf("got %v, %v", ids, err)
		}
	}
	requests = 0
	c.ListUsers(t.Context(), ListUsersOptions{PageSize: 2})(func(_ User, err error) bool {
		if err != nil {
			t.Error(err)
		}
		return false
	})
	if requests != 1 {
		t.Errorf("%d requests for the first user", requests)
	}
}

func TestListUsersCutOff(t *testing.T) {
	t.Parallel()
	for name, handler := range map[string]http.HandlerFunc{
		"connection cut": func(w http.ResponseWriter, _ *http.Request) {
			answer(w, `[{"id":"usr_1"},`)
			_ = http.NewResponseController(w).Flush()
			panic(http.ErrAbortHandler)
		},
		"no end":     func(w http.ResponseWriter, _ *http.Request) { answer(w, `[{"id":"usr_1"}`) },
		"not a list": func(w http.ResponseWriter, _ *http.Request) { answer(w, `{"id":"usr_1"}`) },
		"refused":    func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusForbidden) },
	} {
		if ids, err := collect(t, against(t, handler), ListUsersOptions{}); err == nil {
			t.Errorf("%s: %v and no error", name, ids)
		}
	}
}

func TestETagGuardsUpdates(t *testing.T) {
	t.Parallel()
	c := against(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method == http.MethodPut {
			if r.Header.Get("If-Match") != `"v1"` {
				t.Errorf("If-Match %q", r.Header.Get("If-Match"))
			}
			w.WriteHeader(http.StatusPreconditionFailed)
			return
		}
		w.Header().Set("ETag", `"v1"`)
		answer(w, `{"id":"role_1","name":"Support","orgCapabilities":{"users":["read"]}}`)
	})
	role, err := c.GetRole(t.Context(), "role_1")
	if err != nil || strings.Join(role.Org["users"], " ") != "read" {
		t.Fatal(role, err)
	}
	if _, err := c.UpdateRole(t.Context(), role.ID, role); !errors.Is(err, ErrPreconditionFailed) {
		t.Errorf("got %v", err)
	}
}

func TestDryRunTellsTheDiff(t *testing.T) {
	t.Parallel()
	var got []AccessDiff
	c := against(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Roster-Access-Diff", `{"changes":[{"kind":"user","id":"usr_1","gained":[],"lost":["users|read"]}],"omitted":2}`)
		w.WriteHeader(http.StatusNoContent)
	}, WithDryRun(), WithAccessDiff(func(d AccessDiff) { got = append(got, d) }))
	if err := c.RemoveUser(t.Context(), "usr_1"); err != nil {
		t.Fatal(err)
	}
	if len(got) != 1 || got[0].Omitted != 2 || got[0].Changes[0].Lost[0] != "users|read" {
		t.Errorf("got %+v", got)
	}
}

// A dry run asks what would be revoked and left, not only whether the change is allowed.
func TestRevokingAsksAndTellsWhatIsLeft(t *testing.T) {
	t.Parallel()
	for query, options := range map[string][]Option{"revoke=tokens%2Cinvitations": nil, "dryRun=true&revoke=tokens%2Cinvitations": {WithDryRun()}} {
		var asked []string
		c := against(t, func(w http.ResponseWriter, r *http.Request) {
			asked = append(asked, r.URL.RawQuery)
			w.Header().Set("Roster-Left", "tokens=0, webhooks=2, invitations=1")
			answer(w, `{"id":"usr_1"}`)
		}, options...)
		removed, err := c.RemoveUserAndRevoke(t.Context(), "usr_1", "tokens", "invitations")
		if err != nil {
			t.Fatal(err)
		}
		_, demoted, err := c.UpdateUserRoleAndRevoke(t.Context(), "usr_1", "none", "tokens", "invitations")
		if err != nil {
			t.Fatal(err)
		}
		for _, left := range []Left{removed, demoted} {
			if left["tokens"] != 0 || left["webhooks"] != 2 || left["invitations"] != 1 || len(left) != 3 {
				t.Errorf("left %v", left)
			}
		}
		if strings.Join(asked, " ") != query+" "+query {
			t.Errorf("asked %v, want %s", asked, query)
		}
	}
}
