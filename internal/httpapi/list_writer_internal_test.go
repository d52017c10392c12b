package httpapi

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// populate adds n users in one transaction, whose ids are before all others.
func (s *streaming) populate(n int) {
	s.Helper()
	err := s.db.Write(s.Context(), func(tx directory.Tx) error {
		for i := range n {
			email := fmt.Sprintf("jane%d@example.com", i)
			a := directory.Account{ID: directory.AccountID(fmt.Sprintf("acc_%026d", i)), Email: email, Name: "Jane Doe", CreatedAt: time.Unix(1, 0)}
			if _, err := tx.EnsureAccount(a, email); err != nil {
				return err
			}
			u := directory.User{
				ID: populated(i), OrgID: s.p.OrgID, AccountID: a.ID, Email: email, Name: a.Name,
				Role: directory.RoleRef{ID: "user", Name: "user"}, CreatedAt: a.CreatedAt,
			}
			if err := tx.CreateUser(u, email); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		s.Fatal(err)
	}
}

func populated(i int) directory.UserID { return directory.UserID(fmt.Sprintf("usr_%026d", i)) }

// wantUsers wants of a list of the ids that were populated those from one to
// another, each once and in order, and so many others behind them.
func (s *streaming) wantUsers(what string, body io.Reader, from, to, others int) {
	s.Helper()
	var users []struct{ ID directory.UserID }
	if err := json.NewDecoder(body).Decode(&users); err != nil {
		s.Fatalf("%s: %v", what, err)
	}
	if len(users) != to-from+others {
		s.Fatalf("%s: %d users, want %d", what, len(users), to-from+others)
	}
	for i := range to - from {
		if users[i].ID != populated(from+i) {
			s.Fatalf("%s: %s is in the place of %s", what, users[i].ID, populated(from+i))
		}
	}
}

// A client that reads a long list while it changes gets everybody once who was
// there all the while, and with an ETag that stands for nothing any more.
func TestListChangesUnderWay(t *testing.T) {
	const users, buffer = 12_000, 64 << 10 // the list is far longer than what the system holds of it
	s := newStreaming(t, func(_ *API, server *http.Server) {
		server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			_ = c.(*net.TCPConn).SetWriteBuffer(buffer) // so that the server does not come far
			return ctx
		}
	})
	s.populate(users)
	var dialer net.Dialer
	slow, err := dialer.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if err := slow.(*net.TCPConn).SetReadBuffer(buffer); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(slow, "GET /v2/users HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", s.token); err != nil {
		t.Fatal(err)
	}
	begun, err := http.ReadResponse(bufio.NewReader(slow), nil)
	if err != nil {
		t.Fatal(err)
	}
	defer begun.Body.Close()
	call := directory.Call{Principal: s.p}
	if _, err := members.NewRoll(s.service).CreateUser(t.Context(), call, members.NewUser{Name: "New", Email: "new@example.com", Role: "user"}); err != nil {
		t.Fatal(err)
	}
	for _, id := range []directory.UserID{populated(0), populated(users - 1)} {
		if err := members.NewRoll(s.service).RemoveUser(t.Context(), call, id); err != nil {
			t.Fatal(err)
		}
	}
	s.wantUsers("under way", begun.Body, 0, users-1, 2)
	tag := begun.Header.Get("Etag")
	if api := s.Config.Handler.(*API); api.lists.find(listKey{org: s.p.OrgID}, tag) != nil {
		t.Error("it is kept, and is no list that there was")
	}
	for _, what := range []string{"read", "kept"} {
		status, now, body := s.list(tag)
		if s.wantUsers(what, bytes.NewReader(body), 1, users-1, 2); status != http.StatusOK || now == tag {
			t.Errorf("%s: %d, ETag %s", what, status, now)
		}
		if status, again, _ := s.list(now); status != http.StatusNotModified || again != now {
			t.Errorf("%s, unchanged: %d, ETag %s", what, status, again)
		}
	}
}

// list asks for all users, unless the client's tag is the list's.
func (s *streaming) list(tag string) (status int, now string, body []byte) {
	s.Helper()
	rq, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.URL+"/v2/users", nil)
	if err != nil {
		s.Fatal(err)
	}
	rq.Header.Set("Authorization", "Bearer "+s.token)
	rq.Header.Set("Accept-Encoding", "identity")
	rq.Header.Set("If-None-Match", tag)
	resp, err := s.Client().Do(rq)
	if err != nil {
		s.Fatal(err)
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		s.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Etag"), body
}
