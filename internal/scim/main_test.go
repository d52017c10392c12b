package scim_test

import (
	"encoding/json"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
)

// object is a JSON object.
type object = map[string]any

// server is a server with a directory's token.
type server struct {
	*apptest.Server
	t     testing.TB
	token string
}

func start(t testing.TB) *server {
	t.Helper()
	s := apptest.Start(t)
	return &server{Server: s, t: t, token: s.APIToken}
}

// do sends a request as the directory; body is JSON, or is encoded as such.
func (s *server) do(method, path string, body any, header ...string) apptest.Answer {
	s.t.Helper()
	rq := apptest.Request{Token: s.token, Header: map[string]string{"Content-Type": "application/scim+json"}}
	for i := 0; i+1 < len(header); i += 2 {
		rq.Header[header[i]] = header[i+1]
	}
	if text, ok := body.(string); ok {
		rq.Body = text
	} else if body != nil {
		rq.Body = encode(s.t, body)
	}
	return s.Do(method, "/scim/v2"+path, rq)
}

// want is do for an answer of a given status, whose body it returns.
func (s *server) want(status int, method, path string, body any, header ...string) object {
	s.t.Helper()
	ans := s.do(method, path, body, header...)
	if ans.Status != status {
		s.t.Fatalf("%s %s: got %d, want %d: %s", method, path, ans.Status, status, ans.Body)
	}
	if len(ans.Body) == 0 {
		return nil
	}
	var o object
	ans.Decode(s.t, &o)
	return o
}

// refused is want for an error, whose scimType it checks.
func (s *server) refused(status int, scimType, method, path string, body any, header ...string) string {
	s.t.Helper()
	o := s.want(status, method, path, body, header...)
	if got, _ := o["scimType"].(string); got != scimType {
		s.t.Errorf("%s %s: scimType %q, want %q: %v", method, path, got, scimType, o)
	}
	detail, _ := o["detail"].(string)
	if detail == "" {
		s.t.Errorf("%s %s: the error has no detail: %v", method, path, o)
	}
	return detail
}

func encode(t testing.TB, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// createUser adds a user and returns the id.
func (s *server) createUser(userName string) string {
	s.t.Helper()
	o := s.want(201, "POST", "/Users", object{"schemas": []string{userURN}, "userName": userName})
	return o["id"].(string)
}

// createGroup adds a group with members and returns the id.
func (s *server) createGroup(name string, members ...string) string {
	s.t.Helper()
	o := s.want(201, "POST", "/Groups", object{"schemas": []string{groupURN}, "displayName": name, "members": references(members...)})
	return o["id"].(string)
}

func references(ids ...string) []object {
	list := []object{}
	for _, id := range ids {
		list = append(list, object{"value": id})
	}
	return list
}

func patchOf(operations ...object) object {
	return object{"schemas": []string{"urn:ietf:params:scim:api:messages:2.0:PatchOp"}, "Operations": operations}
}

const (
	userURN       = "urn:ietf:params:scim:schemas:core:2.0:User"
	groupURN      = "urn:ietf:params:scim:schemas:core:2.0:Group"
	enterpriseURN = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)
