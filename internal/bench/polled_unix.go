//go:build unix

package main

import (
	"errors"
	"io"
	"net"
	"runtime"
	"syscall"
)

// polled reads a connection by asking again and again, in turns with the others. A
// load generator that goes to sleep between two answers is woken by the server, in
// the time that is measured, and the more often the slower the server is; a client
// on another machine would not be.
type polled struct {
	net.Conn
	raw  syscall.RawConn
	read func(fd uintptr) bool
	buf  []byte
	n    int
	err  error
}

func newPolled(c net.Conn) (net.Conn, error) {
	file, ok := c.(syscall.Conn)
	if !ok {
		return nil, errors.New("the connection can't be polled")
	}
	raw, err := file.SyscallConn()
	if err != nil {
		return nil, err
	}
	p := &polled{Conn: c, raw: raw}
	p.read = func(fd uintptr) bool {
		p.n, p.err = syscall.Read(int(fd), p.buf)
		return true
	}
	return p, nil
}

// Read implements [io.Reader].
func (p *polled) Read(b []byte) (int, error) {
	for p.buf = b; ; runtime.Gosched() {
		err := p.raw.Read(p.read) // keeps to the deadline
		switch {
		case err != nil:
			return 0, err
		case p.err == nil && p.n == 0:
			return 0, io.EOF
		case p.err == nil:
			return p.n, nil
		case !errors.Is(p.err, syscall.EAGAIN):
			return 0, p.err
		}
	}
}
