// Package authzen serves the AuthZEN Authorization API 1.0
// (openid.net/specs/authorization-api-1_0.html) under /access/v1/. It reads questions and
// writes decisions, and decides nothing itself.
package authzen

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// Limits of the protocol.
const (
	MaxBody        = 1 << 20
	MaxEvaluations = 1000 // in a request
	MaxPage        = 1000 // results of a search
	DefaultPage    = 100
)

// Subject is the user or token that access is asked for.
type Subject struct {
	Type string
	ID   string // "" in a search for subjects
}

// Resource is the thing that access is asked to.
type Resource struct {
	Type string
	ID   string // "" in a search for resources
}

// Question is a request for a decision.
type Question struct {
	Subject  Subject
	Action   string // "" in a search for actions
	Resource Resource
	// Organization is where the subject asks. It is empty if the question names none: then
	// it is the application's own.
	Organization string
	// Address is the IP address that the subject's request comes from, if it is known.
	Address string
	// Explain asks for the paths by which the subject has access.
	Explain bool
	// Identify asks for the subject's id.
	Identify bool
	// Cache says that the application keeps the decision until an event concerns it.
	Cache bool
}

// Decision is the answer to a question.
type Decision struct {
	Allowed bool
	// Reason says why access is denied, for the log of the caller.
	Reason string
	// Paths are the grants by which access is allowed, if the question asks for them. They
	// are sent as JSON.
	Paths any
	// Until is when the access ends by itself; zero: never.
	Until time.Time
	// Identity is whom the question is about, if it asks for that and there is such a
	// subject.
	Identity *Identity
}

// Identity is a subject by its id. Token is the id of the token that a question named by
// its value.
type Identity struct {
	Type  string `json:"type"`
	ID    string `json:"id"`
	Token string `json:"token,omitzero"`
}

// Search is a question without one of its parts, and the page of answers that is asked for.
type Search struct {
	Question
	After string // the last answer of the page before; "": the first page
	Limit int    // at most [MaxPage]
}

// Found is a page of answers to a search, in an order that stays the same.
type Found struct {
	IDs []string
	// Next is where the next page continues; "": this is the last.
	Next string
	// Patterns are what else the search for resources found: each stands for all resources
	// whose ids it matches.
	Patterns []string
}

// Decider answers the questions of the application that a call's principal is.
//
// Errors: [directory.Invalid] for a question without an organization, by an application of
// several; [directory.NotFound] for an organization that is not the application's.
type Decider interface {
	Decide(context.Context, directory.Call, Question) (Decision, error)
	// Subjects, Resources and Actions find what may stand in the part of a question that
	// is empty, so that the decision is to allow access. An unknown subject, action or resource is not
	// found, and is no error.
	Subjects(context.Context, directory.Call, Search) (Found, error)
	Resources(context.Context, directory.Call, Search) (Found, error)
	Actions(context.Context, directory.Call, Search) (Found, error)
}
