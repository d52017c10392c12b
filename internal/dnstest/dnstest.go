// Package dnstest runs a name server for tests, so that they need no name server of the
// network and each knows only the names that it made up.
package dnstest

import (
	"encoding/binary"
	"io"
	"net"
	"sync"
	"testing"

	"golang.org/x/net/dns/dnsmessage"
)

// Server is a name server on 127.0.0.1, over UDP and TCP. All names have the address 127.0.0.1, and
// the TXT records that were set; no name has an IPv6 address.
type Server struct {
	Addr string

	mu  sync.Mutex
	txt map[string][]string
}

// Start runs a server until the test ends.
func Start(t testing.TB) *Server {
	t.Helper()
	conn, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	s := &Server{Addr: conn.LocalAddr().String(), txt: make(map[string][]string)}
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", s.Addr)
	if err != nil {
		t.Fatal(err)
	}
	var done sync.WaitGroup
	done.Go(func() { s.serve(conn) })
	done.Go(func() { s.serveTCP(ln) })
	t.Cleanup(func() {
		_, _ = conn.Close(), ln.Close() // ends them
		done.Wait()
	})
	return s
}

// SetTXT replaces the TXT records of a name, without its final dot.
func (s *Server) SetTXT(name string, values ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.txt[name+"."] = values
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
	switch q.Type {
	case dnsmessage.TypeA:
		add(&dnsmessage.AResource{A: [4]byte{127, 0, 0, 1}})
	case dnsmessage.TypeTXT:
		s.mu.Lock()
		defer s.mu.Unlock()
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
