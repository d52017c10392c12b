package main

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// neighbor is what one tenant notices of another's attack.
type neighbor struct {
	attack        string
	reads, writes time.Duration // p99
	failed        int
	answers       string        // to the attacker, by status
	cpu           time.Duration // of the server, for each of the attacker's requests and what the tenant asked meanwhile
}

// attack is what a tenant may do with an account that may create organizations.
type attack struct {
	name    string
	workers int
	// prepare makes what the attack needs, as much as the server lets it have.
	prepare func(*attacker)
	// strike sends one request and gives the answer's status.
	strike func(a *attacker, worker, n int) (int, error)
}

// attacker is the owner of an organization of its own.
type attacker struct {
	base, org string
	personal  string
	made      []string
	past      string
}

func (a *attacker) call(method, path, body string, v any) (int, error) {
	header := as(a.personal)
	header["X-Axiom-Org-Id"] = a.org
	err := request(method, a.base+path, header, body, v)
	if refused, ok := errors.AsType[statusError](err); ok {
		return refused.status, nil
	}
	return http.StatusOK, err
}

// makeAll makes things until the server refuses one for a limit.
func (a *attacker) makeAll(most int, path string, body func(i int) string) (ids []string) {
	for i := range most {
		var made struct{ ID string }
		status := must(a.call("POST", path, body(i), &made))
		if status == 403 || status == 429 {
			break
		}
		if status != 200 {
			check(fmt.Errorf("POST %s: %d", path, status))
		}
		ids = append(ids, made.ID)
	}
	progress("  %s: made %d", path, len(ids))
	return ids
}

// roleBody is a custom role with many dataset names.
func roleBody(i, names int) string {
	var sets []string
	for n := range names {
		sets = append(sets, fmt.Sprintf(`"dataset-%d-%d":{"query":["read"]}`, i, n))
	}
	return fmt.Sprintf(`{"name":"role %d","datasetCapabilities":{%s}}`, i, strings.Join(sets, ","))
}

var attacks = []attack{
	{
		name: "many organizations, then dry runs of personal tokens", workers: 15,
		prepare: func(a *attacker) {
			a.makeAll(3000, "/v2/orgs", func(i int) string { return fmt.Sprintf(`{"name":"Org %d"}`, i) })
		},
		strike: func(a *attacker, worker, n int) (int, error) {
			return a.call("POST", "/v2/user/tokens?dryRun=true", fmt.Sprintf(`{"name":"t %d %d"}`, worker, n), nil)
		},
	},
	{
		name: "a group of roles with many names, then dry runs by its member", workers: 15,
		prepare: func(a *attacker) {
			var me struct{ ID string }
			must(a.call("GET", "/v2/user", "", &me))
			for _, names := range []int{2000, 1000, 500, 200, 100} {
				roles := a.makeAll(100, "/v2/rbac/roles", func(i int) string { return roleBody(i, names) })
				for n := len(roles); n > 0; n /= 2 {
					body := fmt.Sprintf(`{"name":"all","members":[%q],"roles":["%s"]}`, me.ID, strings.Join(roles[:n], `","`))
					if must(a.call("POST", "/v2/rbac/groups", body, nil)) == 200 {
						progress("  a group of %d roles with %d names each", n, names)
						return
					}
				}
			}
			check(errors.New("no role could be made"))
		},
		strike: func(a *attacker, worker, n int) (int, error) {
			return a.call("PUT", "/v2/user?dryRun=true", fmt.Sprintf(`{"name":"M %d %d"}`, worker, n), nil)
		},
	},
	{
		name: "a role with many members, put again and again", workers: 4,
		prepare: func(a *attacker) {
			a.made = a.makeAll(5000, "/v2/users", func(i int) string {
				return fmt.Sprintf(`{"name":"P %d","email":"p%d@%s.example.com","role":"none"}`, i, i, a.org)
			})
			role := a.makeAll(1, "/v2/rbac/roles", func(int) string { return `{"name":"crowd"}` })[0]
			for len(a.made) > 1 {
				body := fmt.Sprintf(`{"name":"crowd","members":["%s"]}`, strings.Join(a.made, `","`))
				if must(a.call("PUT", "/v2/rbac/roles/"+role, body, nil)) == 200 {
					progress("  a role with %d members", len(a.made))
					a.made = append(a.made, role)
					return
				}
				a.made = a.made[:len(a.made)/2]
			}
			check(errors.New("no role with members could be made"))
		},
		strike: func(a *attacker, worker, n int) (int, error) {
			members := a.made[:(len(a.made)-1)*(n%2)]
			list := ""
			if len(members) > 0 {
				list = `"` + strings.Join(members, `","`) + `"`
			}
			return a.call("PUT", "/v2/rbac/roles/"+a.made[len(a.made)-1], `{"name":"crowd","members":[`+list+`]}`, nil)
		},
	},
	{
		name: "what one may do, with many names", workers: 6,
		prepare: func(*attacker) {}, // the second attack's roles are there
		strike:  func(a *attacker, _, _ int) (int, error) { return a.call("GET", "/v2/user/access", "", nil) },
	},
	{
		name: "lists of the past", workers: 12,
		prepare: func(*attacker) {},
		strike: func(a *attacker, _, _ int) (int, error) {
			return a.call("GET", "/v2/users?at="+a.past+"&q=zz&limit=1", "", nil)
		},
	},
}

// measureNeighbors drives a tenant with a steady rate, quietly and under each attack.
func measureNeighbors(ctx context.Context, l *lab, s *section) {
	d := l.initRoster("sqlite:"+l.path("neighbors.db"), 1000)
	p := l.startRoster(serverCore, d)
	owner := &attacker{base: "http://" + p.addr, org: d.OrgID, personal: d.PersonalToken}
	a := newAttacker(owner)
	for _, one := range attacks {
		one.prepare(a)
	}
	// From here on with every default, the rate limits among them.
	check(p.stop())
	p = l.start(serverCore, "roster", l.roster, "serve", "--database", d.database, "--listen", "ADDR", "--access-log", "0", "--metrics-listen", "127.0.0.1:0")
	owner.base, a.base = "http://"+p.addr, "http://"+p.addr
	check(exec.Command("taskset", "-acp", loadCore, strconv.Itoa(os.Getpid())).Run())
	s.printf("\n| one tenant | another's reads, p99 | its writes, p99 | its requests that failed | the attacker's requests answered |\n| --- | ---: | ---: | ---: | --- |\n")
	var quiet neighbor
	for i, one := range append([]attack{{name: "is quiet"}}, attacks...) {
		n := l.neighbor(ctx, p, d, one, a)
		s.printf("| %s | %s | %s | %d | %s |\n", n.attack, round(n.reads), round(n.writes), n.failed, n.answers)
		progress("%s: reads %s, writes %s, failed %d; attacker %s, CPU %s each; memory %.0f MiB", n.attack, n.reads, n.writes, n.failed, n.answers, n.cpu, p.memory("VmHWM"))
		if i == 0 {
			quiet = n
			continue
		}
		s.most(n.attack+": another's reads", max(3*quiet.reads, 15*time.Millisecond), n.reads)
		s.most(n.attack+": another's writes", max(3*quiet.writes, 15*time.Millisecond), n.writes)
	}
	s.mib("memory under attack", 256, p.memory("VmHWM"))
}

// newAttacker makes an organization that belongs to the owner's account as well: to the
// server it is another tenant.
func newAttacker(owner *attacker) *attacker {
	a := *owner
	a.org = owner.makeAll(1, "/v2/orgs", func(int) string { return `{"name":"Attacker"}` })[0]
	a.past = time.Now().Add(2 * time.Second).UTC().Format(time.RFC3339)
	time.Sleep(3 * time.Second)
	return &a
}

const (
	// The steady tenant's rates, a second.
	readsEach  = 100
	writesEach = 10
	// retryAfter is how long each of the attacker's connections waits after a 429.
	retryAfter = 10 * time.Millisecond
)

// neighbor drives the steady tenant while an attack goes on, if there is one.
func (l *lab) neighbor(ctx context.Context, p *process, d deployment, one attack, a *attacker) neighbor {
	ctx, cancel := context.WithTimeout(ctx, l.attack)
	defer cancel()
	var mu sync.Mutex
	answers := make(map[int]int)
	var attackers sync.WaitGroup
	for worker := range one.workers {
		attackers.Go(func() {
			for i := 0; ctx.Err() == nil; i++ {
				status, err := one.strike(a, worker, i)
				if err != nil {
					status = 0
				}
				mu.Lock()
				answers[status]++
				mu.Unlock()
				if status == 429 { // an answer of a few microseconds, which would only measure the load generator
					time.Sleep(retryAfter)
				}
			}
		})
	}
	var failed atomic.Int64
	var reads, writes latencies
	base, used := "http://"+p.addr, p.cpu()
	counted += 1_000_000
	first := counted
	var steady sync.WaitGroup
	steady.Go(func() {
		steadily(ctx, readsEach, &reads, &failed, func(i int) error {
			return request("GET", fmt.Sprintf(base+userPath, firstUser+i*7919%1000), as(d.APIToken), "", nil)
		})
	})
	steady.Go(func() {
		steadily(ctx, writesEach, &writes, &failed, func(i int) error {
			return request("POST", base+"/v2/users", as(d.APIToken), fmt.Sprintf(`{"name":"N","email":"n%d@example.com","role":"user"}`, first+i), nil)
		})
	})
	steady.Wait()
	attackers.Wait()
	n := neighbor{attack: one.name, reads: reads.p99(), writes: writes.p99(), failed: int(failed.Load())}
	var parts []string
	total := 0
	for _, status := range slices.Sorted(maps.Keys(answers)) {
		total += answers[status]
		parts = append(parts, fmt.Sprintf("%d × %d", answers[status], status))
	}
	n.answers, n.cpu = strings.Join(parts, ", "), (p.cpu()-used)/time.Duration(max(total, 1))
	return n
}

// steadily sends requests at a rate, whether or not earlier ones were answered: a
// request that waits counts from when it was due.
func steadily(ctx context.Context, rate int, took *latencies, failed *atomic.Int64, send func(i int) error) {
	var under sync.WaitGroup
	begun := time.Now()
	for i := 0; ; i++ {
		due := begun.Add(time.Duration(i) * time.Second / time.Duration(rate))
		select {
		case <-ctx.Done():
			under.Wait()
			return
		case <-time.After(time.Until(due)):
		}
		under.Go(func() {
			if send(i) != nil {
				failed.Add(1)
			}
			took.add(time.Since(due))
		})
	}
}

type latencies struct {
	mu  sync.Mutex
	all []time.Duration
}

func (l *latencies) add(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.all = append(l.all, d)
}

func (l *latencies) p99() time.Duration {
	slices.Sort(l.all)
	return l.all[len(l.all)*99/100]
}
