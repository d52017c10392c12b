package crashtest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"slices"
)

// worker creates, changes and deletes users of its own, one after the other, and records
// each acknowledged state, which must survive.
type worker struct {
	n      int
	token  string
	client *http.Client
	rng    *rand.Rand

	users map[string]user // acknowledged as they are
	ids   []string        // of users, to choose from
	gone  []string        // acknowledged as deleted
	made  int             // creates that were sent

	pending    *operation // sent, with no answer: it happened wholly, or not at all
	lastCreate operation  // acknowledged
	lastMade   user       // by lastCreate

	acknowledged int
	unanswered   int
	wrong        error
}

// operation is one write: the request, and the user before and after it as far
// as they are known.
type operation struct {
	ask
	before user // zero for a create
	after  user // zero for a delete; of a create, all but the id
}

var roles = []string{"user", "read-only", "admin", "none"}

func withRole(u user, role string) user {
	u.Role.ID, u.Role.Name = role, role
	return u
}

// next makes up an operation: half are creates, so that the list grows.
func (w *worker) next() operation {
	if len(w.ids) == 0 || w.rng.IntN(2) == 0 {
		w.made++
		u := withRole(user{
			Email: fmt.Sprintf("W%d.%d@example.com", w.n, w.made), Name: fmt.Sprintf("Worker %d, user %d", w.n, w.made),
		}, roles[w.rng.IntN(len(roles))])
		return operation{after: u, ask: ask{
			method: "POST", path: "/v2/users", token: w.token,
			key: fmt.Sprintf("create-%d-%d", w.n, w.made), body: createBody(u.Name, u.Email, u.Role.ID),
		}}
	}
	u := w.users[w.ids[w.rng.IntN(len(w.ids))]]
	path := "/v2/users/" + u.ID
	if w.rng.IntN(2) == 0 {
		return operation{before: u, ask: ask{method: "DELETE", path: path, token: w.token}}
	}
	role := roles[w.rng.IntN(len(roles))]
	return operation{before: u, after: withRole(u, role), ask: ask{
		method: "PUT", path: path + "/role", token: w.token, body: fmt.Sprintf(`{"role":%q}`, role),
	}}
}

// run works until the server is gone or something is wrong. It calls first
// after the first acknowledged write.
func (w *worker) run(ctx context.Context, base string, first func()) {
	for w.wrong == nil && ctx.Err() == nil {
		op := w.next()
		w.pending = &op
		answered, err := w.carryOut(ctx, base, op)
		if !answered {
			w.unanswered++
			return
		}
		w.pending, w.wrong = nil, err
		w.acknowledged++
		first()
	}
}

// carryOut sends an operation. When it was answered, the answer must be exactly
// what was asked for, and is remembered.
func (w *worker) carryOut(ctx context.Context, base string, op operation) (answered bool, err error) {
	status, body, err := op.do(ctx, w.client, base)
	if err != nil {
		return false, nil //nolint:nilerr // no answer is no fault: the server was killed
	}
	switch {
	case op.method == "DELETE" && status == http.StatusNoContent:
		w.remove(op.before.ID)
		return true, nil
	case op.method == "DELETE" || status != http.StatusOK:
		return true, fmt.Errorf("%s %s: %d %s", op.method, op.path, status, body)
	}
	var got user
	if err := json.Unmarshal(body, &got); err != nil {
		return true, fmt.Errorf("%s %s: %w in %s", op.method, op.path, err, body)
	}
	want := op.after
	if op.method == "POST" {
		want.ID = got.ID
	}
	if got != want || got.ID == "" {
		return true, fmt.Errorf("%s %s: answered with %+v, want %+v", op.method, op.path, got, want)
	}
	w.keep(got)
	if op.method == "POST" {
		w.lastCreate, w.lastMade = op, got
	}
	return true, nil
}

func (w *worker) keep(u user) {
	if _, known := w.users[u.ID]; !known {
		w.ids = append(w.ids, u.ID)
	}
	w.users[u.ID] = u
}

func (w *worker) remove(id string) {
	delete(w.users, id)
	i := slices.Index(w.ids, id)
	w.ids[i] = w.ids[len(w.ids)-1]
	w.ids = w.ids[:len(w.ids)-1]
	w.gone = append(w.gone, id)
}

// check compares what the worker was told with the users that are there after a
// crash.
func (w *worker) check(there map[string]user) error {
	for _, id := range w.gone {
		if u, ok := there[id]; ok {
			return fmt.Errorf("%+v is there; its removal was acknowledged", u)
		}
	}
	for id, want := range w.users {
		got, ok := there[id]
		if p := w.pending; p != nil && p.before.ID == id && got == p.after {
			continue // it happened: a deleted user is the zero one
		}
		if !ok || got != want {
			return fmt.Errorf("%+v is there (%t); acknowledged was %+v", got, ok, want)
		}
	}
	return nil
}

// owns reports whether u is the worker's, or may have become so.
func (w *worker) owns(u user) bool {
	_, ok := w.users[u.ID]
	if w.pending != nil && w.pending.method == "POST" {
		made := w.pending.after
		made.ID = u.ID
		ok = ok || u == made
	}
	return ok
}

// settle repeats the operation that was not answered, with the same
// Idempotency-Key if it is a create, and the last acknowledged create, whose key
// was to be remembered with it. there is what was there before.
func (w *worker) settle(ctx context.Context, base string, there map[string]user) error {
	if w.lastMade.ID != "" {
		status, body, err := w.lastCreate.do(ctx, w.client, base)
		var got user
		if err == nil {
			err = json.Unmarshal(body, &got)
		}
		if err != nil || status != http.StatusOK || got != w.lastMade {
			return fmt.Errorf("an acknowledged create, repeated: %s, want %+v", outcome(status, body, err), w.lastMade)
		}
	}
	if w.pending == nil {
		return nil
	}
	op := *w.pending
	w.pending = nil
	_, still := there[op.before.ID]
	if op.method == "DELETE" && !still {
		if status, body, err := op.do(ctx, w.client, base); err != nil || status != http.StatusNotFound {
			return fmt.Errorf("a delete that had happened, repeated: %s", outcome(status, body, err))
		}
		w.remove(op.before.ID)
		return nil
	}
	answered, err := w.carryOut(ctx, base, op)
	if err != nil {
		return fmt.Errorf("repeated: %w", err)
	}
	if !answered {
		return fmt.Errorf("a repeated %s is not answered", op.method)
	}
	if op.method == "POST" {
		return w.once(ctx, base, there)
	}
	return nil
}

// once sees to it that the create that was sent twice has made one user: the one
// that was there before it was repeated, if there was one.
func (w *worker) once(ctx context.Context, base string, there map[string]user) error {
	made := w.lastMade
	for id, u := range there {
		if u.Email == made.Email && id != made.ID {
			return fmt.Errorf("the repeated create made %s, but %+v was there", made.ID, u)
		}
	}
	find := ask{method: "GET", path: "/v2/users?email=" + made.Email, token: w.token}
	status, body, err := find.do(ctx, w.client, base)
	var found []user
	if err == nil {
		err = json.Unmarshal(body, &found)
	}
	if err != nil || len(found) != 1 || found[0] != made {
		return fmt.Errorf("after a repeated create: %s, want one user", outcome(status, body, err))
	}
	return nil
}
