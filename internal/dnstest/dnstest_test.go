package dnstest_test

import (
	"slices"
	"testing"

	"github.com/rosterhq/roster/internal/dnstest"
)

func TestServerAnswersAddressesAndTXT(t *testing.T) {
	t.Parallel()
	s := dnstest.Start(t)
	s.SetTXT("_roster.example.com", "one", "two")
	r := s.Resolver()
	if txt, err := r.LookupTXT(t.Context(), "_roster.example.com."); err != nil || !slices.Equal(txt, []string{"one", "two"}) {
		t.Errorf("TXT: %q, %v", txt, err)
	}
	if hosts, err := r.LookupHost(t.Context(), "roster.example.com"); err != nil || !slices.Equal(hosts, []string{"127.0.0.1"}) {
		t.Errorf("addresses: %q, %v", hosts, err)
	}
}
