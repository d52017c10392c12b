package httpapi

import (
	"context"
	"net/http"
	"strconv"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/freshness"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/orgs"
	"github.com/rosterhq/roster/internal/refusals"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/schedules"
	"github.com/rosterhq/roster/internal/webhooks"
)

// handler carries out a request and responds, or returns an error before it has sent
// anything. The functions below make handlers of functions with a typed input and
// output: a route whose output has no wire format does not compile. Only handlers that
// stream, and that of the cached user, write their responses themselves.
type handler func(rq *request) error

// service has the operations of every package that carries out calls.
type service struct {
	*directory.Service
	*webhooks.Hooks
	*auditlog.Trail
	*freshness.Tracker
	*identity.Proofs
	*onboarding.Onboarder
	*applications.Apps
	*schedules.Planner
	*credentials.Keeper
	*orgs.Registry
	*refusals.Recorder
	*access.Explainer
	*roles.Catalog
	*members.Roll
}

// reply responds with what do returns, in its wire format.
func reply[Out, Wire any](do func(*request) (Out, error), wire func(Out) Wire) handler {
	return func(rq *request) error {
		out, err := do(rq)
		if err != nil {
			return err
		}
		return respond(rq, wire(out))
	}
}

// replyTo is reply for requests with a body.
func replyTo[In, Out, Wire any](do func(*request, In) (Out, error), wire func(Out) Wire) handler {
	return reply(func(rq *request) (out Out, err error) {
		var in In
		if err := rq.decode(&in); err != nil {
			return out, err
		}
		return do(rq, in)
	}, wire)
}

// replyList is reply for lists.
func replyList[Out, Wire any](do func(*request) ([]Out, error), wire func(Out) Wire) handler {
	return reply(do, func(list []Out) []Wire {
		all := make([]Wire, len(list))
		for i := range list {
			all[i] = wire(list[i])
		}
		return all
	})
}

// noReply responds with 204 when do is done.
func noReply(do func(*request) error) handler {
	return func(rq *request) error {
		if err := do(rq); err != nil {
			return err
		}
		rq.showDiff()
		rq.w.WriteHeader(http.StatusNoContent)
		return nil
	}
}

// noReplyTo is noReply for requests with a body.
func noReplyTo[In any](do func(*request, In) error) handler {
	return noReply(func(rq *request) error {
		var in In
		if err := rq.decode(&in); err != nil {
			return err
		}
		return do(rq, in)
	})
}

// call makes a function of a request of a method that takes nothing but the call.
func call[Out any](method func(service, context.Context, directory.Call) (Out, error)) func(*request) (Out, error) {
	return func(rq *request) (Out, error) { return method(rq.api.service, rq.Context(), rq.call) }
}

// callWithID is call for a method that takes the id in the path.
func callWithID[ID ~string, Out any](method func(service, context.Context, directory.Call, ID) (Out, error)) func(*request) (Out, error) {
	return func(rq *request) (Out, error) {
		return method(rq.api.service, rq.Context(), rq.call, ID(rq.PathValue("id")))
	}
}

// doWithID is callWithID for a method that returns nothing.
func doWithID[ID ~string](method func(service, context.Context, directory.Call, ID) error) func(*request) error {
	return func(rq *request) error {
		return method(rq.api.service, rq.Context(), rq.call, ID(rq.PathValue("id")))
	}
}

// respond sends the wire format of a result.
func respond[Wire any](rq *request, result Wire) error {
	body, err := encode(result)
	if err != nil {
		return err
	}
	if _, ok := any(result).(confidential); ok {
		rq.w.Header().Set("Cache-Control", "no-store")
	}
	tag := ""
	if rq.reads() {
		if tag, err = tagOf(result, body); err != nil {
			return err
		}
	}
	rq.send(contentTypeJSON, tag, body)
	return nil
}

// send sends a body. The response to a read carries an ETag, and is a 304 without a
// body if the client has it already.
func (rq *request) send(mediaType []string, tag string, body []byte) {
	if rq.reads() && rq.unchanged(tag) {
		return
	}
	rq.showDiff()
	writeBody(rq.w, http.StatusOK, mediaType, body)
}

// showDiff adds the header to the response to a dry run.
func (rq *request) showDiff() {
	if rq.diff != nil {
		rq.w.Header()[headerDiff] = []string{diffHeader(rq.diff)}
	}
}

func (rq *request) reads() bool { return rq.Method == http.MethodGet || rq.Method == http.MethodHead }

// unchanged sets the ETag of a response, and responds with 304 if the client has what
// it stands for.
func (rq *request) unchanged(tag string) bool {
	rq.w.set("Etag", tag)
	if !rq.has(tag) {
		return false
	}
	rq.w.WriteHeader(http.StatusNotModified)
	return true
}

func writeJSON(w *response, status int, body []byte) { writeBody(w, status, contentTypeJSON, body) }

func writeBody(w *response, status int, mediaType []string, body []byte) {
	writeHead(w, status, mediaType, len(body))
	_, _ = w.Write(body) // a client that is gone needs no response
}

func writeJSONHead(w *response, status, length int) { writeHead(w, status, contentTypeJSON, length) }

func writeHead(w *response, status int, mediaType []string, length int) {
	w.Header()["Content-Type"] = mediaType
	w.set("Content-Length", strconv.Itoa(length))
	w.WriteHeader(status)
}

var contentTypeJSON = []string{"application/json"}
