// Billing is an example of a service that asks Roster who may do what. Its customers are
// organizations in Roster; their users and API tokens read and approve invoices.
package main

import (
	"cmp"
	"context"
	"encoding/json"
	"flag"
	"log"
	"log/slog"
	"maps"
	"net/http"
	"os"
	"os/signal"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rosterhq/roster/client"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:9090", "`address` to listen on")
	proxied := flag.Bool("proxied", false, "trust X-Roster-User and X-Roster-Organization: a proxy in front has asked Roster")
	flag.Parse()
	c, err := client.New(cmp.Or(os.Getenv("ROSTER_URL"), "http://127.0.0.1:8080"), os.Getenv("ROSTER_CREDENTIAL"), client.WithUserAgent("billing"))
	if err != nil {
		log.Fatalf("set ROSTER_URL and ROSTER_CREDENTIAL: %v", err)
	}
	checker := client.NewChecker(c, client.CheckerOptions{Log: slog.Default()})
	defer checker.Close()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	server := &http.Server{Addr: *listen, Handler: newService(checker, *proxied), ReadHeaderTimeout: 10 * time.Second}
	context.AfterFunc(ctx, func() { _ = server.Close() })
	log.Printf("listening on http://%s", *listen)
	log.Print(server.ListenAndServe())
}

// service is the billing service. Its invoices are in memory, and begin anew with every start.
type service struct {
	checker *client.Checker
	proxied bool

	mu       sync.Mutex
	approved map[string]string // who approved an invoice, by organization and id
}

type invoice struct {
	ID         string `json:"id"`
	Amount     int    `json:"amount"`
	ApprovedBy string `json:"approvedBy,omitempty"`
}

// amounts are the invoices that every customer has.
var amounts = map[string]int{"2025-0007": 120, "2026-0041": 80, "2026-0042": 4200}

func newService(checker *client.Checker, proxied bool) http.Handler {
	s := &service{checker: checker, proxied: proxied, approved: make(map[string]string)}
	mux := http.NewServeMux()
	mux.Handle("GET /{org}/invoices", s.needs("read", "report", s.list))
	mux.Handle("GET /{org}/invoices/{id}", s.needs("read", "invoice", s.get))
	mux.Handle("POST /{org}/invoices/{id}/approve", s.needs("approve", "invoice", s.approve))
	return mux
}

// needs protects a handler: the caller's token must hold the capability on what the path
// names, in the organization that the path names.
func (s *service) needs(action, resourceType string, next http.HandlerFunc) http.Handler {
	if s.proxied {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.Header.Get("X-Roster-Organization") != r.PathValue("org") {
				http.Error(w, "forbidden", http.StatusForbidden)
				return
			}
			next(w, r)
		})
	}
	return s.checker.Protect(func(r *http.Request) client.Question {
		return client.Question{
			Action: action, Resource: client.Resource{Type: resourceType, ID: r.PathValue("id")}, Organization: r.PathValue("org"),
		}
	})(next)
}

// caller is the user or the API token that a request comes from.
func (s *service) caller(r *http.Request) client.Subject {
	if !s.proxied {
		answer, _ := client.AnswerFrom(r.Context())
		return answer.Subject
	}
	caller := client.Subject{Type: client.UserSubject, ID: r.Header.Get("X-Roster-User")}
	if strings.HasPrefix(caller.ID, "tok_") {
		caller.Type = client.TokenSubject
	}
	return caller
}

// list shows the invoices that the caller may read. It asks about all of them at once.
func (s *service) list(w http.ResponseWriter, r *http.Request) {
	ids := slices.Sorted(maps.Keys(amounts))
	questions := make([]client.Question, len(ids))
	for i, id := range ids {
		questions[i] = client.Question{
			Subject: s.caller(r), Action: "read", Resource: client.Resource{Type: "invoice", ID: id}, Organization: r.PathValue("org"),
		}
	}
	answers, err := s.checker.AskAll(r.Context(), questions)
	if err != nil {
		http.Error(w, "can't check permissions now; try again", http.StatusServiceUnavailable)
		return
	}
	invoices := []invoice{}
	for i, id := range ids {
		if answers[i].Allowed {
			invoices = append(invoices, s.invoice(r.PathValue("org"), id))
		}
	}
	send(w, invoices)
}

func (s *service) get(w http.ResponseWriter, r *http.Request) {
	if amounts[r.PathValue("id")] == 0 {
		http.NotFound(w, r)
		return
	}
	send(w, s.invoice(r.PathValue("org"), r.PathValue("id")))
}

func (s *service) approve(w http.ResponseWriter, r *http.Request) {
	org, id := r.PathValue("org"), r.PathValue("id")
	if amounts[id] == 0 {
		http.NotFound(w, r)
		return
	}
	s.mu.Lock()
	s.approved[org+"/"+id] = s.caller(r).ID
	s.mu.Unlock()
	send(w, s.invoice(org, id))
}

func (s *service) invoice(org, id string) invoice {
	s.mu.Lock()
	defer s.mu.Unlock()
	return invoice{ID: id, Amount: amounts[id], ApprovedBy: s.approved[org+"/"+id]}
}

func send(w http.ResponseWriter, v any) {
	w.Header().Set("Content-Type", "application/json")
	if err := json.NewEncoder(w).Encode(v); err != nil {
		log.Print(err) // the client is gone
	}
}
