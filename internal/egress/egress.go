// Package egress decides which URLs a webhook may have and which addresses a delivery may
// connect to. It keeps tenants from reaching the server's internal networks through
// webhooks. The package does no I/O.
package egress

import (
	"errors"
	"fmt"
	"net/netip"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"syscall"

	"github.com/rosterhq/roster/internal/quote"
)

// MaxURLBytes is how long a webhook's URL may be.
const MaxURLBytes = 2048

// Policy restricts the targets of webhooks. The zero value allows the public internet
// over https.
type Policy struct {
	AllowHTTP bool
	// Allowed are networks that may be reached although they are not public.
	Allowed []netip.Prefix
}

// CheckURL returns an error for a URL that no webhook may have, worded to follow
// the name of the field. A host name may come to stand for another address, so
// [Policy.CheckAddr] checks the address again on each connection.
func (p Policy) CheckURL(s string) error {
	if s == "" {
		return errors.New("must not be empty")
	}
	if len(s) > MaxURLBytes {
		return fmt.Errorf("has %d bytes; at most %d are allowed", len(s), MaxURLBytes)
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return errors.New("must be printable ASCII without spaces; write other hosts as xn--… and other characters as %XX")
	}
	u, err := url.Parse(s)
	if err != nil {
		return errors.New("is not a URL, as in https://example.com/hook")
	}
	switch {
	case u.Scheme != "https" && (u.Scheme != "http" || !p.AllowHTTP):
		return errors.New("must begin with https://")
	case u.Opaque != "" || u.Hostname() == "":
		return errors.New("must have a host, as in https://example.com/hook")
	case u.User != nil:
		return errors.New("must be without a user and password; check the signature of what arrives instead")
	case u.Fragment != "" || strings.Contains(s, "#"):
		return errors.New("must be without a fragment")
	}
	if strings.HasSuffix(u.Host, ":") || !validPort(u.Port()) {
		return errors.New("must have a port from 1 to 65535, or none")
	}
	return p.checkHost(u.Hostname())
}

func validPort(port string) bool {
	if port == "" {
		return true
	}
	n, err := strconv.ParseUint(port, 10, 16)
	return err == nil && n > 0
}

// checkHost rejects hosts that need no lookup to be rejected.
func (p Policy) checkHost(host string) error {
	if addr, err := netip.ParseAddr(host); err == nil {
		return p.CheckAddr(addr)
	}
	name := strings.ToLower(strings.TrimSuffix(host, "."))
	last := name[strings.LastIndexByte(name, '.')+1:]
	if numeric(last) {
		// url.spec.whatwg.org: a host that ends in a number is an IPv4 address, in
		// whatever spelling; resolvers take 2130706433 for 127.0.0.1.
		return errors.New("has a host that is neither a name nor an IP address as in 192.0.2.1 or [2001:db8::1]")
	}
	if last == "localhost" && len(p.Allowed) == 0 {
		return errNotPublic(host)
	}
	return nil
}

func numeric(label string) bool {
	if hex, ok := strings.CutPrefix(label, "0x"); ok {
		return strings.Trim(hex, "0123456789abcdef") == ""
	}
	return strings.Trim(label, "0123456789") == ""
}

func errNotPublic(host string) error {
	return fmt.Errorf("%s is not on the public internet; the server's operator can allow networks with --webhook-allow-networks", quote.Cut(host))
}

// CheckAddr returns an error for an address that deliveries must not go to: anything
// but public unicast, unless it is in an allowed network. IPv4 addresses are
// recognized inside their IPv6 forms.
func (p Policy) CheckAddr(addr netip.Addr) error {
	plain := addr.Unmap()
	if slices.ContainsFunc(p.Allowed, func(n netip.Prefix) bool { return n.Contains(plain) }) && plain.Zone() == "" {
		return nil
	}
	if v4, ok := embedded(plain); ok {
		plain = v4
	}
	if !public(plain) {
		return errNotPublic(addr.String())
	}
	return nil
}

// ErrForbidden is the error of a connection to an address that the policy does not allow.
var ErrForbidden = errors.New("address not allowed")

// Control is for [net.Dialer]. It gets each address that is about to be connected to: the
// name has been looked up, and nothing can change any more.
func (p Policy) Control(_, address string, _ syscall.RawConn) error {
	to, err := netip.ParseAddrPort(address)
	if err != nil || p.CheckAddr(to.Addr()) != nil {
		return ErrForbidden
	}
	return nil
}

// embedded is the IPv4 address that packets to an address are translated to or
// tunneled to: NAT64 (RFC 6052) and 6to4 (RFC 3056).
func embedded(addr netip.Addr) (v4 netip.Addr, ok bool) {
	b := addr.As16()
	switch {
	case nat64.Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:])), true
	case sixToFour.Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return addr, false
}

var (
	nat64     = netip.MustParsePrefix("64:ff9b::/96")
	sixToFour = netip.MustParsePrefix("2002::/16")
	// unicast is the part of IPv6 that is allocated for the internet.
	unicast = netip.MustParsePrefix("2000::/3")

	// special are blocks of iana.org/assignments/iana-ipv4-special-registry and its
	// IPv6 counterpart that netip has no name for.
	special = prefixes(
		"0.0.0.0/8", "100.64.0.0/10", "192.0.0.0/24", "192.0.2.0/24", "192.88.99.0/24", "198.18.0.0/15",
		"198.51.100.0/24", "203.0.113.0/24", "240.0.0.0/4", "2001::/23", "2001:db8::/32", "3fff::/20",
	)
)

func prefixes(list ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(list))
	for i, s := range list {
		parsed[i] = netip.MustParsePrefix(s)
	}
	return parsed
}

// public reports whether a plain address, IPv4 or IPv6 without an IPv4 one inside,
// is on the public internet.
func public(addr netip.Addr) bool {
	if addr.Zone() != "" || (addr.Is6() && !unicast.Contains(addr)) {
		return false
	}
	return addr.IsGlobalUnicast() && !addr.IsPrivate() &&
		!slices.ContainsFunc(special, func(p netip.Prefix) bool { return p.Contains(addr) })
}
