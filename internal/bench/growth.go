package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/store"
)

// growth is what a get costs as there is more of something.
type growth struct {
	what   string
	points []growthPoint
}

type growthPoint struct {
	n      int
	cpu    float64 // of the server for a request, in nanoseconds
	rate   float64
	memory int64 // when everything has been asked for
}

// tenths are how much there is of something: from few to most, ten times each.
func tenths(few, most int) (all []int) {
	for n := few; n <= most; n *= 10 {
		all = append(all, n)
	}
	return all
}

// measureGrowth measures gets with more and more users of one organisation, more
// tokens of it, and more organisations with a token and a user each.
func (l *lab) measureGrowth(ctx context.Context) (all []growth, err error) {
	for _, g := range []struct {
		what string
		most int
		seed func(ctx context.Context, n int) (organisation, error)
	}{
		{"users of an organisation", l.most, l.seededUsers},
		{"tokens of an organisation", l.many, l.seedTokens},
		{"organisations", l.many, l.seedOrgs},
	} {
		found := growth{what: g.what}
		for _, n := range tenths(l.few, g.most) {
			p, err := l.growthPoint(ctx, n, g.seed)
			if err = errors.Join(err, l.stop()); err != nil {
				return nil, fmt.Errorf("%d %s: %w", n, g.what, err)
			}
			progress("%s %s: a get takes %s of CPU time", grouped(float64(n)), g.what, timed(p.cpu))
			found.points = append(found.points, p)
		}
		all = append(all, found)
	}
	return all, nil
}

func (l *lab) growthPoint(ctx context.Context, n int, seed func(context.Context, int) (organisation, error)) (g growthPoint, err error) {
	o, err := seed(ctx, n)
	if err != nil {
		return g, err
	}
	p, err := l.startRoster(ctx, o.database)
	if err != nil {
		return g, err
	}
	conns := connections{16, true}
	if err := l.askForAll(ctx, o, p, work{conns: conns}); err != nil {
		return g, err
	}
	size, err := o.sizeOfOne(ctx, p)
	if err != nil {
		return g, err
	}
	side := httpSide{p, conns, func(conn int) traffic { return newGets(o, size, "", anyOf(o, conn)) }}
	var cpus, rates []float64
	for range max(1, l.rounds/2) {
		if err := l.awaitQuiet(ctx); err != nil {
			return g, err
		}
		s, err := side.measure(ctx, l.duration/2)
		if err != nil {
			return g, err
		}
		cpus, rates = append(cpus, cpu(s)), append(rates, s.rate)
	}
	return growthPoint{n: n, cpu: median(cpus), rate: median(rates), memory: p.memory()}, nil
}

// seededUsers is an organisation of so many users, which works may have made.
func (l *lab) seededUsers(ctx context.Context, n int) (o organisation, err error) {
	o, ok := l.seeded[n]
	if !ok {
		if o, err = l.seed(ctx, fmt.Sprintf("users-%d", n), n); err == nil {
			l.seeded[n] = o
		}
	}
	return o, err
}

// seedTokens makes an organisation with some users and so many tokens.
func (l *lab) seedTokens(ctx context.Context, n int) (o organisation, err error) {
	if o, err = l.seed(ctx, fmt.Sprintf("tokens-%d", n), l.few); err != nil {
		return o, err
	}
	users := o.ids
	o.ids, o.tokens = nil, nil
	return o, l.fill(ctx, o.database, n, func(tx directory.Tx, i int) error {
		o.ids, o.tokens = append(o.ids, users[i%len(users)]), append(o.tokens, secret(i))
		return addToken(tx, o.org, i)
	})
}

// seedOrgs makes so many organisations with a user and a token each.
func (l *lab) seedOrgs(ctx context.Context, n int) (o organisation, err error) {
	if o, err = l.seed(ctx, fmt.Sprintf("orgs-%d", n), 0); err != nil {
		return o, err
	}
	return o, l.fill(ctx, o.database, n, func(tx directory.Tx, i int) error {
		org := directory.Org{ID: directory.OrgID(fmt.Sprintf("org-%07d", i)), Name: "Org", CreatedAt: time.Now(), UpdatedAt: time.Now()}
		o.ids, o.tokens = append(o.ids, userID(i)), append(o.tokens, secret(i))
		return errors.Join(tx.CreateOrg(org), addUser(tx, org.ID, i), addToken(tx, org.ID, i))
	})
}

// fill calls add so many times, in transactions of a size.
func (l *lab) fill(ctx context.Context, database string, n int, add func(directory.Tx, int) error) (err error) {
	db, err := store.Open(ctx, database, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	for from := 0; from < n; from += seedBatch {
		err := db.Write(ctx, func(tx directory.Tx) error {
			for i := from; i < min(n, from+seedBatch); i++ {
				if err := add(tx, i); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
	}
	return nil
}

func secret(n int) string { return fmt.Sprintf("xaat-00000000-0000-4000-8000-%012d", n) }

func addToken(tx directory.Tx, org directory.OrgID, n int) error {
	return tx.CreateAPIToken(directory.APITokenRecord{
		ID: directory.TokenID(fmt.Sprintf("tok_06h0benchm%016d", n)), OrgID: org, Name: "bench", Capabilities: authz.Everything(),
		CreatedAt: time.Now(), Hash: sha256.Sum256([]byte(secret(n))),
	})
}

// anyOf picks a user, and the token that asks for it, at random.
func anyOf(o organisation, conn int) func() (id, token string) {
	rng := rand.New(rand.NewPCG(uint64(conn), 0)) //nolint:gosec // nothing to guess here
	return func() (id, token string) { return o.at(rng.IntN(len(o.ids))) }
}

// eachOf picks one after the other.
func eachOf(o organisation, next *atomic.Int64) func() (id, token string) {
	return func() (id, token string) { return o.at(int(next.Add(1)) % len(o.ids)) }
}

// at is a user and a token that may ask for it.
func (o organisation) at(n int) (id, token string) {
	if len(o.tokens) > 0 {
		return o.ids[n], o.tokens[n]
	}
	return o.ids[n], o.token
}

// sizeOfOne is how long the answer about a user is: all are of one length.
func (o organisation) sizeOfOne(ctx context.Context, p *process) (int, error) {
	id, token := o.at(0)
	probed, err := probe(ctx, p.addr, "/v2/users/"+id, token, "")
	return len(probed.Body), err
}

// growthMarkdown writes a table for each.
func growthMarkdown(all []growth) string {
	if len(all) == 0 {
		return ""
	}
	var b strings.Builder
	b.WriteString("\nWhat a get costs as there is more, all of it asked for before, at random:\n\n")
	b.WriteString("| how many | CPU time of a request | requests a second | memory |\n| --- | ---: | ---: | ---: |\n")
	for _, g := range all {
		for _, p := range g.points {
			fmt.Fprintf(&b, "| %s %s | %s | %s | %s |\n", grouped(float64(p.n)), g.what, timed(p.cpu), grouped(p.rate), mebibytes(p.memory))
		}
	}
	return b.String()
}
