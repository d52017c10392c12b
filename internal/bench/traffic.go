package main

import (
	"bytes"
	"fmt"
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

// gets asks for one user after the other. Ids and tokens are all of one length, so
// that a request is made by writing over the last one.
type gets struct {
	request []byte
	id      []byte // the places of what differs, in request
	token   []byte
	pick    func() (id, token string)
	want    string // the id that must be in the body; "" for the one asked for
	size    int    // of each body
}

func newGets(o organisation, size int, want string, pick func() (id, token string)) *gets {
	id, token := o.at(0)
	g := &gets{request: requestFor("GET", "/v2/users/"+id, token, "", ""), want: want, pick: pick, size: size}
	place := func(text string) []byte {
		at := bytes.Index(g.request, []byte(text))
		return g.request[at : at+len(text)]
	}
	g.id, g.token = place(id), place(token)
	return g
}

func (g *gets) next() []byte {
	id, token := g.pick()
	copy(g.id, id)
	copy(g.token, token)
	return g.request
}

func (g *gets) wrong(a answer) string {
	id := g.id
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

// changing sends one request again and again, with a change before each.
type changing struct {
	same
	changes [][]byte
	sent    int
}

func (c *changing) next() []byte {
	c.sent++
	if c.sent%2 == 0 {
		return c.request
	}
	return c.changes[c.sent/2%len(c.changes)]
}

func (c *changing) wrong(a answer) string {
	if c.sent%2 == 0 {
		// "user" and "none" are of one length, as is what has the one or the other.
		return c.same.wrong(a)
	}
	return wrongStatus(a, 200)
}

// prepares is whether the last request was a change.
func (c *changing) prepares() bool { return c.sent%2 == 1 }

func wrongStatus(a answer, status int) string {
	if a.status != status {
		return fmt.Sprintf("%d, want %d: %.200s", a.status, status, a.body)
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
