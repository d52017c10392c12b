package crashtest

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// TestRevocationReachesEveryNode takes rights away on one of three nodes while
// the others have them in memory, and the third is cut off from the database at
// the same moment. No request that begins a second later is carried out with
// them, on any node.
func TestRevocationReachesEveryNode(t *testing.T) {
	c := newCluster(t)
	demoted, demotedToken := c.create("demoted", "admin")
	removed, removedToken := c.create("removed", "admin")
	grouped, groupedToken := c.create("grouped", "none")
	revoked, ended := c.apiToken("revoked"), c.apiToken("ended")
	group := c.group("readers", grouped.ID, "read-only")
	suspended, suspendedToken := c.create("suspended", "admin")
	suspendedHere, removedHere := c.signedIn("suspended-in-a-browser"), c.signedIn("removed-in-a-browser")
	look, page := "/v2/users/"+c.UserID, "/console/"+c.OrgID+"/users/"+c.UserID
	for _, test := range []struct {
		name   string
		change ask
		use    ask // what was allowed before
	}{
		{
			"token deleted",
			ask{method: "DELETE", path: "/v2/tokens/" + revoked.ID, token: c.PersonalToken},
			ask{method: "GET", path: look, token: revoked.Token},
		},
		{
			"token ended",
			ask{
				method: "POST", path: "/v2/tokens/" + ended.ID + "/regenerate", token: c.PersonalToken,
				body: `{"existingTokenExpiresAt":"2026-01-01T00:00:00Z","newTokenExpiresAt":"2999-01-01T00:00:00Z"}`,
			},
			ask{method: "GET", path: look, token: ended.Token},
		},
		{
			"group deleted",
			ask{method: "DELETE", path: "/v2/rbac/groups/" + group, token: c.PersonalToken},
			ask{method: "GET", path: look, token: groupedToken},
		},
		{
			"user demoted",
			ask{method: "PUT", path: "/v2/users/" + demoted.ID + "/role", token: c.PersonalToken, body: `{"role":"none"}`},
			ask{method: "GET", path: look, token: demotedToken},
		},
		{
			"user removed",
			ask{method: "DELETE", path: "/v2/users/" + removed.ID, token: c.PersonalToken},
			ask{method: "GET", path: look, token: removedToken},
		},
		{
			"user suspended",
			ask{method: "PUT", path: "/v2/users/" + suspended.ID + "/status", token: c.PersonalToken, body: `{"status":"suspended"}`},
			ask{method: "GET", path: look, token: suspendedToken},
		},
		{
			"user suspended, in a session",
			ask{method: "PUT", path: "/v2/users/" + suspendedHere.ID + "/status", token: c.PersonalToken, body: `{"status":"suspended"}`},
			ask{method: "GET", path: page, session: suspendedHere.session},
		},
		{
			"user removed, in a session",
			ask{method: "DELETE", path: "/v2/users/" + removedHere.ID, token: c.PersonalToken},
			ask{method: "GET", path: page, session: removedHere.session},
		},
	} {
		t.Run(test.name, func(t *testing.T) {
			for i := range c.nodes { // the third was cut off a moment ago
				waitFor(t, fmt.Sprintf("node %d to allow it", i+1), func() bool {
					status, _, err := test.use.do(t.Context(), http.DefaultClient, c.base(i))
					return err == nil && status == http.StatusOK
				})
			}
			ctx, stop := context.WithCancel(t.Context())
			defer stop()
			var taken time.Time
			acknowledged := make(chan struct{})
			var using sync.WaitGroup
			var used [len(c.nodes)]atomic.Int64
			for i := range c.nodes {
				using.Go(func() {
					if err := useOn(ctx, c.base(i), test.use, &used[i], acknowledged, &taken); err != nil {
						t.Errorf("node %d: %v", i+1, err)
					}
				})
			}
			time.Sleep(heard)
			for i := range used { // every node has it in its cache
				waitFor(t, fmt.Sprintf("node %d to allow it again", i+1), func() bool { return used[i].Load() > 0 })
			}
			c.proxies[2].Cut()
			status, body, err := test.change.do(t.Context(), http.DefaultClient, c.base(0))
			taken = time.Now()
			close(acknowledged)
			if err != nil || status/100 != 2 {
				t.Fatalf("revoke: %s", outcome(status, body, err))
			}
			time.Sleep(2*heard + heard/2)
			stop()
			using.Wait()
			c.proxies[2].Restore()
		})
	}
}

// browserUser is a user with the value of a session.
type browserUser struct {
	user
	session string
}

// signedIn adds a user on the first node, and signs them in there.
func (c *cluster) signedIn(name string) browserUser {
	c.t.Helper()
	u, _ := c.create(name, "admin")
	stdout, stderr, code := roster(c.t, "admin", "sign-in-link", "--database", c.database(), "--user", u.Email)
	if code != 0 {
		c.t.Fatalf("roster admin sign-in-link exits with %d: %s", code, stderr)
	}
	in, err := (&http.Client{CheckRedirect: stay}).PostForm(c.base(0)+"/signin/link", url.Values{"link": {strings.TrimSpace(stdout)}})
	if err != nil {
		c.t.Fatal(err)
	}
	defer in.Body.Close()
	for _, cookie := range in.Cookies() {
		if cookie.Name == sessionCookie {
			return browserUser{u, cookie.Value}
		}
	}
	c.t.Fatalf("signing in got %s and no session", in.Status)
	return browserUser{}
}

// apiToken is made on the first node, and may look users up.
func (c *cluster) apiToken(name string) (made struct{ ID, Token string }) {
	c.t.Helper()
	must(c.t, c.base(0), http.StatusOK, ask{
		method: "POST", path: "/v2/tokens", token: c.PersonalToken,
		body: fmt.Sprintf(`{"name":%q,"orgCapabilities":{"users":["read"]}}`, name),
	}, &made)
	return made
}

// group is made on the first node, of a member and a role.
func (c *cluster) group(name, member, role string) (id string) {
	c.t.Helper()
	var made struct{ ID string }
	must(c.t, c.base(0), http.StatusOK, ask{
		method: "POST", path: "/v2/rbac/groups", token: c.PersonalToken,
		body: fmt.Sprintf(`{"name":%q,"members":[%q],"roles":[%q]}`, name, member, role),
	}, &made)
	return made.ID
}

// useOn uses a right again and again until ctx ends, and counts the uses in before. It
// wants no use to succeed that begins a second after the right was taken away, and some
// refusals.
func useOn(ctx context.Context, base string, use ask, before *atomic.Int64, acknowledged <-chan struct{}, taken *time.Time) error {
	refused := 0
	for ctx.Err() == nil {
		begun := time.Now()
		status, body, err := use.do(context.WithoutCancel(ctx), http.DefaultClient, base)
		if err != nil {
			return err
		}
		over := false
		select {
		case <-acknowledged:
			over = begun.Sub(*taken) > heard
		default:
		}
		switch {
		case status == http.StatusOK && over:
			return fmt.Errorf("carried out %v after the right was taken away", begun.Sub(*taken))
		case status == http.StatusOK:
			before.Add(1)
		case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusServiceUnavailable,
			status == http.StatusSeeOther: // to the sign-in page
			if over {
				refused++
			}
		default:
			return fmt.Errorf("%s", outcome(status, body, err))
		}
	}
	if refused == 0 {
		return fmt.Errorf("%d uses before and no refusals after: nothing was tried", before.Load())
	}
	return nil
}
