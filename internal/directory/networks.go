package directory

import (
	"net/netip"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/quote"
)

// MaxNetworks is how many networks a token may be bound to.
const MaxNetworks = 50

// Networks are the networks that a token may be used from; none means from
// anywhere. They are sorted, and none lies within another. An IPv4-mapped IPv6
// address counts as the IPv4 address that it stands for.
type Networks []netip.Prefix

// ParseNetworks reads networks such as 10.0.0.0/8 and addresses such as
// 2001:db8::1. The error is [Invalid] and blames the field networks.
func ParseNetworks(list []string) (Networks, error) {
	if len(list) > MaxNetworks {
		return nil, InvalidField("networks", "has %d networks; at most %d are allowed", len(list), MaxNetworks)
	}
	all := make([]netip.Prefix, len(list))
	for i, text := range list {
		p, err := parseNetwork(text)
		if err != nil {
			return nil, InvalidField("networks", "%s is not a network in CIDR notation, as in 10.0.0.0/8 or 2001:db8::/32", quote.Input(text))
		}
		if p != p.Masked() {
			return nil, InvalidField("networks", "%s has bits set beyond its prefix length; write %s", p, p.Masked())
		}
		all[i] = p
	}
	return newNetworks(all), nil
}

func parseNetwork(text string) (netip.Prefix, error) {
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
			return p, errNotANetwork // it holds IPv4 addresses and others
		}
		p = netip.PrefixFrom(p.Addr().Unmap(), p.Bits()-mappedBits)
	}
	return p, nil
}

// mappedBits is how long the prefix ::ffff:0:0 of IPv4-mapped addresses is.
const mappedBits = 96

var errNotANetwork = Errorf(Invalid, "not a network")

// newNetworks sorts networks and leaves out those that lie within another.
func newNetworks(all []netip.Prefix) Networks {
	all = slices.Clone(all)
	slices.SortFunc(all, func(a, b netip.Prefix) int {
		if c := a.Addr().Compare(b.Addr()); c != 0 {
			return c
		}
		return a.Bits() - b.Bits() // the wider one first
	})
	var n Networks
	for _, p := range all {
		if len(n) == 0 || !covers(n[len(n)-1], p) {
			n = append(n, p)
		}
	}
	return n
}

// covers reports whether all of b lies within a.
func covers(a, b netip.Prefix) bool { return a.Bits() <= b.Bits() && a.Contains(b.Addr()) }

// Contain reports whether a token bound to n may be used from an address, which
// is text as a server names the source of a request.
func (n Networks) Contain(addr string) bool {
	if len(n) == 0 {
		return true
	}
	ip, err := netip.ParseAddr(addr)
	if err != nil {
		return false
	}
	ip = ip.Unmap().WithZone("")
	return slices.ContainsFunc(n, func(p netip.Prefix) bool { return p.Contains(ip) })
}

// Within reports whether a token bound to n can be used only from where one bound
// to outer can.
func (n Networks) Within(outer Networks) bool {
	if len(outer) == 0 {
		return true
	}
	return len(n) > 0 && !slices.ContainsFunc(n, func(p netip.Prefix) bool {
		return !slices.ContainsFunc(outer, func(o netip.Prefix) bool { return covers(o, p) })
	})
}

// intersect gives the networks that lie in both. ok is false if there are none:
// then no token can have both bounds.
func (n Networks) intersect(other Networks) (both Networks, ok bool) {
	if len(n) == 0 {
		return other, true
	}
	if len(other) == 0 {
		return n, true
	}
	var common []netip.Prefix
	for _, a := range n {
		for _, b := range other {
			switch {
			case covers(a, b):
				common = append(common, b)
			case covers(b, a):
				common = append(common, a)
			}
		}
	}
	return newNetworks(common), len(common) > 0
}

// Equal reports whether both are the same networks.
func (n Networks) Equal(other Networks) bool { return slices.Equal(n, other) }

// Strings writes each network in CIDR notation.
func (n Networks) Strings() []string {
	list := make([]string, len(n))
	for i, p := range n {
		list[i] = p.String()
	}
	return list
}
