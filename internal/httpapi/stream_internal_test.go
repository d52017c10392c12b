package httpapi

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/freshness"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/store"
)

// streaming is a server over a real listener, whose API the test may hurry.
type streaming struct {
	testing.TB
	*httptest.Server
	db      *store.Store
	service *directory.Service
	catalog *roles.Catalog
	token   string
	p       *directory.Principal
	made    int
}

func newStreaming(t testing.TB, hurry func(*API, *http.Server)) *streaming {
	db, err := store.Open(t.Context(), directorytest.Database(t), directorytest.StoreOptions)
	if err != nil {
		t.Fatal(err)
	}
	service := directory.NewService(db, dbtest.Keys(), time.Now, directory.WithLimits(limits.Limits{}))
	d, err := onboarding.New(service, onboarding.Options{}).Initialize(t.Context(), onboarding.NewDeployment{OrgName: "Acme", OwnerName: "O", OwnerEmail: "o@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	api := New(Options{Service: service, AuditLog: auditlog.New(service, db, dbtest.Keys()), Freshness: freshness.New(service, db), Log: slog.New(slog.DiscardHandler), Clock: time.Now})
	s := &streaming{TB: t, Server: httptest.NewUnstartedServer(api), db: db, service: service, catalog: roles.NewCatalog(service), token: d.APIToken}
	hurry(api, s.Config)
	s.Start()
	t.Cleanup(func() {
		api.Drain()
		s.Close()
		db.Close()
	})
	if s.p, err = service.Authenticate(t.Context(), d.APIToken, ""); err != nil {
		t.Fatal(err)
	}
	return s
}

// append appends an entry of at least so many bytes.
func (s *streaming) append(size int) {
	s.Helper()
	s.made++
	_, err := s.catalog.CreateRole(s.Context(), directory.Call{Principal: s.p}, roles.NewRole{
		Name: fmt.Sprint("role ", s.made), Description: strings.Repeat("x", size),
	})
	if err != nil {
		s.Fatal(err)
	}
}

// follow opens a stream; read gives its next line that begins with a prefix.
func (s *streaming) follow() (read func(prefix string) string) {
	s.Helper()
	rq, err := http.NewRequestWithContext(s.Context(), http.MethodGet, s.URL+"/v2/events", nil)
	if err != nil {
		s.Fatal(err)
	}
	rq.Header.Set("Authorization", "Bearer "+s.token)
	resp, err := s.Client().Do(rq)
	if err != nil || resp.StatusCode != http.StatusOK {
		s.Fatal(resp, err)
	}
	s.Cleanup(func() { resp.Body.Close() })
	lines := bufio.NewReader(resp.Body)
	return func(prefix string) string {
		s.Helper()
		for {
			line, err := lines.ReadString('\n')
			if err != nil {
				s.Fatalf("waiting for %q: %v", prefix, err)
			}
			if strings.HasPrefix(line, prefix) {
				return line
			}
		}
	}
}

// A stream outlives the limits that requests have, and says something meanwhile.
func TestStreamOutlivesLimits(t *testing.T) {
	const limit = 500 * time.Millisecond
	s := newStreaming(t, func(a *API, server *http.Server) {
		a.heartbeat = limit
		server.ReadTimeout, server.WriteTimeout = limit, limit
	})
	read := s.follow()
	read("id: ")
	begun := time.Now()
	read(":")
	s.append(0)
	for time.Since(begun) < 3*limit {
		s.append(0)
		read("event: createRole")
	}
	s.append(0)
	read("event: createRole")
}

// A client that does not read is cut off and does not slow down others.
func TestSlowReaderIsCutOff(t *testing.T) {
	s := newStreaming(t, func(a *API, server *http.Server) {
		a.chunkTimeout = 200 * time.Millisecond
		server.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
			_ = c.(*net.TCPConn).SetWriteBuffer(4096) // it takes longer to fill, then
			return ctx
		}
	})
	var dialer net.Dialer
	slow, err := dialer.DialContext(t.Context(), "tcp", s.Listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer slow.Close()
	if err := slow.(*net.TCPConn).SetReadBuffer(4096); err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(slow, "GET /v2/events HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer %s\r\n\r\n", s.token); err != nil {
		t.Fatal(err)
	}
	head := make([]byte, 15)
	if _, err := io.ReadFull(slow, head); err != nil || string(head) != "HTTP/1.1 200 OK" {
		t.Fatalf("%q %v", head, err)
	}
	read := s.follow()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	for open := true; open; { // the system buffers some
		for range 50 {
			s.append(2000)
			read("event: createRole")
		}
		api := s.Config.Handler.(*API)
		free := 0
		for api.streams.TryEnter(chargedTo(s.p)) {
			free++
		}
		for range free {
			api.streams.Leave(chargedTo(s.p), 0)
		}
		open = free == maxStreams-2
		if ctx.Err() != nil {
			t.Fatal("the slow reader is not cut off")
		}
	}
	s.append(0)
	read("event: createRole")
}
