package directory_test

import (
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/provisioning"
)

// step is one request: what it takes, which rules it may break, what it changes
// in the model, and how it is asked of the service.
type step struct {
	name      string // the operation's
	request   string // all that makes it this request
	need      string // capability
	personal  bool   // API tokens are refused
	whole     bool   // sessions of one organization alone are refused
	fresh     bool   // sessions need a sign-in that is not long ago
	once      bool   // is not sent again
	anyOrg    bool   // needs no organization
	suspended bool   // admits accounts that are suspended everywhere
	secret    bool   // answers a token's value
	in        directory.OrgID

	rules  func(m *model, a *actor, v *verdict)
	mutate func(m *model, a *actor, out made)
	do     func(call directory.Call) (made, any, error)
}

// made holds what the service drew at random.
type made struct {
	org    directory.OrgID
	user   directory.UserID
	role   directory.RoleID
	group  directory.GroupID
	token  directory.TokenID
	issuer directory.IssuerID
	secret string
	value  string // of a domain's record
}

// harness runs the service and the model side by side.
type harness struct {
	w     *world
	m     *model
	log   []string
	known []*mToken // before the step
	dead  []*mToken // some that were deleted
	held  []*directory.Principal

	accounts map[int]directory.AccountID // the model's accounts by their numbers
	dns      records

	directory *provisioning.Provisioner
	tally     *tally
	focus     directory.OrgID // whose access is looked at next
	prefer    []candidate     // who acts next, if it can be them

	moments []moment // what was so earlier

	ids map[directory.OrgID]map[directory.UserID]bool // of all users there ever were

	last *struct { // the last request that had a key
		step step
		call directory.Call
	}
}

func (h *harness) fail(t *rapid.T, format string, args ...any) {
	t.Helper()
	t.Fatalf("%s\nafter:\n%s", fmt.Sprintf(format, args...), strings.Join(h.log, "\n"))
}

// begin starts a step. Each has a millisecond of its own, so that ids come in
// the order in which things were made, and a failure can be run again.
func (h *harness) begin() {
	h.tally.steps++
	h.w.Pass(time.Millisecond)
	h.m.now = h.m.now.Add(time.Millisecond)
}

// request draws a principal, authenticates it, and has it do what build says.
func (h *harness) request(t *rapid.T, build func(a *actor) step) {
	h.begin()
	a, p := h.drawActor(t)
	if p == nil {
		return // refused, as it should be
	}
	s := build(a)
	call := directory.Call{Principal: p, Fingerprint: []byte(s.request)}
	mode := below(t, 12, "mode")
	if s.once {
		mode = 0
	}
	switch mode {
	case 11:
		call.IdempotencyKey = "k"
	case 9, 10:
		call.IdempotencyKey = fmt.Sprint("k", h.tally.steps)
	case 8:
		call.DryRun = new(access.Diff)
	}
	h.log = append(h.log, fmt.Sprintf("%s %s by %s in %q key %q dry %t", s.name, s.request, a.token, p.OrgID, call.IdempotencyKey, mode == 8))
	if call.IdempotencyKey != "" {
		h.last = &struct {
			step step
			call directory.Call
		}{s, call}
	}
	h.carryOut(t, s, call)
}

// retry sends a request with a key once more, as clients do that got no answer.
func (h *harness) retry(t *rapid.T) {
	if h.last == nil {
		t.Skip("nothing to repeat")
	}
	h.begin()
	h.log = append(h.log, fmt.Sprintf("again: %s %s key %q", h.last.step.name, h.last.step.request, h.last.call.IdempotencyKey))
	h.carryOut(t, h.last.step, h.last.call)
}

// carryOut asks the service, and holds its answer against the model's verdict.
func (h *harness) carryOut(t *rapid.T, s step, call directory.Call) {
	p := call.Principal
	if h.focus = p.OrgID; s.in != "" {
		h.focus = s.in
	}
	want, kept := h.verdict(s, call)
	out, answer, err := s.do(call)
	code := outcome(err)
	h.tally.count(s.name, code)
	if (len(want) == 0) != (err == nil) || (err != nil && !slices.Contains(want, code)) {
		h.fail(t, "answered %q (%v), the rules say %q", code, err, want)
	}
	if err != nil {
		return
	}
	if kept != nil {
		h.tally.count("retry", "")
		if got := encode(answer); got != kept.answer {
			h.fail(t, "answered again with %s, first with %s", got, kept.answer)
		}
		return
	}
	if call.DryRun != nil {
		return
	}
	a, code := h.resolveFor(h.m, s, p)
	if code != "" {
		h.fail(t, "the model lost its actor")
	}
	scope, org := string(a.token)+"/"+call.IdempotencyKey, orgID(a)
	s.mutate(h.m, a, out)
	if call.IdempotencyKey != "" {
		h.m.replays[scope] = mReplay{
			request: org + s.name + s.request, answer: encode(answer), secret: s.secret, expires: h.m.now.Add(24 * time.Hour),
		}
	}
}

// verdict says which answers are right, and whether one is kept from before.
func (h *harness) verdict(s step, call directory.Call) (verdict, *mReplay) {
	m := h.m.clone()
	a, code := h.resolveFor(m, s, call.Principal)
	if code != "" {
		return verdict{code}, nil
	}
	switch {
	case s.personal && !a.personal:
		return verdict{directory.Forbidden}, nil
	case s.whole && a.onlyOrg != "":
		return verdict{directory.Forbidden}, nil
	case a.suspended && !s.suspended:
		return verdict{directory.Forbidden}, nil
	case a.awaits && !s.anyOrg:
		return verdict{directory.Forbidden}, nil
	case a.org == nil && !s.anyOrg:
		return verdict{directory.Invalid}, nil
	case s.need != "" && !a.caps.has(s.need):
		return verdict{directory.Forbidden}, nil
	}
	a.stale = a.stale && call.DryRun == nil
	if s.fresh && a.stale {
		return verdict{directory.Reauthenticate}, nil
	}
	if kept, ok := m.replays[string(a.token)+"/"+call.IdempotencyKey]; ok && call.IdempotencyKey != "" && !expired(kept.expires, m.now) {
		switch {
		case kept.request != orgID(a)+s.name+s.request:
			return verdict{directory.KeyReused}, nil
		case kept.secret:
			return verdict{directory.Conflict}, nil
		}
		return nil, &kept
	}
	var v verdict
	if s.rules != nil {
		s.rules(m, a, &v)
	}
	return v, nil
}

// resolveFor is who a request acts as by the time it is carried out: what it was
// authenticated as may be gone.
func (h *harness) resolveFor(m *model, s step, p *directory.Principal) (*actor, directory.Code) {
	if s.in == "" || p.Kind == directory.APIToken {
		return m.resolve(p.TokenID, p.OrgID)
	}
	a, code := m.resolve(p.TokenID, s.in)
	if code == directory.Forbidden && !m.awaitsIssuerIn(p.TokenID, s.in) {
		code = directory.NotFound // as if the organization did not exist
	}
	return a, code
}

func orgID(a *actor) string {
	if a.org == nil {
		return ""
	}
	return string(a.org.id)
}

// below draws evenly. Rapid's own numbers are small ones mostly, and a run would
// be about the first few of everything.
func below(t *rapid.T, n int, label string) int { return even.Draw(t, label) * n >> 10 }

var even = rapid.Custom(func(t *rapid.T) (n int) {
	for range 10 {
		n <<= 1
		if rapid.Bool().Draw(t, "bit") {
			n++
		}
	}
	return n
})

func rarely(t *rapid.T, n int, label string) bool { return below(t, n, label) == n-1 }

func pick[T any](t *rapid.T, list []T, label string) T { return list[below(t, len(list), label)] }

func encode(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}

// drawActor draws a token and the organization that the request names, or a
// principal from an earlier request. p is nil where the token is refused.
func (h *harness) drawActor(t *rapid.T) (a *actor, p *directory.Principal) {
	mode := below(t, 10, "kind of principal")
	if mode == 9 && len(h.held) > 0 {
		p = pick(t, h.held, "held")
		if a, _ = h.m.resolve(p.TokenID, p.OrgID); a == nil {
			a = &actor{token: p.TokenID, personal: p.Kind != directory.APIToken, org: h.m.org(p.OrgID)}
		}
		return a, p
	}
	token, named := h.drawToken(t, mode)
	a, want := h.m.resolve(token.id, named)
	p, err := h.authenticate(token, named)
	h.tally.count("authenticate", outcome(err))
	if outcome(err) != want {
		h.fail(t, "authenticate %s in %q: %v, the rules say %q", token.id, named, err, want)
	}
	if p == nil {
		return nil, nil
	}
	if len(h.held) < 5 {
		h.held = append(h.held, p)
	} else if rarely(t, 10, "hold") {
		h.held = append(h.held[1:], p)
	}
	return a, p
}

// candidate is a token and the organization that a request with it may name.
type candidate struct {
	token *mToken
	org   directory.OrgID
}

// drawToken prefers owners: most of what happens takes one.
func (h *harness) drawToken(t *rapid.T, mode int) (*mToken, directory.OrgID) {
	preferred := h.prefer
	h.prefer = nil
	if len(preferred) > 0 && mode < 7 {
		c := pick(t, preferred, "preferred")
		return c.token, c.org
	}
	var owners, others []candidate
	for _, account := range h.m.accounts {
		for _, token := range slices.Concat(account.tokens, account.sessions) {
			if expired(token.expires, h.m.now) {
				continue
			}
			for _, ms := range h.m.memberships(account.n) {
				if ms.user.role == "owner" && !ms.user.suspended {
					owners = append(owners, candidate{token, ms.org.id})
				}
				others = append(others, candidate{token, ms.org.id})
			}
		}
	}
	for _, o := range h.m.orgs {
		for _, token := range o.tokens {
			others = append(others, candidate{token, o.id})
		}
	}
	switch {
	case mode == 8 && len(h.dead) > 0:
		return pick(t, h.dead, "dead"), ""
	case mode < 5 && len(owners) > 0:
		c := pick(t, owners, "owner")
		return c.token, c.org
	case len(others) == 0:
		return &mToken{id: "none", secret: "xapt-none"}, ""
	}
	c := pick(t, others, "token")
	switch below(t, 6, "named") {
	case 4:
		c.org = ""
	case 5:
		c.org = h.drawOrg(t)
	}
	return c.token, c.org
}
