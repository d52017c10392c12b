package crashtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

// dueller is an owner who takes the role away from another, gives it back, and
// now and then tries to lay down its own. Two of them, both at it, would leave
// nobody if two such changes could pass each other.
type dueller struct {
	self, other  string
	token        string
	client       *http.Client
	rng          *rand.Rand
	acknowledged int
	wrong        error
}

func (d *dueller) run(ctx context.Context, base string) {
	for d.wrong == nil && ctx.Err() == nil {
		id, role := d.other, "owner"
		switch d.rng.IntN(4) {
		case 0:
			role = "user"
		case 1:
			id, role = d.self, "user"
		}
		status, body, err := ask{
			method: "PUT", path: "/v2/users/" + id + "/role", token: d.token, body: fmt.Sprintf(`{"role":%q}`, role),
		}.do(ctx, d.client, base)
		switch {
		case err != nil:
			return
		case status == http.StatusOK:
			d.acknowledged++
		case status == http.StatusForbidden, status == http.StatusConflict:
			// No owner at the moment, or the last one. To ask again at once would
			// only keep the others from their turn.
			time.Sleep(time.Millisecond)
		default:
			d.wrong = fmt.Errorf("give %s the role %s: %d %s", id, role, status, body)
		}
	}
}
