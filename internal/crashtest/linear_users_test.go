package crashtest

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"sync"

	"github.com/anishathalye/porcupine"
)

// userInput is an operation on the user with an email address.
type userInput struct {
	kind  string // create, role, delete, get
	email string
	id    string // what it is about; of a create, none
	role  string
}

// userOutput is its answer: of a create and a get, the user as it is.
type userOutput struct {
	status   int
	id, role string
}

// userState is the user with an email address; none has no id.
type userState struct{ id, role string }

var userModel = porcupine.Model{
	Partition: perKey(func(input any) string { return input.(userInput).email }),
	Init:      func() any { return userState{} },
	Step: func(state, input, output any) (bool, any) {
		s, in, out := state.(userState), input.(userInput), output.(userOutput)
		there := s.id != "" && s.id == in.id
		switch {
		case in.kind == "create" && out.status == http.StatusOK:
			return s.id == "", userState{out.id, out.role}
		case in.kind == "create":
			return out.status == http.StatusConflict && s.id != "", s
		case in.kind == "get" && out.status == http.StatusOK:
			return there && s.role == out.role, s
		case out.status == http.StatusNotFound:
			return !there, s
		case in.kind == "role" && there:
			return out.status == http.StatusOK || out.status == unanswered, userState{s.id, in.role}
		case in.kind == "delete" && there:
			return out.status == http.StatusNoContent || out.status == unanswered, userState{}
		default:
			return out.status == unanswered, s
		}
	},
	DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %+v", input, output) },
}

// userClient changes the users of one email address on one node after another;
// it shares the newest id with the others who do.
type userClient struct {
	*cluster
	n      int
	node   int
	email  string
	newest *newest
	log    *history
	http   *http.Client
	rng    *rand.Rand
	keys   int
}

type newest struct {
	mu sync.Mutex
	id string
}

func (n *newest) get() string {
	n.mu.Lock()
	defer n.mu.Unlock()
	return n.id
}

func (n *newest) set(id string) {
	n.mu.Lock()
	defer n.mu.Unlock()
	n.id = id
}

func (c *userClient) run(ctx context.Context) {
	for ctx.Err() == nil {
		c.node = (c.node + 1) % len(c.nodes)
		in := userInput{email: c.email, id: c.newest.get(), role: roles[c.rng.IntN(len(roles))]}
		switch n := c.rng.IntN(8); {
		case n < 2 || in.id == "":
			in.kind, in.id = "create", ""
			c.create(ctx, in)
		case n < 4:
			in.kind = "role"
			c.step(ctx, in, ask{method: "PUT", path: "/v2/users/" + in.id + "/role", body: fmt.Sprintf(`{"role":%q}`, in.role)})
		case n < 5:
			in.kind = "delete"
			c.step(ctx, in, ask{method: "DELETE", path: "/v2/users/" + in.id})
		default:
			in.kind = "get"
			c.step(ctx, in, ask{method: "GET", path: "/v2/users/" + in.id})
		}
	}
}

// create repeats the request under one key, on whichever node, until it is
// answered: the outcome is that of a single create.
func (c *userClient) create(ctx context.Context, in userInput) {
	c.keys++
	a := ask{
		method: "POST", path: "/v2/users", token: c.APIToken, body: createBody("Somebody", in.email, in.role),
		key: fmt.Sprintf("%s-%d-%d", in.email, c.n, c.keys),
	}
	call := c.log.now()
	for {
		status, body := c.attempt(context.WithoutCancel(ctx), c.http, c.node, a)
		if status == unanswered {
			c.node = (c.node + 1) % len(c.nodes)
			continue
		}
		var u user
		_ = json.Unmarshal(body, &u) // of a conflict, nothing
		if status == http.StatusOK {
			c.newest.set(u.ID)
		}
		c.log.record(c.n, in, call, status, userOutput{status, u.ID, u.Role.ID}, false)
		return
	}
}

func (c *userClient) step(ctx context.Context, in userInput, a ask) {
	a.token = c.APIToken
	call := c.log.now()
	status, body := c.attempt(context.WithoutCancel(ctx), c.http, c.node, a)
	if status == unanswered && in.kind == "get" {
		return // says nothing
	}
	var u user
	_ = json.Unmarshal(body, &u) // of a refusal, nothing
	c.log.record(c.n, in, call, status, userOutput{status, u.ID, u.Role.ID}, in.kind == "get")
}
