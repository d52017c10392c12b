package apptest

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/rosterhq/roster/internal/authzen"
	"github.com/rosterhq/roster/internal/forwardauth"
	"github.com/rosterhq/roster/internal/httpapi/apidoc/apidoctest"
	"github.com/rosterhq/roster/internal/oauth"
	"github.com/rosterhq/roster/internal/scim"
)

// Answer is a response, read to its end and held against the description.
type Answer struct {
	Status int
	Header http.Header
	Body   []byte
}

// Request is what to send; the zero values send nothing of the kind.
type Request struct {
	Token  string
	Header map[string]string
	Body   string // sent as application/json unless Header says otherwise
}

var validator = sync.OnceValues(apidoctest.New)

// Do sends a request and reads the answer. An answer that the description does
// not allow fails the test.
func (s *Server) Do(method, path string, rq Request) Answer {
	s.t.Helper()
	ans, err := s.Try(method, path, rq)
	if err != nil {
		s.t.Fatalf("%s %s: %v", method, path, err)
	}
	return ans
}

// Try is [Server.Do] for use outside the test's own goroutine.
func (s *Server) Try(method, path string, rq Request) (Answer, error) {
	var body io.Reader
	if rq.Body != "" {
		body = strings.NewReader(rq.Body)
	}
	r, err := http.NewRequestWithContext(s.t.Context(), method, s.URL+path, body)
	if err != nil {
		return Answer{}, err
	}
	if rq.Body != "" {
		r.Header.Set("Content-Type", "application/json")
	}
	if rq.Token != "" {
		r.Header.Set("Authorization", "Bearer "+rq.Token)
	}
	for name, value := range rq.Header {
		r.Header.Set(name, value)
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		return Answer{}, err
	}
	defer resp.Body.Close()
	b, err := readBody(resp)
	if err != nil {
		return Answer{}, err
	}
	v, err := validator()
	if err != nil {
		return Answer{}, err
	}
	if method != http.MethodHead && described(r.URL.Path) {
		err = v.CheckResponse(method, r.URL.Path, resp.StatusCode, resp.Header, b)
	}
	return Answer{Status: resp.StatusCode, Header: resp.Header, Body: b}, err
}

// described reports whether openapi.yaml has a path. Other standards describe the others.
func described(path string) bool {
	return !slices.ContainsFunc([]string{scim.Root, authzen.Prefix, oauth.Prefix, forwardauth.Prefix, "/.well-known/"}, func(prefix string) bool {
		return strings.HasPrefix(path, prefix)
	})
}

// readBody reads a body that the client asked to be compressed by itself, too. Of
// a stream, which has no end, it reads what comes at once.
func readBody(resp *http.Response) ([]byte, error) {
	if resp.Header.Get("Content-Type") == "text/event-stream" {
		first := make([]byte, 32<<10)
		n, err := resp.Body.Read(first)
		if errors.Is(err, io.EOF) {
			err = nil
		}
		return first[:1+bytes.LastIndexByte(first[:n], '\n')], err
	}
	if resp.Header.Get("Content-Encoding") != "gzip" || resp.StatusCode == http.StatusNotModified {
		return io.ReadAll(resp.Body)
	}
	z, err := gzip.NewReader(resp.Body)
	if err != nil {
		return nil, err
	}
	return io.ReadAll(z)
}

// Decode reads an answer's body into v.
func (a Answer) Decode(t testing.TB, v any) {
	t.Helper()
	if err := json.Unmarshal(a.Body, v); err != nil {
		t.Fatalf("decode %s: %v", a.Body, err)
	}
}

// Error is the error that an answer carries.
func (a Answer) Error() (e struct{ Code, Message, Field string }) {
	_ = json.Unmarshal(a.Body, &e)
	return e
}

// Want is [Server.Do] for an answer of a given status.
func (s *Server) Want(status int, method, path string, rq Request) Answer {
	s.t.Helper()
	ans := s.Do(method, path, rq)
	if ans.Status != status {
		s.t.Fatalf("%s %s: got %d %s, want %d", method, path, ans.Status, ans.Body, status)
	}
	return ans
}
