package cli

import (
	"context"
	"crypto/rand"
	"fmt"
	"math"
	mathrand "math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/progress"
)

// benchmark is what `roster bench` was asked to do.
type benchmark struct {
	connections int
	duration    time.Duration
	mix         mix
}

func (s *session) bench() *cobra.Command {
	b := benchmark{mix: mix{get: 96, list: 4}}
	cmd := &cobra.Command{
		Use:   "bench",
		Short: "Measure a running server with a mix of requests",
		Long: `Measure a running server with a mix of requests, each connection sending one as
soon as the last is answered: gets of single users, pages of the list, and, only if
the mix has them, creates. Users that were created are removed afterwards; the log
keeps entries of both.

The token needs users|read, and for creates users|create and users|delete. The server's
rate limit applies: where it refuses, what is measured is the limit.`,
		Example: indent("roster bench\nroster bench --connections 64 --duration 30s --mix get=95,list=4,create=1\nroster bench --output json"),
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if b.connections < 1 || b.duration <= 0 {
				return usagef("--connections and --duration: more than nothing")
			}
			m := newMeter(b.connections)
			c, err := s.client(cmd, client.WithHTTPClient(m.client()))
			if err != nil {
				return err
			}
			results, err := b.run(cmd, c, m)
			if err != nil {
				return err
			}
			if err := printList(s, cmd, results, benchColumns); err != nil || s.output != "table" {
				return err
			}
			if _, err := fmt.Fprintf(cmd.OutOrStdout(), "\n%s", histogram(m.latencies(""))); err != nil {
				return err
			}
			if n := m.limited(); n > 0 {
				cmd.PrintErrf("\n%d requests were refused by the server's rate limit, so this measures the limit; raise it with `roster serve --rate-limit`\n", n)
			}
			return nil
		},
	}
	f := cmd.Flags()
	f.IntVarP(&b.connections, "connections", "c", 16, "how many requests are under way at once")
	f.DurationVarP(&b.duration, "duration", "d", 10*time.Second, "how long to send requests")
	f.Var(&b.mix, "mix", "parts of get, list and create, as in get=95,list=4,create=1")
	return cmd
}

// mix is how many parts of what are sent; as a flag, get=95,list=4,create=1.
type mix struct{ get, list, create int }

// String implements [pflag.Value].
func (m *mix) String() string {
	return fmt.Sprintf("get=%d,list=%d,create=%d", m.get, m.list, m.create)
}

// Type implements [pflag.Value].
func (m *mix) Type() string { return "MIX" }

// Set implements [pflag.Value].
func (m *mix) Set(v string) error {
	*m = mix{}
	for part := range strings.SplitSeq(v, ",") {
		name, parts, _ := strings.Cut(part, "=")
		n, err := strconv.Atoi(parts)
		into, known := map[string]*int{"get": &m.get, "list": &m.list, "create": &m.create}[name]
		if err != nil || n < 0 || !known {
			return fmt.Errorf("%q is not as in get=95,list=4,create=1", part)
		}
		*into = n
	}
	if m.get+m.list+m.create == 0 {
		return fmt.Errorf("it has no parts")
	}
	return nil
}

// pick gives the work that falls on a number.
func (m *mix) pick(n int) work {
	switch n %= m.get + m.list + m.create; {
	case n < m.get:
		return workGet
	case n < m.get+m.list:
		return workList
	default:
		return workCreate
	}
}

// work is a kind of request.
type work string

const (
	workGet    work = "get"
	workList   work = "list"
	workCreate work = "create"
)

// benchPage is how long a page of the list is, and how many users are got in turns.
const benchPage = 100

func (b *benchmark) run(cmd *cobra.Command, c *client.Client, m *meter) ([]benchResult, error) {
	ctx := cmd.Context()
	ids, err := somePage(ctx, c)
	if err != nil {
		return nil, err
	}
	m.reset()
	bar := progress.New(cmd.ErrOrStderr(), "seconds")
	stop := showTime(bar, b.duration)
	var all sync.WaitGroup
	errs := make([]error, b.connections)
	made := make([][]string, b.connections)
	begun := time.Now()
	for n := range b.connections {
		all.Go(func() {
			made[n], errs[n] = b.connection(m.label(ctx), c, ids, begun.Add(b.duration))
		})
	}
	all.Wait()
	elapsed := time.Since(begun)
	stop()
	bar.End()
	results := m.results(elapsed)
	if err := cleanUp(context.WithoutCancel(ctx), c, slices.Concat(made...)); err != nil {
		return results, err
	}
	for _, err := range errs {
		if err != nil {
			return results, err
		}
	}
	return results, nil
}

// connection sends requests one after the other, and gives the users it made.
func (b *benchmark) connection(label labelled, c *client.Client, ids []string, until time.Time) (made []string, err error) {
	for time.Now().Before(until) && err == nil {
		switch w := b.mix.pick(mathrand.IntN(math.MaxInt32)); w { //nolint:gosec // no secret
		case workGet:
			_, err = c.GetUser(label(w), ids[mathrand.IntN(len(ids))]) //nolint:gosec // no secret
		case workList:
			for _, e := range takeN(c.ListUsers(label(w), client.ListUsersOptions{PageSize: benchPage}), benchPage) {
				err = e
			}
		case workCreate:
			var u client.User
			u, err = c.CreateUser(label(w), client.NewUser{
				Name: "Benchmark", Email: strings.ToLower(rand.Text()) + "@bench.invalid", Role: "none",
			})
			if err == nil {
				made = append(made, u.ID)
			}
		}
	}
	return made, err
}

// takeN ends a sequence after n values, before the next page is asked for.
func takeN[T any](seq func(func(T, error) bool), n int) func(func(T, error) bool) {
	return func(yield func(T, error) bool) {
		left := n
		for v, err := range seq {
			left--
			if !yield(v, err) || left == 0 {
				return
			}
		}
	}
}

func somePage(ctx context.Context, c *client.Client) (ids []string, err error) {
	for u, err := range takeN(c.ListUsers(ctx, client.ListUsersOptions{PageSize: benchPage}), benchPage) {
		if err != nil {
			return nil, err
		}
		ids = append(ids, u.ID)
	}
	if len(ids) == 0 {
		return nil, usagef("the organization has no users to get")
	}
	return ids, nil
}

func cleanUp(ctx context.Context, c *client.Client, ids []string) error {
	for _, id := range ids {
		if err := c.RemoveUser(ctx, id); err != nil {
			return fmt.Errorf("remove the users that were made, which have addresses at bench.invalid: %w", err)
		}
	}
	return nil
}

// showTime moves a bar with the clock until stop is called.
func showTime(bar *progress.Bar, d time.Duration) (stop func()) {
	begun, done := time.Now(), make(chan struct{})
	var shown sync.WaitGroup
	shown.Go(func() {
		tick := time.NewTicker(time.Second / 5)
		defer tick.Stop()
		for {
			bar.At(int64(time.Since(begun).Seconds()), max(1, int64(d.Seconds())))
			select {
			case <-done:
				return
			case <-tick.C:
			}
		}
	})
	return func() {
		close(done)
		shown.Wait()
	}
}
