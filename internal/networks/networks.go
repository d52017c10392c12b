// Package networks holds sets of IP networks, such as the ones that a token may be
// used from.
package networks

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/quote"
)

// Max is the largest number of networks that [Parse] accepts.
const Max = 50

// Set is a set of networks. The empty set stands for all addresses. A set is sorted,
// and none of its networks lies within another. An IPv4-mapped IPv6 address counts as
// the IPv4 address that it stands for.
type Set []netip.Prefix

// Parse reads networks such as 10.0.0.0/8 and addresses such as 2001:db8::1.
func Parse(list []string) (Set, error) {
	if len(list) > Max {
		return nil, fmt.Errorf("has %d networks; at most %d are allowed", len(list), Max)
	}
	all := make([]netip.Prefix, len(list))
	for i, text := range list {
		p, err := parse(text)
		if err != nil {
			return nil, fmt.Errorf("%s is not a network in CIDR notation, as in 10.0.0.0/8 or 2001:db8::/32", quote.Input(text))
		}
		if p != p.Masked() {
			return nil, fmt.Errorf("%s has bits set beyond its prefix length; write %s", p, p.Masked())
		}
		all[i] = p
	}
	return newSet(all), nil
}

func parse(text string) (netip.Prefix, error) {
	if !strings.Contains(text, "/") {
		addr, err := netip.ParseAddr(text)
		if err != nil || addr.Zone() != "" {
			return netip.Prefix{}, errNotANetwork
		}
		return netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen()), nil
	}
	p, err := netip.ParsePrefix(text)
	if err != nil {
		return p, err
	}
	if p.Addr().Is4In6() {
		if p.Bits() < mappedBits {
			return p, errNotANetwork // it contains IPv4 and other addresses
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mappedBits)
	}
	return p, nil
}

// mappedBits is the length of the prefix ::ffff:0:0 of IPv4-mapped addresses.
const mappedBits = 96

var errNotANetwork = errors.New("not a network")

// newSet sorts networks and leaves out those that lie within another.
func newSet(all []netip.Prefix) Set {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits() // the wider one first
	})
	var s Set
	for _, p := range all {
		if len(s) == 0 || !covers(s[len(s)-1], p) {
			s = append(s, p)
		}
	}
	return s
}

// covers reports whether all of b lies within a.
func covers(a, b netip.Prefix) bool { return a.Bits() <= b.Bits() && a.Contains(b.Addr()) }

// Contain reports whether an address, in the text form of a request's source, lies
// within one of the networks.
func (s Set) Contain(addr string) bool {
	if len(s) == 0 {
		return true
	}
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return false
	}
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(s, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// Within reports whether outer contains every address that s contains.
func (s Set) Within(outer Set) bool {
	if len(outer) == 0 {
		return true
	}
	return len(s) > 0 && !slices.ContainsFunc(s, func(p netip.Prefix) bool {
		return !slices.ContainsFunc(outer, func(o netip.Prefix) bool { return covers(o, p) })
	})
}

// Intersect returns the networks that lie in both sets. ok is false if there are none,
// which no Set can stand for.
func (s Set) Intersect(other Set) (both Set, ok bool) {
	if len(s) == 0 {
		return other, true
	}
	if len(other) == 0 {
		return s, true
	}
	var common []netip.Prefix
	for _, a := range s {
		for _, b := range other {
			switch {
			case covers(a, b):
				common = append(common, b)
			case covers(b, a):
				common = append(common, a)
			}
		}
	}
	return newSet(common), len(common) > 0
}

// Strings returns each network in CIDR notation.
func (s Set) Strings() []string {
	list := make([]string, len(s))
	for i, p := range s {
		list[i] = p.String()
	}
	return list
}

// Source returns what counts as one source of requests: an IPv4 address, or the /64 of
// an IPv6 address, which is the smallest network that a site is given (RFC 6177).
func Source(addr string) string {
	ip, err := netip.ParseAddr(addr)
	if err != nil || ip.Unmap().Is4() {
		return addr
	}
	network, err := ip.WithZone("").Prefix(64)
	if err != nil {
		return addr
	}
	return network.String()
}
