package authzen

import (
	"net/http"
	"net/url"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/protocol"
)

// Server serves the API.
type Server struct {
	decider   Decider
	publicURL string
}

// New returns a server. publicURL is its URL in links; if it is empty, links have the host
// of the request.
func New(d Decider, publicURL string) *Server { return &Server{d, publicURL} }

// ServeConfiguration serves the metadata, at [ConfigurationPath]. It is public.
func (s *Server) ServeConfiguration(w http.ResponseWriter, r *http.Request, _ directory.Call) {
	if protocol.ReadOnly(w, r, fail) {
		protocol.SendJSON(w, http.StatusOK, metadataOf(protocol.Base(s.publicURL, r)))
	}
}

// API is the table of routes.
func (s *Server) API() protocol.API {
	one := func(path string, op directory.Operation, serve serving) protocol.Route {
		return protocol.Route{Method: http.MethodPost, Pattern: path, Op: op, Serve: serve, Decides: true}
	}
	many := func(path string, searched part) protocol.Route {
		rt := one(path, directory.OpSearchAccess, answering(func(r *http.Request, p protocol.Request, rq search) (any, error) {
			return find(r.Context(), s.decider, p.Call, searched, rq)
		}))
		rt.Cost = func(url.Values) int { return searchCost }
		rt.Long = func(url.Values) bool { return true }
		return rt
	}
	return protocol.API{Prefix: Prefix, Fail: fail, Routes: []protocol.Route{
		one(evaluationPath, directory.OpEvaluateAccess, answering(s.evaluation)),
		one(evaluationsPath, directory.OpEvaluateAccess, answering(s.evaluations)),
		many(subjectsPath, subjectPart),
		many(resourcesPath, resourcePart),
		many(actionsPath, actionPart),
	}}
}

const (
	// searchCost is what a search takes from the rate limit.
	searchCost = 5
	// questionsPerCost is how many questions of a list cost as much as a request.
	questionsPerCost = 100
)

type serving = func(http.ResponseWriter, *http.Request, protocol.Request) error

// answering makes a handler of a function from a body to an answer.
func answering[T any](fn func(*http.Request, protocol.Request, T) (any, error)) serving {
	return func(w http.ResponseWriter, r *http.Request, p protocol.Request) error {
		var rq T
		if err := read(w, r, &rq); err != nil {
			return err
		}
		a, err := fn(r, p, rq)
		if err != nil {
			return err
		}
		protocol.SendJSON(w, http.StatusOK, a)
		return nil
	}
}

func (s *Server) evaluation(r *http.Request, p protocol.Request, t tuple) (any, error) {
	return evaluate(r.Context(), s.decider, p.Call, t)
}

func (s *Server) evaluations(r *http.Request, p protocol.Request, rq evaluations) (any, error) {
	if len(rq.Evaluations) == 0 { // section 7.1: the same as a request with one question
		return evaluate(r.Context(), s.decider, p.Call, rq.tuple)
	}
	if more := (len(rq.Evaluations) - 1) / questionsPerCost; more > 0 {
		if err := p.Charge(more); err != nil {
			return nil, err
		}
	}
	answers, err := evaluateAll(r.Context(), s.decider, p.Call, rq)
	return map[string][]answer{"evaluations": answers}, err
}

// fail responds with an error: section 10.1.2 asks for a message.
func fail(w http.ResponseWriter, e *directory.Error) {
	protocol.SendJSON(w, protocol.Statuses[e.Code], struct {
		Code    directory.Code `json:"code"`
		Message string         `json:"message"`
		Field   string         `json:"field,omitzero"`
	}{e.Code, e.Error(), e.Field})
}
