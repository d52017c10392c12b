package directory_test

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	gocmp "github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/text"
)

// maxMoments is how many of a run's moments are remembered.
const maxMoments = 12

// moment is what the service said of an organization when it was so: its users,
// and what each could do and why.
type moment struct {
	at     time.Time
	org    directory.OrgID
	users  []string
	access map[directory.UserID]string
}

// remember takes down what is so now, at some steps.
func (h *harness) remember(t *rapid.T) {
	if !rarely(t, 12, "remember") {
		return
	}
	at := h.w.Clock().UTC().Truncate(time.Microsecond)
	for _, o := range h.m.orgs {
		h.moments = append(h.moments, h.tell(t, o.id, at, time.Time{}))
	}
	for len(h.moments) > maxMoments {
		i := below(t, len(h.moments), "forget")
		h.moments = slices.Delete(h.moments, i, i+1)
	}
}

// checkHistory asks the service of the moments that were taken down, and whether
// the logs come to what is stored.
func (h *harness) checkHistory(t *rapid.T) {
	for _, m := range h.moments {
		if h.m.org(m.org) == nil {
			continue
		}
		h.tally.count("as of", "")
		if diff := gocmp.Diff(m, h.tell(t, m.org, m.at, m.at), gocmp.AllowUnexported(moment{})); diff != "" {
			h.fail(t, "%s at %s (-as it was told then +as it is told now):\n%s", m.org, m.at, diff)
		}
	}
	for _, o := range h.m.orgs {
		if err := h.w.CheckLog(h.w.Context(), o.id); err != nil {
			h.fail(t, "the log of %s: %v", o.id, err)
		}
	}
}

// tell has the service say what is so, or was at a time.
func (h *harness) tell(t *rapid.T, org directory.OrgID, now, at time.Time) moment {
	m := moment{at: now, org: org, access: make(map[directory.UserID]string)}
	call := directory.Call{Principal: &directory.Principal{Kind: directory.APIToken, OrgID: org, Capabilities: authz.Everything()}}
	users := h.list(t, call, members.UserFilter{At: at})
	var paged []directory.User
	for f := (members.UserFilter{At: at, Limit: 2}); ; {
		page := h.list(t, call, f)
		paged = append(paged, page...)
		if len(page) < f.Limit {
			break
		}
		f.After = page[len(page)-1].ID
	}
	if diff := gocmp.Diff(users, paged); diff != "" {
		h.fail(t, "%s at %s, page by page (-whole +paged):\n%s", org, at, diff)
	}
	for _, u := range users {
		m.users = append(m.users, fmt.Sprintf("%s %s %q %s %q since %s, invited %t", u.ID, u.Email, u.Name, u.Role.ID, u.Role.Name, u.CreatedAt, u.Invited))
		a, err := h.w.GetUserAccess(h.w.Context(), call, u.ID, at, authz.Query{})
		if err != nil {
			h.fail(t, "access of %s in %s at %s: %v", u.ID, org, at, err)
		}
		m.access[u.ID] = directorytest.TellAccess(a)
	}
	middle := users[len(users)/2]
	for _, f := range []members.UserFilter{{At: at, Email: middle.Email}, {At: at, Role: middle.Role.ID}} {
		if !slices.Contains(h.list(t, call, f), middle) {
			h.fail(t, "%s is not among those at %s with %+v", middle.ID, at, f)
		}
	}
	return m
}

func (h *harness) list(t *rapid.T, call directory.Call, f members.UserFilter) []directory.User {
	var l listed
	if _, err := h.w.ListUsers(h.w.Context(), call, f, &l); err != nil {
		h.fail(t, "users of %s, %+v: %v", call.Principal.OrgID, f, err)
	}
	for i, u := range l.Users {
		if f.Email != "" && text.FoldKey(u.Email) != text.FoldKey(f.Email) || cmp.Or(f.Role, u.Role.ID) != u.Role.ID {
			h.fail(t, "%+v is among those with %+v", l.Users[i], f)
		}
	}
	return l.Users
}
