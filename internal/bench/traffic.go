package main

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync/atomic"
)

// requestFor writes a request down as a connection sends it.
func requestFor(method, path, token, header, body string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "%s %s HTTP/1.1\r\nHost: roster.example.com\r\nAuthorization: Bearer %s\r\n%s", method, path, token, header)
	if body != "" {
		fmt.Fprintf(&b, "Content-Type: application/json\r\nContent-Length: %d\r\n", len(body))
	}
	b.WriteString("\r\n")
	b.WriteString(body)
	return []byte(b.String())
}

// gets asks for one user after the other. Ids are all of one length, so that a
// request is made by writing the id over the last one.
type gets struct {
	request []byte
	place   []byte // of the id, in request
	pick    func() string
	want    string // the id that must be in the body; "" for the one asked for
	size    int    // of each body
}

func newGets(o organisation, size int, want string, pick func() string) *gets {
	g := &gets{request: requestFor("GET", "/v2/users/"+o.ids[0], o.token, "", ""), want: want, pick: pick, size: size}
	at := bytes.Index(g.request, []byte(o.ids[0]))
	g.place = g.request[at : at+len(o.ids[0])]
	return g
}

// anyOf picks at random.
func anyOf(ids []string, conn int) func() string {
	rng := rand.New(rand.NewPCG(uint64(conn), 0)) //nolint:gosec // nothing to guess here
	return func() string { return ids[rng.IntN(len(ids))] }
}

// eachOf picks one after the other.
func eachOf(ids []string, next *atomic.Int64) func() string {
	return func() string { return ids[int(next.Add(1))%len(ids)] }
}

func (g *gets) next() []byte {
	copy(g.place, g.pick())
	return g.request
}

func (g *gets) wrong(a answer) string {
	id := g.place
	if g.want != "" {
		id = []byte(g.want)
	}
	if a.status != 200 || a.size != g.size || !bytes.Contains(a.body, id) {
		return fmt.Sprintf("%d, %d bytes, want 200, %d bytes and %s: %.200s", a.status, a.size, g.size, id, a.body)
	}
	return ""
}

// same sends one request again and again and wants one answer.
type same struct {
	request      []byte
	status, size int
}

func (s same) next() []byte { return s.request }

func (s same) wrong(a answer) string {
	if a.status != s.status || a.size != s.size {
		return fmt.Sprintf("%d, %d bytes, want %d, %d bytes: %.200s", a.status, a.size, s.status, s.size, a.body)
	}
	return ""
}

// creates makes users that were not there before.
type creates struct {
	request []byte
	name    []byte // the places of what differs, in request
	email   []byte
	users   *atomic.Int64
}

func newCreates(token string, users *atomic.Int64) *creates {
	c := &creates{users: users}
	c.request = requestFor("POST", "/v2/users", token, "", fmt.Sprintf(`{"name":%q,"email":%q,"role":"user"}`, newName(0), newEmail(0)))
	at := bytes.Index(c.request, []byte(newName(0)))
	c.name = c.request[at : at+len(newName(0))]
	at = bytes.Index(c.request, []byte(newEmail(0)))
	c.email = c.request[at : at+len(newEmail(0))]
	return c
}

func (c *creates) next() []byte {
	n := int(c.users.Add(1))
	copy(c.name, newName(n))
	copy(c.email, newEmail(n))
	return c.request
}

func (c *creates) wrong(a answer) string {
	if a.status != 200 || !bytes.Contains(a.body, c.email) || !bytes.Contains(a.body, c.name) {
		return fmt.Sprintf("%d, want 200 and %s: %.200s", a.status, c.email, a.body)
	}
	return ""
}
