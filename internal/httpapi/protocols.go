package httpapi

import (
	"github.com/rosterhq/roster/internal/protocol"
)

// mountProtocol mounts the routes of another protocol.
func (a *API) mountProtocol(p protocol.API) {
	table := make([]endpoint, len(p.Routes))
	for i, rt := range p.Routes {
		table[i] = endpoint{
			route:    route{method: rt.Method, pattern: rt.Pattern, op: rt.Op, handle: serveRoute(rt)},
			cost:     cost{query: rt.Cost, long: rt.Long},
			dispatch: (*request).serve, decides: rt.Decides,
		}
	}
	a.mount(p.Prefix, table, p.Fail)
}

// serve carries a request of another protocol through its route.
func (rq *request) serve(e endpoint) error {
	if err := e.op.Authorize(rq.call.Principal); err != nil {
		return err
	}
	rq.call.RemoteAddr, rq.call.UserAgent = rq.api.remoteAddr(rq.Request), rq.UserAgent()
	switch {
	case e.decides:
		if err := rq.awaitWrites(); err != nil {
			return err
		}
	case !rq.reads():
		rq.noteWrites()
	}
	return e.handle(rq)
}

// serveRoute is the handler of another protocol's route.
func serveRoute(rt protocol.Route) handler {
	return func(rq *request) error {
		return rt.Serve(rq.w, rq.Request, protocol.Request{
			Call: rq.call,
			Charge: func(cost int) error {
				return rq.api.limits.charge(rq.w, chargedTo(rq.call.Principal), cost)
			},
			Refused: rq.recordRefusal,
		})
	}
}
