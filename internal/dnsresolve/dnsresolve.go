// Package dnsresolve looks up the TXT records that verify domains.
package dnsresolve

import (
	"context"
	"net"
	"time"
)

const (
	timeout = 5 * time.Second
	// lookups is how many there are at a time. Their number bounds what slow name servers
	// can hold up.
	lookups = 32
)

// Resolver asks one name server, or those of the system. A lookup ends after five
// seconds, and an answer has at most the 64 KiB of a DNS message.
type Resolver struct {
	net  net.Resolver
	slot chan struct{}
}

// New returns a resolver that asks the name server at addr, a host and port; "": those of
// the system.
func New(addr string) *Resolver {
	r := &Resolver{slot: make(chan struct{}, lookups)}
	if addr != "" {
		r.net.PreferGo = true
		r.net.Dial = func(ctx context.Context, network, _ string) (net.Conn, error) {
			return new(net.Dialer).DialContext(ctx, network, addr)
		}
	}
	return r
}

// LookupTXT returns the TXT records of a name, which has no final dot. The search domains
// of the system are not added to it.
func (r *Resolver) LookupTXT(ctx context.Context, name string) ([]string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	select {
	case r.slot <- struct{}{}:
		defer func() { <-r.slot }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return r.net.LookupTXT(ctx, name+".")
}
