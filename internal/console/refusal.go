package console

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// refusalTimeout bounds how long the answer to a refused request waits for its audit entry.
const refusalTimeout = 10 * time.Second

// recordRefusal adds what was refused to the audit log, as the API does. If that fails, the
// answer stays the same.
func (rq *request) recordRefusal(op directory.Operation, refusal error) {
	if refusal == nil || rq.org == "" {
		return
	}
	// The browser may be gone by now, but its request belongs in the log.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(rq.Context()), refusalTimeout)
	defer cancel()
	target := directory.Target{Type: rq.page.about, ID: rq.PathValue("id")}
	if err := rq.console.refusals.RecordRefusal(ctx, rq.call, op, target, refusal); err != nil {
		rq.console.Log.Warn("a refusal could not be written into the audit log", "trace", rq.call.TraceID, "error", err)
	}
}
