package httpapi_test

import (
	"context"
	"io"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// direct passes a request to the API without a connection, so that it may be one that
// a client would not send. A stream ends with its first part.
func direct(t *testing.T, s *apptest.Server, method string, u *url.URL, rq apptest.Request) *httptest.ResponseRecorder {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	r := httptest.NewRequestWithContext(ctx, "GET", "/", strings.NewReader(rq.Body))
	r.Method, r.URL = method, u
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+rq.Token)
	for name, value := range rq.Header {
		r.Header.Set(name, value)
	}
	w := httptest.NewRecorder()
	s.API.ServeHTTP(impatient{w, cancel}, r)
	return w
}

// impatient leaves at the first flush.
type impatient struct {
	*httptest.ResponseRecorder
	leave func()
}

func (w impatient) Flush() { w.leave() }

// No request is answered with a status of 500 or more.
func FuzzRequest(f *testing.F) {
	s := apptest.StartWith(f, apptest.Options{Log: io.Discard})
	operations := apptest.Operations(f)
	for i := range operations {
		f.Add(uint8(i), "nothing", "limit=1&dryRun=true", `{"name":"x","email":"x@example.com","role":"user","members":["x"]}`, i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, n uint8, id, query, body string, personal bool) {
		op := operations[int(n)%len(operations)]
		u, err := url.ParseRequestURI(op.At(url.PathEscape(id)))
		if err != nil {
			return
		}
		u.RawQuery = query
		rq := as(s.APIToken, body)
		if personal {
			rq = inOrg(s.PersonalToken, s.OrgID, body)
		}
		if w := direct(t, s, op.Method, u, rq); w.Code >= 500 {
			t.Fatalf("%s %s?%s %q: %d %s", op.Method, u.Path, query, body, w.Code, w.Body)
		}
	})
}
