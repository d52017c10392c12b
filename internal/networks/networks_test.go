package networks_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/networks"
)

// set parses networks that the test spells right.
func set(t *testing.T, list ...string) networks.Set {
	t.Helper()
	s, err := networks.Parse(list)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestParse(t *testing.T) {
	for given, want := range map[string]string{
		"":                                     "",
		"10.0.0.0/8":                           "10.0.0.0/8",
		"192.0.2.7":                            "192.0.2.7/32",
		"2001:db8::1":                          "2001:db8::1/128",
		"::ffff:192.0.2.7":                     "192.0.2.7/32",
		"::ffff:10.0.0.0/104":                  "10.0.0.0/8",
		"10.1.0.0/16,10.0.0.0/8":               "10.0.0.0/8",
		"10.0.0.0/8,10.0.0.0/8":                "10.0.0.0/8",
		"2001:db8::/32,10.0.0.0/8,10.3.2.1/32": "10.0.0.0/8,2001:db8::/32",
		"10.0.0.0/9,10.128.0.0/9":              "10.0.0.0/9,10.128.0.0/9",
	} {
		var list []string
		if given != "" {
			list = strings.Split(given, ",")
		}
		n, err := networks.Parse(list)
		if got := strings.Join(n.Strings(), ","); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", given, got, err, want)
		}
	}
	for _, bad := range []string{"", " ", "10.0.0.0/33", "10.1.2.3/8", "10.0.0.0/08", "fe80::1%eth0", "fe80::%eth0/64", "example.com", "::ffff:0:0/95", "10.0.0", "1/8", strings.Repeat("9", 5000)} {
		_, err := networks.Parse([]string{bad})
		if err == nil || len(err.Error()) > 300 {
			t.Errorf("%q: %v", bad, err)
		}
	}
	most := slices.Repeat([]string{"10.0.0.0/8"}, networks.Max)
	if _, err := networks.Parse(most); err != nil {
		t.Errorf("the most: %v", err)
	}
	if _, err := networks.Parse(append(most, "10.0.0.0/8")); err == nil {
		t.Errorf("one more: %v", err)
	}
}

func TestContain(t *testing.T) {
	n := set(t, "10.0.0.0/8", "2001:db8::/32")
	for addr, want := range map[string]bool{
		"10.1.2.3": true, "::ffff:10.1.2.3": true, "2001:db8::9": true, "2001:db8::9%eth0": true,
		"11.0.0.1": false, "::ffff:11.0.0.1": false, "2001:db9::1": false, "::10.1.2.3": false, "": false, "unix": false, "10.1.2": false,
	} {
		if n.Contain(addr) != want {
			t.Errorf("%q: want %v", addr, want)
		}
	}
	if !networks.Set(nil).Contain("anything") {
		t.Error("the empty set does not contain every address")
	}
}

func TestWithinComparesSets(t *testing.T) {
	for _, tt := range []struct {
		inner, outer string
		want         bool
	}{
		{"", "", true},
		{"10.0.0.0/8", "", true},
		{"", "10.0.0.0/8", false},
		{"", "0.0.0.0/0,::/0", false},
		{"10.1.0.0/16", "10.0.0.0/8", true},
		{"10.0.0.0/8", "10.1.0.0/16", false},
		{"10.0.0.0/8", "10.0.0.0/8", true},
		{"10.1.0.0/16,192.0.2.1/32", "10.0.0.0/8", false},
		{"10.1.0.0/16,192.0.2.1/32", "10.0.0.0/8,192.0.2.0/24", true},
		{"10.0.0.0/8", "::/0", false},
	} {
		if got := set(t, split(tt.inner)...).Within(set(t, split(tt.outer)...)); got != tt.want {
			t.Errorf("%q within %q: got %v", tt.inner, tt.outer, got)
		}
	}
}

func split(list string) []string {
	if list == "" {
		return nil
	}
	return strings.Split(list, ",")
}

func TestSourceTakesAnIPv6Network(t *testing.T) {
	for addr, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "::ffff:192.0.2.1": "::ffff:192.0.2.1", "2001:db8:1:2:3:4:5:6": "2001:db8:1:2::/64",
		"2001:db8:1:2::": "2001:db8:1:2::/64", "fe80::1%eth0": "fe80::/64", "": "", "@": "@",
	} {
		if got := networks.Source(addr); got != want {
			t.Errorf("%q is of %q, want %q", addr, got, want)
		}
	}
}
