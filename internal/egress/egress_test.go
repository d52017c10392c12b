package egress_test

import (
	"net/netip"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/egress"
)

// Deliveries go to public addresses only, in whatever form the address is written.
func TestCheckAddr(t *testing.T) {
	var policy egress.Policy
	for _, addr := range strings.Fields(`
		0.0.0.0 0.1.2.3 10.0.0.1 10.255.255.255 100.64.0.1 100.127.255.255 127.0.0.1 127.255.0.1 169.254.169.254 172.16.0.1
		172.31.255.255 192.0.0.1 192.0.2.1 192.88.99.1 192.168.0.1 198.18.0.1 198.19.255.255 198.51.100.7 203.0.113.7
		224.0.0.1 239.255.255.250 240.0.0.1 255.255.255.255
		:: ::1 ::127.0.0.1 ::ffff:127.0.0.1 ::ffff:10.0.0.1 ::ffff:169.254.169.254 fe80::1 fe80::1%eth0 febf::1 fec0::1 fc00::1 fd12:3456::1
		ff02::1 ff0e::1 100::1 2001:db8::1 2001::1 2001:0:4136:e378:8000:63bf:3fff:fdd2 2001:10::1 3fff::1 5f00::1
		64:ff9b::127.0.0.1 64:ff9b::a00:1 64:ff9b::a9fe:a9fe 64:ff9b:1::8.8.8.8 2002:7f00:1:: 2002:a00:1:: 2002:c0a8:101::1 2002:a9fe:a9fe::
		::ffff:0:127.0.0.1 4000::1
	`) {
		if err := policy.CheckAddr(netip.MustParseAddr(addr)); err == nil {
			t.Errorf("%s passes", addr)
		}
	}
	for _, addr := range strings.Fields(`
		1.1.1.1 8.8.8.8 100.63.255.255 100.128.0.0 172.15.0.1 172.32.0.1 192.167.1.1 223.255.255.255 ::ffff:8.8.8.8
		2606:4700:4700::1111 2a00:1450::1 64:ff9b::8.8.8.8 2002:808:808::1
	`) {
		if err := policy.CheckAddr(netip.MustParseAddr(addr)); err != nil {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

// Allowed networks pass, also in their mapped form, and no others do.
func TestCheckAddrAllowed(t *testing.T) {
	policy := egress.Policy{Allowed: []netip.Prefix{netip.MustParsePrefix("10.1.0.0/16"), netip.MustParsePrefix("fd00:1::/32")}}
	for addr, passes := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "10.2.0.1": false, "fd00:1::5": true, "fd00:2::5": false, "fd00:1::5%eth0": false,
		"64:ff9b::a01:203": false, "127.0.0.1": false, "8.8.8.8": true,
	} {
		if err := policy.CheckAddr(netip.MustParseAddr(addr)); (err == nil) != passes {
			t.Errorf("%s: %v", addr, err)
		}
	}
}

func TestCheckURL(t *testing.T) {
	var policy egress.Policy
	for _, url := range []string{
		"", "example.com", "//example.com", "http://example.com/", "ftp://example.com", "https:example.com", "https://", "https:///x", "https://:443/",
		"https://u@example.com/", "https://u:p@example.com/", "https://example.com/#f", "https://example.com/#", "https://example.com:0/",
		"https://example.com:65536/", "https://example.com:/", "https://example.com:x/", "https://exa mple.com/", "https://example.com/ä", "https://例え.jp/",
		"https://example.com/\n", "https://127.0.0.1/", "https://[::1]/", "https://[::ffff:127.0.0.1]/", "https://[fe80::1%25eth0]/", "https://10.1.2.3:8443/x",
		"https://2130706433/", "https://0x7f000001/", "https://0x7f.0.0.1/", "https://0177.0.0.1/", "https://127.1/", "https://017700000001/",
		"https://127.0.0.1./", "https://1.2.3.4.5/", "https://./", "https://localhost/", "https://LOCALHOST./", "https://x.localhost/", "https://%31%32%37.0.0.1/",
		"https://example.com/" + strings.Repeat("x", 2048),
	} {
		if policy.CheckURL(url) == nil {
			t.Errorf("%q passes", url)
		}
	}
	for _, url := range []string{
		"https://example.com", "https://example.com:8443/a/b?c=d", "HTTPS://EXAMPLE.COM./", "https://xn--r8jz45g.jp/", "https://8.8.8.8/",
		"https://[2606:4700:4700::1111]:443/", "https://1e100.net/", "https://3com.example",
	} {
		if err := policy.CheckURL(url); err != nil {
			t.Errorf("%q: %v", url, err)
		}
	}
	policy = egress.Policy{AllowHTTP: true, Allowed: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")}}
	for url, passes := range map[string]bool{
		"http://example.com": true, "http://127.0.0.1:1/": true, "http://localhost/": true, "http://[::1]/": false, "http://10.0.0.1/": false, "gopher://example.com": false,
		"http://2130706433/": false,
	} {
		if err := policy.CheckURL(url); (err == nil) != passes {
			t.Errorf("%q: %v", url, err)
		}
	}
}
