package dbtest

import (
	"context"
	"net"
	"net/url"
	"strings"
	"sync"
	"testing"
)

// Proxy stands between a node and its database, to come between them.
type Proxy struct {
	URL string // of the database, through the proxy

	listener net.Listener
	network  string
	address  string

	mu    sync.Mutex
	conns map[net.Conn]bool
	cut   bool
	held  chan struct{} // closed: nothing is held up
	wait  sync.WaitGroup
}

// NewProxy stands in for the database of a URL until the test ends.
func NewProxy(t testing.TB, database string) *Proxy {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	p := &Proxy{network: "tcp", address: u.Host, conns: make(map[net.Conn]bool), held: make(chan struct{})}
	close(p.held)
	q := u.Query()
	if dir := q.Get("host"); strings.HasPrefix(dir, "/") {
		p.network, p.address = "unix", dir+"/.s.PGSQL.5432"
		q.Del("host")
	}
	if p.listener, err = new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0"); err != nil {
		t.Fatal(err)
	}
	q.Set("sslmode", "disable")
	u.Host, u.RawQuery = p.listener.Addr().String(), q.Encode()
	p.URL = u.String()
	p.wait.Go(p.accept)
	t.Cleanup(func() {
		_ = p.listener.Close()
		p.Cut()
		p.wait.Wait()
	})
	return p
}

// Cut closes all connections, and every new one at once, until [Proxy.Restore].
func (p *Proxy) Cut() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = true
	p.release()
	for conn := range p.conns {
		_ = conn.Close()
	}
	clear(p.conns)
}

// Hold lets nothing through any more, without a word, until [Proxy.Restore].
func (p *Proxy) Hold() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.held = make(chan struct{})
}

// Restore undoes [Proxy.Cut] and [Proxy.Hold].
func (p *Proxy) Restore() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cut = false
	p.release()
}

func (p *Proxy) release() {
	select {
	case <-p.held:
	default:
		close(p.held)
	}
}

func (p *Proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		if !p.keep() { // without troubling the server
			_ = client.Close()
			continue
		}
		server, err := new(net.Dialer).DialContext(context.Background(), p.network, p.address)
		if err != nil || !p.keep(client, server) {
			_ = client.Close()
			if err == nil {
				_ = server.Close()
			}
			continue
		}
		p.wait.Go(func() { p.pass(client, server) })
		p.wait.Go(func() { p.pass(server, client) })
	}
}

// keep reports whether connections are let through, and keeps a list of them if so.
func (p *Proxy) keep(conns ...net.Conn) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, conn := range conns {
		if !p.cut {
			p.conns[conn] = true
		}
	}
	return !p.cut
}

func (p *Proxy) pass(from, to net.Conn) {
	defer func() {
		_ = from.Close()
		_ = to.Close()
		p.mu.Lock()
		defer p.mu.Unlock()
		delete(p.conns, from)
		delete(p.conns, to)
	}()
	buf := make([]byte, 32<<10)
	for {
		n, err := from.Read(buf)
		p.mu.Lock()
		held := p.held
		p.mu.Unlock()
		<-held
		if n > 0 {
			if _, err := to.Write(buf[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
