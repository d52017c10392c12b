package client_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"testing"

	"github.com/rosterhq/roster/client"
)

// The middleware lets through whom the answer allows, and says why it refuses others.
func TestProtect(t *testing.T) {
	const yes, no = "xapt-ann", "xapt-bob"
	for name, c := range map[string]struct {
		authorization []string
		session       string // whom ask finds out by itself
		action        string
		down          bool
		status        int
		challenge     string
		subject       string
	}{
		"allowed":                    {authorization: []string{"Bearer " + yes}, status: 200, subject: "usr_ann"},
		"scheme in lower case":       {authorization: []string{"bearer " + yes}, status: 200, subject: "usr_ann"},
		"denied":                     {authorization: []string{"Bearer " + no}, status: 403},
		"no token":                   {status: 401, challenge: "Bearer"},
		"another scheme":             {authorization: []string{"Basic " + yes}, status: 401, challenge: "Bearer"},
		"two tokens":                 {authorization: []string{"Bearer " + yes, "Bearer " + yes}, status: 401, challenge: "Bearer"},
		"unknown token":              {authorization: []string{"Bearer xapt-nobody"}, status: 401, challenge: `Bearer error="invalid_token"`},
		"another secret":             {authorization: []string{"Bearer secret"}, status: 401, challenge: "Bearer"},
		"a token's id":               {authorization: []string{"Bearer tok_06h26pqs4d8wvzz5c1hk2sm9ma"}, status: 401, challenge: "Bearer"},
		"a user's id":                {authorization: []string{"Bearer usr_ann"}, status: 401, challenge: "Bearer"},
		"an address":                 {authorization: []string{"Bearer ann@example.com"}, status: 401, challenge: "Bearer"},
		"no action":                  {authorization: []string{"Bearer " + yes}, action: "none", status: 403},
		"server down":                {authorization: []string{"Bearer " + yes}, down: true, status: 503},
		"session":                    {session: "usr_ann", status: 200, subject: "usr_ann"},
		"session denied":             {session: "usr_bob", status: 403},
		"session of an unknown user": {session: "usr_nobody", status: 403},
		"session, not the token":     {session: "usr_bob", authorization: []string{"Bearer " + yes}, status: 403},
		"session, server down":       {session: "usr_ann", down: true, status: 503},
	} {
		t.Run(name, func(t *testing.T) {
			bubble(t, client.CheckerOptions{}, func(t *testing.T, f *fakeRoster, k *client.Checker, _ *fakeStream) {
				var asked fakeQuestion
				f.set(func() {
					f.answer = func(q fakeQuestion) string {
						asked = q
						who := identity(q.Subject.Type, q.Subject.ID)
						if who == identity("token", yes) || who == identity("user", "usr_ann") {
							return `{"decision":true,"context":{"subject":` + who + `}}`
						}
						return `{"decision":false,"context":{"subject":` + who + `}}`
					}
					if c.down {
						f.refuse = func(*http.Request) (*http.Response, error) { return nil, errDown }
					}
				})
				passed := false
				handler := k.Protect(func(r *http.Request) client.Question {
					q := client.Question{Action: "read", Resource: client.Resource{Type: "invoice", ID: r.PathValue("id")}, Organization: "acme"}
					if c.session != "" {
						q.Subject = client.Subject{Type: client.UserSubject, ID: c.session}
					}
					if c.action == "none" {
						q.Action = ""
					}
					return q
				})(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
					passed = true
					if a, ok := client.AnswerFrom(r.Context()); !ok || a.Subject != (client.Subject{Type: client.UserSubject, ID: c.subject}) {
						t.Errorf("the handler gets %+v", a)
					}
				}))
				mux := http.NewServeMux()
				mux.Handle("GET /invoices/{id}", handler)
				r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/invoices/2026-7", nil)
				r.Header["Authorization"] = c.authorization
				w := httptest.NewRecorder()
				mux.ServeHTTP(w, r)
				if w.Code != c.status || passed != (c.status == 200) || w.Header().Get("WWW-Authenticate") != c.challenge {
					t.Errorf("%d %q, passed: %t", w.Code, w.Header().Get("WWW-Authenticate"), passed)
				}
				if asked.Resource.ID != "" && (asked.Resource.ID != "2026-7" || asked.Context.Organization != "acme") {
					t.Errorf("asked about %+v", asked)
				}
				if c.session == "" && asked.Subject.ID != "" && asked.Subject.Properties.Address != "192.0.2.1" { // of httptest
					t.Errorf("the token came from %q", asked.Subject.Properties.Address)
				}
			})
		})
	}
	if _, ok := client.AnswerFrom(context.Background()); ok {
		t.Error("a request that was not checked has an answer")
	}
}
