package protocol

import (
	"errors"
	"io"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/rosterhq/roster/internal/directory"
)

// ReadBody reads a body of at most limit bytes. Errors: [TooLarge], and [directory.Invalid] for
// one that can't be read.
func ReadBody(w http.ResponseWriter, r *http.Request, limit int64) ([]byte, error) {
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
	if _, tooLarge := errors.AsType[*http.MaxBytesError](err); tooLarge {
		return nil, directory.Errorf(TooLarge, "the body is larger than %d bytes", limit)
	}
	if err != nil {
		return nil, &directory.Error{Code: directory.Invalid, Message: "the body could not be read", Err: err}
	}
	return body, nil
}

// SendJSON sends an answer that must not be cached. Its type must be one that JSON has.
func SendJSON(w http.ResponseWriter, status int, answer any) {
	body, err := json.Marshal(answer)
	if err != nil {
		panic(err) // of a type that JSON does not have
	}
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	// A client that has disconnected gets no answer.
	_, _ = w.Write(body)
}

// ReadOnly responds to other methods than GET and HEAD with an error, and reports whether the
// request has one of these.
func ReadOnly(w http.ResponseWriter, r *http.Request, fail func(http.ResponseWriter, *directory.Error)) bool {
	if r.Method == http.MethodGet || r.Method == http.MethodHead {
		return true
	}
	w.Header().Set("Allow", "GET, HEAD")
	fail(w, directory.Errorf(MethodNotAllowed, "only GET is allowed"))
	return false
}

var errNoToken = directory.Errorf(directory.Unauthenticated, `a token is required, as in "Authorization: Bearer xaat-…"`)

// Bearer reads the token (RFC 6750 section 2.1; the scheme's case is free, RFC
// 9110 section 11.1). It rejects two Authorization headers, because a proxy on the way
// may have checked either.
func Bearer(h http.Header) (string, error) {
	values := h["Authorization"]
	if len(values) != 1 {
		return "", errNoToken
	}
	scheme, token, ok := strings.Cut(values[0], " ")
	token = strings.TrimSpace(token)
	if !ok || !strings.EqualFold(scheme, "Bearer") || token == "" {
		return "", errNoToken
	}
	return token, nil
}
