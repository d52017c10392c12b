package webhooks_test

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/dnstest"
	"github.com/rosterhq/roster/internal/egress"
	"github.com/rosterhq/roster/internal/webhooks"
)

// listenOn serves on an address of this machine, and says how often.
func listenOn(t *testing.T, addr string, handle http.HandlerFunc) (*httptest.Server, func() int) {
	t.Helper()
	l, err := net.Listen("tcp", addr)
	if err != nil {
		t.Skipf("this machine has no %s: %v", addr, err)
	}
	var mu sync.Mutex
	n := 0
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		n++
		mu.Unlock()
		w.Header().Set("Connection", "close")
		if handle != nil {
			handle(w, r)
		}
	}))
	s.Listener.Close()
	s.Listener = l
	s.Start()
	t.Cleanup(s.Close)
	return s, func() int {
		mu.Lock()
		defer mu.Unlock()
		return n
	}
}

// sent delivers what is due with a resolver, and gives the newest delivery.
func (h *hooked) sent(w directory.Webhook, resolver *net.Resolver) directory.Delivery {
	h.t.Helper()
	if err := h.db.Store.Settled(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	o := webhooks.Options{Queue: h.queue(), Endpoints: h.policy, Log: quiet, Clock: h.clock, Resolver: resolver}
	if err := webhooks.New(o).Once(h.t.Context()); err != nil {
		h.t.Fatal(err)
	}
	return h.deliveries(w)[0]
}

// A name that passes when it is looked at and leads elsewhere when it is
// connected to gets nowhere: the address itself is checked.
func TestDNSRebindingIsRefused(t *testing.T) {
	h := newHooked(t, loopback) // 127.0.0.1 and nothing else of this machine
	allowed, arrived := listenOn(t, "127.0.0.1:0", nil)
	port := allowed.Listener.Addr().(*net.TCPAddr).AddrPort().Port()
	_, reached := listenOn(t, netip.AddrPortFrom(netip.MustParseAddr("127.0.0.2"), port).String(), nil)
	dns := dnstest.Start(t)
	dns.Point("127.0.0.1")
	w := h.webhook("http://rebind.example.com:" + url.PathEscape(strings.TrimPrefix(allowed.URL, "http://127.0.0.1:")) + "/")
	h.addUser("first")
	if d := h.sent(w, dns.Resolver()); d.State != directory.DeliveryDelivered || arrived() != 1 {
		t.Fatalf("allowed: %+v", d)
	}
	for i, addr := range []string{
		"127.0.0.2", "10.0.0.1", "169.254.169.254", "0.0.0.0", "192.168.1.1", "100.64.0.1", "::1", "::ffff:127.0.0.2", "fe80::1", "fd00::1", "64:ff9b::7f00:2", "2002:7f00:2::",
	} {
		dns.Point(addr)
		h.addUser("next" + string(rune('a'+i)))
		h.pass(10 * time.Minute)
		h.sent(w, dns.Resolver())
		d := latest(h.deliveries(w))
		if !d.LastAt.Equal(h.clock().UTC().Truncate(time.Microsecond)) || !strings.Contains(d.Failure, "not on the public internet") || strings.Contains(d.Failure, addr) {
			t.Errorf("%s: %+v", addr, d)
		}
	}
	if reached() != 0 || arrived() != 1 {
		t.Errorf("connected to what is forbidden %d times, to the other %d", reached(), arrived())
	}
	if dns.Asked() == 0 {
		t.Error("the resolver was not asked")
	}
}

// latest is the delivery that was sent last.
func latest(list []directory.Delivery) directory.Delivery {
	return slices.MaxFunc(list, func(a, b directory.Delivery) int { return a.LastAt.Compare(b.LastAt) })
}

// A failure never tells the address that a name resolved to, however the connection
// failed: a tenant could map the server's network with it.
func TestFailuresHideAddresses(t *testing.T) {
	for addr, wants := range map[string]string{
		"127.0.0.3":       "could not connect: connection refused",
		"10.11.12.13":     "the receiver is not on the public internet; the server's operator can allow networks with --webhook-allow-networks",
		"255.255.255.255": "could not connect",
	} {
		h := newHooked(t, egress.Policy{AllowHTTP: true, Allowed: prefixesOf("127.0.0.0/8", "255.255.255.255/32")})
		dns := dnstest.Start(t)
		dns.Point(addr)
		w := h.webhook("http://rebind.example.com:1/")
		h.addUser("jane")
		if d := h.sent(w, dns.Resolver()); d.State != directory.DeliveryPending || d.Failure != wants {
			t.Errorf("%s: %q, want %q", addr, d.Failure, wants)
		}
	}
}

func prefixesOf(list ...string) []netip.Prefix {
	parsed := make([]netip.Prefix, len(list))
	for i, s := range list {
		parsed[i] = netip.MustParsePrefix(s)
	}
	return parsed
}

// A redirect is an answer like any other that is no success.
func TestRedirectsAreNotFollowed(t *testing.T) {
	for _, status := range []int{301, 302, 303, 307, 308} {
		h := newHooked(t, loopback)
		inside, reached := listenOn(t, "127.0.0.1:0", nil)
		outside, _ := listenOn(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
			http.Redirect(w, r, inside.URL+"/secret", status)
		})
		w := h.webhook(outside.URL)
		h.addUser("jane")
		if d := h.sent(w, nil); d.State != directory.DeliveryPending || d.Status != status || !strings.Contains(d.Failure, "redirects are not followed") || reached() != 0 {
			t.Errorf("%+v, reached: %d", d, reached())
		}
	}
}

// A proxy that the environment names would connect to whatever it likes.
func TestProxiesAreNotUsed(t *testing.T) {
	proxy, used := listenOn(t, "127.0.0.1:0", nil)
	for _, name := range []string{"HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "https_proxy", "all_proxy"} {
		t.Setenv(name, proxy.URL)
	}
	h := newHooked(t, loopback)
	dns := dnstest.Start(t)
	dns.Point("127.0.0.2") // what is on this machine itself no proxy would be asked for
	w := h.webhook("http://hook.example.com:9/")
	h.addUser("jane")
	if d := h.sent(w, dns.Resolver()); d.State != directory.DeliveryPending || used() != 0 {
		t.Errorf("%+v, used: %d", d, used())
	}
}

// TestFailuresTellNothing checks that failure messages contain nothing that the receiver
// sent.
func TestFailuresTellNothing(t *testing.T) {
	h := newHooked(t, loopback)
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("-ERR s3cret of something that is not HTTP\r\n"))
			conn.Close()
		}
	}()
	w := h.webhook("http://" + l.Addr().String() + "/?token=s3cret")
	h.addUser("jane")
	d := h.sent(w, nil)
	if d.State != directory.DeliveryPending || d.Failure == "" || strings.Contains(d.Failure, "s3cret") {
		t.Errorf("%+v", d)
	}
	// Nor is more read of an answer than is of use.
	endless, _ := listenOn(t, "127.0.0.1:0", func(w http.ResponseWriter, r *http.Request) {
		for r.Context().Err() == nil {
			if _, err := w.Write(make([]byte, 1<<16)); err != nil {
				return
			}
		}
	})
	w = h.webhook(endless.URL)
	h.addUser("john")
	if d := h.sent(w, nil); d.State != directory.DeliveryDelivered || d.Status != 200 {
		t.Errorf("%+v", d)
	}
}

// TestCertificates checks that certificates are verified, and that failure messages
// contain nothing from them: PostgreSQL, for one, can't store a NUL.
func TestCertificates(t *testing.T) {
	tomorrow := time.Now().Add(24 * time.Hour)
	for _, c := range []struct {
		name  string
		ends  time.Time
		wants string
	}{
		{"intranet\x00s3cret.example.org", tomorrow, "the receiver's certificate is not for this name"},
		{"receiver.example.com", tomorrow, "the receiver's certificate is not signed by a trusted authority"},
		{"receiver.example.com", time.Now().Add(-time.Minute), "the receiver's certificate has expired or is not valid yet"},
	} {
		h := newHooked(t, loopback)
		dns := dnstest.Start(t)
		dns.Point("127.0.0.1")
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("it was sent") }))
		s.TLS = &tls.Config{Certificates: []tls.Certificate{certificate(t, c.name, c.ends)}}
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		_, port, _ := net.SplitHostPort(s.Listener.Addr().String())
		w := h.webhook("https://receiver.example.com:" + port)
		h.addUser("jane")
		if d := h.sent(w, dns.Resolver()); d.State != directory.DeliveryPending || d.Attempts != 1 || d.Failure != c.wants {
			t.Errorf("%q until %s: %+v", c.name, c.ends, d)
		}
		s.Close()
	}
}

// certificate makes a self-signed one.
func certificate(t *testing.T, name string, ends time.Time) tls.Certificate {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	as := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: ends.Add(-48 * time.Hour), NotAfter: ends, DNSNames: []string{name}}
	der, err := x509.CreateCertificate(rand.Reader, as, as, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
