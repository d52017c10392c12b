package directory_test

import (
	"cmp"
	"flag"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
)

// A run of the program is a random sequence of all the operations there are, by
// owners, users, API tokens and whoever held one, in several organizations. After
// each step the service has answered, stored and explained what the rules say,
// as a model written from them does.
func TestServiceAgainstTheModel(t *testing.T) {
	want := stepsWanted()
	checkSteps(t, want)
	all := tally{answers: make(map[string]map[directory.Code]int)}
	for all.steps < want && !t.Failed() {
		rapid.Check(t, func(rt *rapid.T) { runModel(t, rt, &all) })
	}
	t.Logf("%d steps\n%s", all.steps, all.String())
	if all.steps < want {
		t.Errorf("%d steps, want at least %d", all.steps, want)
	}
	if want < 10_000 {
		return
	}
	for name, answers := range all.answers {
		if answers[""] == 0 {
			t.Errorf("%s never succeeded: the steps say little of it", name)
		}
	}
}

// tally counts what was done, and how it was answered.
type tally struct {
	steps   int
	answers map[string]map[directory.Code]int
}

func (c *tally) count(name string, code directory.Code) {
	if c.answers[name] == nil {
		c.answers[name] = make(map[directory.Code]int)
	}
	c.answers[name][code]++
}

func (c *tally) String() string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(c.answers)) {
		fmt.Fprintf(&b, "%-20s", name)
		for _, code := range slices.Sorted(maps.Keys(c.answers[name])) {
			fmt.Fprintf(&b, " %s %d", cmp.Or(string(code), "done"), c.answers[name][code])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// stepsWanted returns how many steps a run of random operations takes. A step takes an
// order of magnitude longer with the race detector, which finds little in a run on a
// single goroutine, and several times longer on PostgreSQL.
func stepsWanted() int {
	switch {
	case wholeRun():
		return 10_000
	case testing.Short():
		return 250
	case dbtest.OnPostgres() || raceEnabled:
		return 250
	default:
		return 1_000
	}
}

// checkSteps divides the steps into checks of 250 steps on average, and up to 8 checks for
// each call of [rapid.Check].
func checkSteps(t *testing.T, steps int) {
	t.Helper()
	const each = 250
	checks := min(8, steps/each)
	if testing.Short() {
		checks *= 5 // rapid does a fifth of them
	}
	setDefault(t, "rapid.checks", strconv.Itoa(checks))
	setDefault(t, "rapid.steps", strconv.Itoa(each))
}

// givenFlags are the flags that the command line has set, read before a test sets any.
var givenFlags = sync.OnceValue(func() map[string]bool {
	given := make(map[string]bool)
	flag.Visit(func(f *flag.Flag) { given[f.Name] = true })
	return given
})

// setDefault sets a flag for this test unless the command line has set it.
func setDefault(t *testing.T, name, value string) {
	t.Helper()
	if givenFlags()[name] {
		return
	}
	before := flag.Lookup(name).Value.String()
	if err := flag.Set(name, value); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := flag.Set(name, before); err != nil {
			t.Error(err)
		}
	})
}

func runModel(t *testing.T, rt *rapid.T, all *tally) {
	w := newWorld(&lasting{TB: t, each: rt})
	definesBilling(w)
	dns := w.Resolving()
	h := &harness{w: w, dns: dns, m: firstModel(w), accounts: make(map[int]directory.AccountID), tally: all}
	h.startDirectory()
	var actions []func(*rapid.T)
	for _, action := range []struct {
		often int
		do    func(*rapid.T)
	}{
		{5, h.createUser},
		{3, h.giveToken},
		{4, h.updateUserRole},
		{4, h.updateUserStatus},
		{4, h.updateRole},
		{4, h.updateGroup},
		{4, h.moveMembers},
		{2, h.createRole},
		{2, h.createGroup},
		{3, h.answerInvitation},
		{2, h.resendInvitation},
		{1, h.revokeInvitation},
		{3, h.removeUser},
		{2, h.retry},
		{1, h.createAPIToken},
		{2, h.regenerateAPIToken},
		{1, h.createPersonalToken},
		{1, h.updateSelf},
		{1, h.updateUser},
		{1, h.createOrg},
		{1, h.updateOrg},
		{1, h.provision},
		{2, h.claim},
		{1, h.pass},
		{1, h.maintain},
		{1, h.deleteGroup},
		{1, h.deleteRole},
		{1, h.deleteAPIToken},
		{1, h.deletePersonalToken},
		{2, h.signIn},
		{4, h.signInByIssuer},
		{1, h.deleteSession},
		{1, h.deleteSessions},
		{2, h.createIssuer},
		{2, h.updateIssuer},
		{1, h.deleteIssuer},
		{2, h.addDomain},
		{3, h.verifyDomain},
		{1, h.deleteDomain},
		{3, h.updateSignInRules},
		{3, h.provisionChange},
		{2, h.provisionMembers},
		{1, h.provisionRemoval},
		{1, h.deleteOrg},
	} {
		for range action.often {
			actions = append(actions, action.do)
		}
	}
	rt.Repeat(map[string]func(*rapid.T){
		"":     h.check,
		"step": func(t *rapid.T) { pick(t, actions, "what")(t) },
	})
	h.checkHistory(rt)
}

// firstModel is a deployment that has just been initialized.
func firstModel(w *world) *model {
	now := w.Clock().UTC().Truncate(time.Microsecond)
	m := &model{now: now, replays: make(map[string]mReplay)}
	owner := m.newAccount(w.Owner.Email, w.Owner.Name)
	owner.verified = true
	owner.tokens = []*mToken{{id: w.ByOwner().Principal.TokenID, secret: w.Owner.Secret}}
	token := w.As(w.APIToken, "").Principal
	m.orgs = []*mOrg{{
		id:     w.Org.ID,
		users:  []*mUser{{id: w.Owner.ID, account: owner.n, email: owner.email, name: owner.name, role: "owner"}},
		tokens: []*mToken{{id: token.TokenID, secret: w.APIToken, caps: factsOf(token.Capabilities), giving: builtinFacts["owner"], expires: time.Time{}}},
	}}
	return m
}

// lasting is the test itself with what belongs to one of its runs cleaned up
// after that run.
type lasting struct {
	testing.TB
	each *rapid.T
}

func (l *lasting) Cleanup(fn func()) { l.each.Cleanup(fn) }
