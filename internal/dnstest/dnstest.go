// Package dnstest runs a name server for tests, so that they need no name server of the
// network and each knows only the names that it made up.
package dnstest

import (
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"net/netip"
	"sync"
	"syscall"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// Server is a name server on 127.0.0.1, over UDP and TCP. All names have one address, at
// first 127.0.0.1, and the TXT records that were set.
type Server struct {
	Addr string

	mu    sync.Mutex
	point netip.Addr
	txt   map[string][]string
	asked int
}

// Start runs a server until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	conn, ln := listen(t)
	s := &Server{Addr: conn.LocalAddr().String(), point: netip.AddrFrom4([4]byte{127, 0, 0, 1}), txt: make(map[string][]string)}
	var done sync.WaitGroup
	done.Go(func() { s.serve(conn) })
	done.Go(func() { s.serveTCP(ln) })
	t.Cleanup(func() {
		_, _ = conn.Close(), ln.Close() // ends them
		done.Wait()
	})
	return s
}

// listen finds a port that is free for both UDP and TCP. The system chooses one that is
// free for UDP; by chance it is in use for TCP.
func listen(t testing.TB) (*net.UDPConn, net.Listener) {
	t.Helper()
	for {
		conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
		if err != nil {
			t.Fatal(err)
		}
		ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", conn.LocalAddr().String())
		if err == nil {
			return conn, ln
		}
		_ = conn.Close() // nothing was sent
		if !errors.Is(err, syscall.EADDRINUSE) {
			t.Fatal(err)
		}
	}
}

// SetTXT replaces the TXT records of a name, without its final dot.
func (s *Server) SetTXT(name string, values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.txt[name+"."] = values
}

// Point replaces the address that all names have.
func (s *Server) Point(addr string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.point = netip.MustParseAddr(addr)
}

// Asked returns how many queries came.
func (s *Server) Asked() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.asked
}

// Resolver returns a resolver that asks the server alone.
func (s *Server) Resolver() *net.Resolver {
	return &net.Resolver{PreferGo: true, Dial: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, "udp", s.Addr)
	}}
}

func (s *Server) serve(conn *net.UDPConn) {
	packet := make([]byte, 1500)
	for {
		n, from, err := conn.ReadFromUDP(packet)
		if err != nil {
			return
		}
		if answer := s.answer(packet[:n]); answer != nil {
			_, _ = conn.WriteToUDP(answer, from) // the client asks again
		}
	}
}

// serveTCP answers one query a connection. A message follows its length (RFC 1035 section
// 4.2.2).
func (s *Server) serveTCP(ln net.Listener) {
	for {
		conn, err := ln.Accept()
		if err != nil {
			return
		}
		var length [2]byte
		if _, err := io.ReadFull(conn, length[:]); err == nil {
			query := make([]byte, binary.BigEndian.Uint16(length[:]))
			if _, err := io.ReadFull(conn, query); err == nil {
				answer := s.answer(query)
				_, _ = conn.Write(append(binary.BigEndian.AppendUint16(nil, uint16(len(answer))), answer...)) // the client asks again
			}
		}
		_ = conn.Close() // it was answered
	}
}

// answer is nil for what is no query.
func (s *Server) answer(packet []byte) []byte {
	var query dnsmessage.Message
	if query.Unpack(packet) != nil || len(query.Questions) != 1 {
		return nil
	}
	q := query.Questions[0]
	m := dnsmessage.Message{Header: dnsmessage.Header{ID: query.ID, Response: true, Authoritative: true}, Questions: query.Questions}
	add := func(body dnsmessage.ResourceBody) {
		header := dnsmessage.ResourceHeader{Name: q.Name, Type: q.Type, Class: q.Class}
		m.Answers = append(m.Answers, dnsmessage.Resource{Header: header, Body: body})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	switch {
	case q.Type == dnsmessage.TypeA && s.point.Is4():
		add(&dnsmessage.AResource{A: s.point.As4()})
	case q.Type == dnsmessage.TypeAAAA && s.point.Is6():
		add(&dnsmessage.AAAAResource{AAAA: s.point.As16()})
	case q.Type == dnsmessage.TypeTXT:
		for _, value := range s.txt[q.Name.String()] {
			add(&dnsmessage.TXTResource{TXT: []string{value}})
		}
	}
	packed, err := m.Pack()
	if err != nil {
		return nil
	}
	return packed
}
