package tracing_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/httpapi"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/store"
	"github.com/rosterhq/roster/internal/tracing"
)

// collector takes traces by OTLP over HTTP and keeps the messages.
type collector struct {
	mu   sync.Mutex
	sent bytes.Buffer
}

func (c *collector) ServeHTTP(_ http.ResponseWriter, r *http.Request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	_, _ = io.Copy(&c.sent, r.Body)
}

// A request shows with its route and its statements, as a part of the client's
// trace, and nothing of what it was about.
func TestTracesShowRouteAndStatements(t *testing.T) {
	c := new(collector)
	endpoint := httptest.NewServer(c)
	defer endpoint.Close()
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", endpoint.URL)
	t.Setenv("OTEL_SERVICE_NAME", "roster-under-test")
	log := slog.New(slog.NewTextHandler(t.Output(), nil))
	traces, err := tracing.Start(t.Context(), "1.2.3", log)
	if err != nil {
		t.Fatal(err)
	}
	db, err := store.Open(t.Context(), dbtest.New(t), store.Options{Tracer: traces.Tracer()})
	if err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	}()
	service := directory.NewService(db, dbtest.Keys(), time.Now)
	d, err := onboarding.New(service, onboarding.Options{}).Initialize(t.Context(), onboarding.NewDeployment{OrgName: "Acme", OwnerName: "Olivia", OwnerEmail: "olivia@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	api := traces.Handler(httpapi.New(httpapi.Options{Service: service, Log: log, Clock: time.Now}))
	ask := func(method, target, body string) *httptest.ResponseRecorder {
		r := httptest.NewRequestWithContext(t.Context(), method, target, strings.NewReader(body))
		r.Header.Set("Authorization", "Bearer "+d.APIToken)
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Traceparent", "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if w.Code != http.StatusOK {
			t.Fatalf("%s %s: %d %s", method, target, w.Code, w.Body)
		}
		return w
	}
	answer := ask("GET", "/v2/users?email=olivia@example.com", "")
	ask("POST", "/v2/users", `{"name":"Jane Doe","email":"jane@example.com","role":"user"}`)
	traces.Stop()
	sent := c.sent.String()
	for _, want := range []string{
		"roster-under-test", "1.2.3", "GET /v2/users", "POST /v2/users", "database read", "database write", "INSERT INTO users",
		"roster.trace_id", answer.Header().Get("X-Axiom-Trace-Id"),
		"\x0a\xf7\x65\x19\x16\xcd\x43\xdd\x84\x48\xeb\x21\x1c\x80\x31\x9c", // the client's trace
	} {
		if !strings.Contains(sent, want) {
			t.Errorf("%q is in no trace", want)
		}
	}
	for _, secret := range []string{"olivia@example.com", "jane@example.com", "Jane Doe", d.APIToken} {
		if strings.Contains(sent, secret) {
			t.Errorf("%q is in a trace", secret)
		}
	}
}

// Without an endpoint nothing stands between a request and its handler.
func TestOff(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "")
	traces, err := tracing.Start(t.Context(), "1.2.3", slog.New(slog.DiscardHandler))
	if err != nil || traces != nil {
		t.Fatalf("got %v, %v", traces, err)
	}
	h := http.NewServeMux()
	if traces.Handler(h) != http.Handler(h) || traces.Tracer() != nil {
		t.Error("something is traced")
	}
	traces.Stop()
}

// A collector that is away is a warning, and nothing else.
func TestNoCollector(t *testing.T) {
	t.Setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
	var logged bytes.Buffer
	traces, err := tracing.Start(t.Context(), "1.2.3", slog.New(slog.NewTextHandler(&logged, nil)))
	if err != nil {
		t.Fatal(err)
	}
	h := traces.Handler(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusTeapot) }))
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), "GET", "/", nil))
	traces.Stop()
	if w.Code != http.StatusTeapot || !strings.Contains(logged.String(), "traces were lost") {
		t.Errorf("got %d, logged %q", w.Code, logged.String())
	}
}
