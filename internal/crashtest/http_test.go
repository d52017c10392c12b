package crashtest

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
)

// user is the v2 user object.
type user struct {
	ID    string `json:"id"`
	Email string `json:"email"`
	Name  string `json:"name"`
	Role  struct {
		ID   string `json:"id"`
		Name string `json:"name"`
	} `json:"role"`
}

// sessionCookie is the cookie of sessions at http addresses.
const sessionCookie = "roster_session"

// ask is a request to a server.
type ask struct {
	method, path, token string
	session             string // value of the cookie, for pages
	key                 string // Idempotency-Key
	body                string
}

// do sends a request and reads the whole answer. An error means that there was
// none, or not all of it: nothing is acknowledged. A 503 that does not say when
// to come again is a failure of the server's, and given as one.
func (a ask) do(ctx context.Context, client *http.Client, base string) (status int, body []byte, err error) {
	var content io.Reader
	if a.body != "" {
		content = strings.NewReader(a.body)
	}
	r, err := http.NewRequestWithContext(ctx, a.method, base+a.path, content)
	if err != nil {
		return 0, nil, err
	}
	if a.session == "" {
		r.Header.Set("Authorization", "Bearer "+a.token)
	} else {
		r.AddCookie(&http.Cookie{Name: sessionCookie, Value: a.session})
		client = &http.Client{Transport: client.Transport, CheckRedirect: stay}
	}
	if a.body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if a.key != "" {
		r.Header.Set("Idempotency-Key", a.key)
	}
	resp, err := client.Do(r)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		return 0, nil, err
	}
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		return http.StatusInternalServerError, fmt.Appendf(nil, "503 without Retry-After: %s", body), nil
	}
	return resp.StatusCode, body, nil
}

// stay does not follow a redirect to the sign-in page, which everybody may see.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// outcome writes what do returned for a failure's message.
func outcome(status int, body []byte, err error) string {
	if err != nil {
		return err.Error()
	}
	return fmt.Sprintf("%d %s", status, body)
}

// must sends a request whose answer has to be of a status, and reads it into v.
func must(t *testing.T, base string, status int, a ask, v any) {
	t.Helper()
	got, body, err := a.do(t.Context(), http.DefaultClient, base)
	if err != nil {
		t.Fatalf("%s %s: %v", a.method, a.path, err)
	}
	if got != status {
		t.Fatalf("%s %s: got %d %s, want %d", a.method, a.path, got, body, status)
	}
	if v == nil {
		return
	}
	if err := json.Unmarshal(body, v); err != nil {
		t.Fatalf("%s %s: %v in %s", a.method, a.path, err, body)
	}
}

// list gives all users by id. That an id or an address comes twice is an error.
func list(t *testing.T, base, token string) map[string]user {
	t.Helper()
	var all []user
	must(t, base, http.StatusOK, ask{method: "GET", path: "/v2/users", token: token}, &all)
	byID, emails := make(map[string]user, len(all)), make(map[string]bool, len(all))
	for _, u := range all {
		if _, twice := byID[u.ID]; twice || emails[u.Email] {
			t.Errorf("user %+v is in the list twice", u)
		}
		byID[u.ID], emails[u.Email] = u, true
	}
	return byID
}

func createBody(name, email, role string) string {
	return fmt.Sprintf(`{"name":%q,"email":%q,"role":%q}`, name, email, role)
}
