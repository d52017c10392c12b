package dnsresolve_test

import (
	"context"
	"net"
	"slices"
	"testing"

	"github.com/rosterhq/roster/internal/dnsresolve"
	"github.com/rosterhq/roster/internal/dnstest"
)

func TestLookupTXTAsksTheNameServer(t *testing.T) {
	server := dnstest.Start(t)
	server.SetTXT("_roster-challenge.acme.example", "one", "two")
	r := dnsresolve.New(server.Addr)
	got, err := r.LookupTXT(t.Context(), "_roster-challenge.acme.example")
	slices.Sort(got)
	if err != nil || !slices.Equal(got, []string{"one", "two"}) {
		t.Errorf("got %q, %v", got, err)
	}
	if got, err := r.LookupTXT(t.Context(), "_roster-challenge.other.example"); len(got) != 0 {
		t.Errorf("got %q, %v of a name without records", got, err)
	}
}

// A name server that does not answer holds up the lookup for as long as the caller waits
// at most.
func TestLookupTXTEndsWithItsContext(t *testing.T) {
	silent, err := net.ListenUDP("udp", &net.UDPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := dnsresolve.New(silent.LocalAddr().String()).LookupTXT(ctx, "acme.example"); err == nil {
		t.Errorf("answered %v", err)
	}
}
