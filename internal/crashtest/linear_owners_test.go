package crashtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/anishathalye/porcupine"
)

// ownerInput is an owner who gives one of the same set another role.
type ownerInput struct {
	by, who int
	role    string // owner or admin
}

// ownersModel has a bit for each of a set of users, which says whether they are an owner.
// No other user can be one.
func ownersModel(all uint8) porcupine.Model {
	return porcupine.Model{
		Init: func() any { return all },
		Step: func(state, input, output any) (bool, any) {
			owners, in, status := state.(uint8), input.(ownerInput), output.(int)
			may, is := owners>>in.by&1 == 1, owners>>in.who&1 == 1
			last := owners == 1<<in.who
			after := owners | 1<<in.who
			if in.role != "owner" {
				after = owners &^ (1 << in.who)
			}
			switch status {
			case http.StatusOK:
				// To be given the role one has takes no owner, as long as it is not
				// the owner's.
				idle := !is && in.role != "owner"
				return idle || (may && (in.role == "owner" || !last)), after
			case http.StatusForbidden:
				return !may, owners
			case http.StatusConflict:
				return may && last && in.role != "owner", owners
			default: // not answered: if it could be done, it is
				if !may || (last && in.role != "owner") {
					after = owners
				}
				return status == unanswered, after
			}
		},
		DescribeOperation: func(input, output any) string { return fmt.Sprintf("%+v → %v", input, output) },
		DescribeState:     func(state any) string { return fmt.Sprintf("%03b", state) },
	}
}

// ownerClient acts as one of the owners, on one node after another.
type ownerClient struct {
	*cluster
	n      int
	node   int
	tokens []string
	ids    []string
	log    *history
	http   *http.Client
	rng    *rand.Rand
}

func (c *ownerClient) run(ctx context.Context) {
	for ctx.Err() == nil {
		c.node = (c.node + 1) % len(c.nodes)
		in := ownerInput{by: c.n, who: c.rng.IntN(len(c.ids)), role: "admin"}
		if c.rng.IntN(2) == 0 {
			in.role = "owner"
		}
		call := c.log.now()
		status, _ := c.attempt(context.WithoutCancel(ctx), c.http, c.node, ask{
			method: "PUT", path: "/v2/users/" + c.ids[in.who] + "/role", token: c.tokens[in.by], body: fmt.Sprintf(`{"role":%q}`, in.role),
		})
		// A node with a stale cache may still reject an owner made a moment ago.
		c.log.record(c.n, in, call, status, status, status == http.StatusForbidden)
		time.Sleep(time.Duration(c.rng.IntN(20)) * time.Millisecond)
	}
}
