package client

import (
	"context"
	"net"
	"net/http"
	"strings"
)

// Protect returns middleware that calls the next handler only for requests whose subject
// may do what ask returns.
//
// The question needs an action and a resource. If it has a subject, it is about that one, for
// example the user of a session. Otherwise the subject is the bearer token of the request, and
// if the question has no address, the one that the request was sent from. Behind a proxy, ask
// sets the address of the proxy's client.
//
// Other requests get 401 with WWW-Authenticate if there is no subject, or no valid token;
// 403 if the answer is no or the question has no action; and 503 if there is no answer. The
// next handler gets the answer from [AnswerFrom].
func (k *Checker) Protect(ask func(*http.Request) Question) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			q := ask(r)
			presented := q.Subject.ID == ""
			if presented && !present(r, &q) {
				unauthorized(w, "Bearer")
				return
			}
			if q.Action == "" || q.Resource.Type == "" {
				http.Error(w, "forbidden", http.StatusForbidden)
				return
			}
			a, err := k.Ask(r.Context(), q)
			switch {
			case err != nil:
				if r.Context().Err() == nil {
					k.log.Warn("a request has no answer from Roster, and is refused", "error", err)
				}
				w.Header().Set("Retry-After", "1")
				http.Error(w, "can't check permissions now; try again", http.StatusServiceUnavailable)
			case presented && a.Subject.ID == "":
				unauthorized(w, `Bearer error="invalid_token"`)
			case !a.Allowed:
				http.Error(w, "forbidden", http.StatusForbidden)
			default:
				next.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), answerKey{}, a)))
			}
		})
	}
}

type answerKey struct{}

// AnswerFrom returns the answer by which [Checker.Protect] let a request pass. Its Subject
// is the user or token that asks. It reports false if the request has not passed through Protect.
func AnswerFrom(ctx context.Context) (Answer, bool) {
	a, ok := ctx.Value(answerKey{}).(Answer)
	return a, ok
}

// maxToken is the server's limit for an id.
const maxToken = 1024

// present makes the bearer token of a request (RFC 6750 section 2.1) the subject of a question. It
// reports false if there is none, or more than one.
func present(r *http.Request, q *Question) bool {
	values := r.Header["Authorization"]
	if len(values) != 1 || len(values[0]) > maxToken {
		return false
	}
	scheme, token, _ := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	if !strings.EqualFold(scheme, "Bearer") || !strings.HasPrefix(token, "xaat-") && !strings.HasPrefix(token, "xapt-") {
		return false // above all, not the id of a token, which is a subject too but no secret
	}
	q.Subject = Subject{TokenSubject, token}
	if q.Address == "" {
		q.Address, _, _ = net.SplitHostPort(r.RemoteAddr)
	}
	return true
}

func unauthorized(w http.ResponseWriter, challenge string) {
	w.Header().Set("WWW-Authenticate", challenge)
	http.Error(w, "a valid token is required", http.StatusUnauthorized)
}
