package crashtest

import (
	"context"
	"math"
	"net/http"
	"sync"
	"time"

	"github.com/anishathalye/porcupine"
)

// history is what clients asked and were answered, with times: the input of the
// check that some order of single steps explains it.
type history struct {
	begun time.Time

	mu  sync.Mutex
	ops []porcupine.Operation
}

func newHistory() *history { return &history{begun: time.Now()} }

func (h *history) now() int64 { return int64(time.Since(h.begun)) }

// unanswered is the status of an operation that may have happened or not.
const unanswered = 0

// record adds an operation. An unanswered one never ends: happening after everything else
// is the same as never happening. A node's cached answers are at most a second old.
func (h *history) record(client int, input any, call int64, status int, output any, remembered bool) {
	end := h.now()
	if status == unanswered {
		end = math.MaxInt64
	}
	if remembered {
		call -= int64(heard)
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ops = append(h.ops, porcupine.Operation{ClientId: client, Input: input, Call: call, Output: output, Return: end})
}

func (h *history) len() int {
	h.mu.Lock()
	defer h.mu.Unlock()
	return len(h.ops)
}

// attempt sends a request to a node. A node that is gone, or can't reach its
// database, gives no answer that says whether the request was carried out.
func (c *cluster) attempt(ctx context.Context, client *http.Client, node int, a ask) (status int, body []byte) {
	status, body, err := a.do(ctx, client, c.base(node))
	if err != nil || status == http.StatusServiceUnavailable {
		time.Sleep(5 * time.Millisecond)
		return unanswered, nil
	}
	return status, body
}

// perKey splits a history by what its operations are about: steps on one thing
// say nothing of another.
func perKey(key func(input any) string) func([]porcupine.Operation) [][]porcupine.Operation {
	return func(all []porcupine.Operation) [][]porcupine.Operation {
		parts := make(map[string][]porcupine.Operation)
		for _, op := range all {
			k := key(op.Input)
			parts[k] = append(parts[k], op)
		}
		list := make([][]porcupine.Operation, 0, len(parts))
		for _, part := range parts {
			list = append(list, part)
		}
		return list
	}
}
