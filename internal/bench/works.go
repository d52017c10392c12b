package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"time"
)

// work is one row of the table: something that is asked of Roster, and of a
// baseline in the same run.
type work struct {
	name    string // as -work takes it
	title   string // with a place for the number of users
	against string // the baseline
	users   int
	conns   connections // polled where an answer takes less than a millisecond
	start   func(ctx context.Context, l *lab, w work) (roster, baseline side, err error)
}

const (
	bareHandler = "bare net/http handler, same bytes"
	insertLoop  = "loop of single-row durable inserts"
)

func allWorks(o options) []work {
	return []work{
		{"get", "GET one of %s users", bareHandler, o.many, connections{16, true}, startGet},
		{"get-1m", "GET one of %s users", fmt.Sprintf("Roster itself with %s users", grouped(float64(o.few))), o.most, connections{16, true}, startGrown},
		{"list-1k", "GET all of %s users", bareHandler, o.few, connections{16, false}, startList},
		{"list-100k", "GET all of %s users", bareHandler, o.many, connections{1, false}, startList},
		{"list-changed", "GET all of %s users after a change", bareHandler, o.many, connections{1, false}, startChanged},
		{"unchanged", "GET all of %s users, unchanged: 304", bareHandler, o.many, connections{16, true}, startUnchanged},
		{"create-1", "POST a user", insertLoop, o.few, connections{1, true}, startCreate},
		{"create-64", "POST a user", insertLoop, o.few, connections{64, false}, startCreate},
	}
}

func startGet(ctx context.Context, l *lab, w work) (roster, baseline side, err error) {
	o, p, err := l.opened(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	probed, err := probe(ctx, p.addr, "/v2/users/"+o.ids[0], o.token, "")
	if err != nil {
		return nil, nil, err
	}
	probed.Pattern = "GET /v2/users/{id}"
	bare, err := l.startBare(ctx, probed)
	if err != nil {
		return nil, nil, err
	}
	size := len(probed.Body)
	if err := l.askForAll(ctx, o, p, w); err != nil {
		return nil, nil, err
	}
	return httpSide{p, w.conns, func(conn int) traffic { return newGets(o, size, "", anyOf(o, conn)) }},
		httpSide{bare, w.conns, func(conn int) traffic { return newGets(o, size, o.ids[0], anyOf(o, conn)) }}, nil
}

// startGrown compares Roster with itself when it had fewer users.
func startGrown(ctx context.Context, l *lab, w work) (roster, baseline side, err error) {
	sides := make([]side, 2)
	for i, users := range []int{w.users, l.few} {
		w.users = users
		o, p, err := l.opened(ctx, w)
		if err != nil {
			return nil, nil, err
		}
		if err := l.askForAll(ctx, o, p, w); err != nil {
			return nil, nil, err
		}
		if i == 0 {
			l.full = p.memory()
		}
		probed, err := probe(ctx, p.addr, "/v2/users/"+o.ids[0], o.token, "")
		if err != nil {
			return nil, nil, err
		}
		sides[i] = httpSide{p, w.conns, func(conn int) traffic { return newGets(o, len(probed.Body), "", anyOf(o, conn)) }}
	}
	return sides[0], sides[1], nil
}

// askForAll asks for every user once: what is remembered after the first time is
// to be measured as remembered.
func (l *lab) askForAll(ctx context.Context, o organisation, p *process, w work) error {
	size, err := o.sizeOfOne(ctx, p)
	if err != nil {
		return err
	}
	var asked atomic.Int64
	all := httpSide{p, w.conns, func(int) traffic { return newGets(o, size, "", eachOf(o, &asked)) }}
	for int(asked.Load()) < len(o.ids) {
		if _, err := all.drive(ctx, 100*time.Millisecond); err != nil {
			return err
		}
	}
	return nil
}

func startList(ctx context.Context, l *lab, w work) (roster, baseline side, err error) {
	o, p, err := l.opened(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	probed, err := probe(ctx, p.addr, "/v2/users", o.token, "")
	if err != nil {
		return nil, nil, err
	}
	var users []struct{ ID, Email, Name string }
	if err := json.Unmarshal(probed.Body, &users); err != nil || len(users) != w.users+1 {
		return nil, nil, fmt.Errorf("the list has %d users, want %d and the owner: %w", len(users), w.users, err)
	}
	return l.alike(ctx, p, w, probed, requestFor("GET", "/v2/users", o.token, "", ""))
}

// startChanged asks for a list that changes between: a user gets another role
// before each. The time that takes is not the list's.
func startChanged(ctx context.Context, l *lab, w work) (roster, baseline side, err error) {
	o, p, err := l.opened(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	probed, err := probe(ctx, p.addr, "/v2/users", o.token, "")
	if err != nil {
		return nil, nil, err
	}
	roster, baseline, err = l.alike(ctx, p, w, probed, requestFor("GET", "/v2/users", o.token, "", ""))
	if err != nil {
		return nil, nil, err
	}
	side := roster.(httpSide) //nolint:forcetypeassert // of two that alike makes
	change := func(role string) []byte {
		return requestFor("PUT", "/v2/users/"+o.ids[0]+"/role", o.token, "", fmt.Sprintf(`{"role":%q}`, role))
	}
	list := same{requestFor("GET", "/v2/users", o.token, "", ""), probed.Status, len(probed.Body)}
	side.of = func(int) traffic { return &changing{same: list, changes: [][]byte{change("none"), change("user")}} }
	return side, baseline, nil
}

// startUnchanged asks for a list that the client has.
func startUnchanged(ctx context.Context, l *lab, w work) (roster, baseline side, err error) {
	o, p, err := l.opened(ctx, w)
	if err != nil {
		return nil, nil, err
	}
	probed, err := probe(ctx, p.addr, "/v2/users", o.token, "")
	if err != nil {
		return nil, nil, err
	}
	tag := probed.Header.Get("Etag")
	if probed, err = probe(ctx, p.addr, "/v2/users", o.token, tag); err != nil {
		return nil, nil, err
	}
	if probed.Status != http.StatusNotModified {
		return nil, nil, fmt.Errorf("a list with the tag %s is answered with %d", tag, probed.Status)
	}
	return l.alike(ctx, p, w, probed, requestFor("GET", "/v2/users", o.token, "If-None-Match: "+tag+"\r\n", ""))
}

// alike compares a server with a bare one where every request is the same.
func (l *lab) alike(ctx context.Context, p *process, w work, probed constant, request []byte) (roster, baseline side, err error) {
	probed.Pattern = "GET /v2/users"
	bare, err := l.startBare(ctx, probed)
	if err != nil {
		return nil, nil, err
	}
	of := func(int) traffic { return same{request, probed.Status, len(probed.Body)} }
	return httpSide{p, w.conns, of}, httpSide{bare, w.conns, of}, nil
}

func startCreate(ctx context.Context, l *lab, w work) (roster, baseline side, err error) {
	o, err := l.seed(ctx, w.name, w.users)
	if err != nil {
		return nil, nil, err
	}
	p, err := l.startRoster(ctx, o.database)
	if err != nil {
		return nil, nil, err
	}
	inserts, err := l.startChild(ctx, "insert", filepath.Join(l.dir, w.name+"-loop.db"))
	if err != nil {
		return nil, nil, err
	}
	var users atomic.Int64
	users.Store(int64(w.users))
	return httpSide{p, w.conns, func(int) traffic { return newCreates(o.token, &users) }}, insertSide{inserts}, nil
}

// opened starts Roster on an organisation of so many users, which works that
// change nothing share.
func (l *lab) opened(ctx context.Context, w work) (o organisation, p *process, err error) {
	if o, err = l.seededUsers(ctx, w.users); err != nil {
		return o, nil, err
	}
	p, err = l.startRoster(ctx, o.database)
	return o, p, err
}

// startBare starts a bare server that answers as Roster did when probed.
func (l *lab) startBare(ctx context.Context, c constant) (*process, error) {
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	file := filepath.Join(l.dir, "constant.json")
	if err := os.WriteFile(file, b, 0o600); err != nil {
		return nil, err
	}
	return l.startChild(ctx, "bare", file)
}

// probe sends one request through net/http's client, to see what is answered.
func probe(ctx context.Context, addr, path, token, tag string) (c constant, err error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+path, http.NoBody) //nolint:gosec // a server that this program has started
	if err != nil {
		return c, err
	}
	r.Header.Set("Authorization", "Bearer "+token)
	if tag != "" {
		r.Header.Set("If-None-Match", tag)
	}
	client := http.Client{Transport: &http.Transport{DisableCompression: true}}
	defer client.CloseIdleConnections()
	resp, err := client.Do(r) //nolint:gosec // same
	if err != nil {
		return c, err
	}
	defer resp.Body.Close()
	c.Status, c.Header = resp.StatusCode, resp.Header
	c.Header.Del("Date") // every net/http server writes its own
	if c.Body, err = io.ReadAll(resp.Body); err != nil {
		return c, err
	}
	if c.Status >= http.StatusBadRequest {
		return c, errors.New(string(c.Body))
	}
	return c, nil
}
