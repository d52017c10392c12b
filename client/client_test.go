package client

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

const secret = "xapt-not-to-be-seen"

// against makes a client of a server that answers with handler, and that waits
// next to nothing between attempts.
func against(t *testing.T, handler http.HandlerFunc, options ...Option) *Client {
	t.Helper()
	server := httptest.NewServer(handler)
	t.Cleanup(server.Close)
	c, err := New(server.URL+"/", secret, options...)
	if err != nil {
		t.Fatal(err)
	}
	c.pause = time.Millisecond
	return c
}

func answer(w http.ResponseWriter, body string) { _, _ = io.WriteString(w, body) }

func TestRequestSaysWhoAndWhat(t *testing.T) {
	t.Parallel()
	var got *http.Request
	var body string
	c := against(t, func(w http.ResponseWriter, r *http.Request) {
		b, _ := io.ReadAll(r.Body)
		got, body = r, string(b)
		answer(w, `{"id":"usr_1","name":"Jane","email":"jane@example.com","role":{"id":"user","name":"User"}}`)
	}, WithOrg("acme-x7q2"), WithUserAgent("test/1"), WithDryRun())
	u, err := c.CreateUser(t.Context(), NewUser{Name: "Jane", Email: "jane@example.com", Role: "user"})
	if err != nil {
		t.Fatal(err)
	}
	if want := (User{ID: "usr_1", Name: "Jane", Email: "jane@example.com", Role: RoleRef{ID: "user", Name: "User"}}); u != want {
		t.Errorf("got %+v, want %+v", u, want)
	}
	if got.Method != http.MethodPost || got.URL.String() != "/v2/users?dryRun=true" {
		t.Errorf("%s %s", got.Method, got.URL)
	}
	for name, want := range map[string]string{
		"Authorization": "Bearer " + secret, "X-Axiom-Org-Id": "acme-x7q2", "User-Agent": "test/1", "Content-Type": "application/json",
	} {
		if v := got.Header.Get(name); v != want {
			t.Errorf("%s: %q, want %q", name, v, want)
		}
	}
	if want := `{"name":"Jane","email":"jane@example.com","role":"user"}`; body != want {
		t.Errorf("body %s, want %s", body, want)
	}
}

func TestIDsAreEscaped(t *testing.T) {
	t.Parallel()
	c := against(t, func(_ http.ResponseWriter, r *http.Request) {
		if want := "/v2/users/..%2Ftokens%3Fa"; r.URL.EscapedPath() != want {
			t.Errorf("path %s, want %s", r.URL.EscapedPath(), want)
		}
	})
	if err := c.RemoveUser(t.Context(), "../tokens?a"); err != nil {
		t.Fatal(err)
	}
}

func TestNewRefuses(t *testing.T) {
	t.Parallel()
	for _, in := range []struct{ url, token string }{
		{"", secret},
		{"roster.example.com", secret},
		{"ftp://roster.example.com", secret},
		{"https://jane:" + secret + "@roster.example.com", "t"},
		{"https://jane:" + secret + "@roster.example.com:no-port", "t"},
		{"https://roster.example.com?token=" + secret, "t"},
		{"https://roster.example.com", ""},
		{"https://roster.example.com", secret + "\r\nX-Other: 1"},
	} {
		_, err := New(in.url, in.token)
		if err == nil {
			t.Errorf("%q, %q: no error", in.url, in.token)
		} else if strings.Contains(err.Error(), secret) {
			t.Errorf("the error holds the secret: %v", err)
		}
	}
}

func TestErrorsHaveKinds(t *testing.T) {
	t.Parallel()
	kinds := map[int]kind{
		400: ErrInvalid, 401: ErrUnauthenticated, 403: ErrForbidden, 404: ErrNotFound, 405: ErrInvalid, 409: ErrConflict,
		412: ErrPreconditionFailed, 413: ErrInvalid, 415: ErrInvalid, 422: ErrInvalid, 429: ErrRateLimited, 500: ErrUnavailable, 503: ErrUnavailable,
	}
	for status, want := range kinds {
		c := against(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("X-Axiom-Trace-Id", "trace1")
			w.WriteHeader(status)
			answer(w, `{"code":"some_code","message":"role is wrong","field":"role","status":1,"traceID":"no"}`)
		})
		_, err := c.GetUser(t.Context(), "usr_1")
		for _, k := range kinds {
			if errors.Is(err, k) != (k == want) {
				t.Errorf("status %d: Is(%v) is %t", status, k, k != want)
			}
		}
		e, ok := errors.AsType[*Error](err)
		if !ok {
			t.Fatalf("status %d: %T", status, err)
		}
		if diff := cmp.Diff(Error{Status: status, Code: "some_code", Message: "role is wrong", Field: "role", TraceID: "trace1"}, *e,
			cmp.FilterPath(func(p cmp.Path) bool { return p.String() == "cause" }, cmp.Ignore())); diff != "" {
			t.Error(diff)
		}
	}
}

func TestErrorOfAProxy(t *testing.T) {
	t.Parallel()
	c := against(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, "https://elsewhere.example.com/", http.StatusFound)
	})
	_, err := c.GetSelf(t.Context())
	if err == nil || err.Error() != "the server answered 302 Found" {
		t.Errorf("got %v", err)
	}
}

func TestNoSecretShows(t *testing.T) {
	t.Parallel()
	echo := against(t, func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusBadRequest)
		_ = json.NewEncoder(w).Encode(map[string]string{"message": "you sent " + r.Header.Get("Authorization")})
	})
	_, refused := echo.GetSelf(t.Context())
	down := against(t, nil, WithHTTPClient(&http.Client{Transport: failing{}}))
	_, unreachable := down.GetSelf(t.Context())
	for name, text := range map[string]string{
		"refusal": fmt.Sprint(refused), "network": fmt.Sprint(unreachable),
		"%v": fmt.Sprintf("%v", echo), "%+v": fmt.Sprintf("%+v", echo), "%#v": fmt.Sprintf("%#v", echo),
	} {
		if strings.Contains(text, secret) {
			t.Errorf("%s holds the token: %s", name, text)
		}
	}
	if !errors.Is(unreachable, ErrUnavailable) || !errors.Is(unreachable, io.ErrUnexpectedEOF) {
		t.Errorf("got %v", unreachable)
	}
}

// failing is a network that tells everything it was given.
type failing struct{}

func (failing) RoundTrip(r *http.Request) (*http.Response, error) {
	return nil, fmt.Errorf("sending %v: %w", r.Header, io.ErrUnexpectedEOF)
}

func TestContextEndsTheWait(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	c := against(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Retry-After", "20")
		w.WriteHeader(http.StatusTooManyRequests)
		time.AfterFunc(time.Second, cancel) // the answer has arrived by then
	})
	_, err := c.GetSelf(ctx)
	if !errors.Is(err, context.Canceled) || !errors.Is(err, ErrRateLimited) {
		t.Errorf("got %v", err)
	}
}
