package main

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/json"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/dnstest"
	"github.com/rosterhq/roster/internal/servertest"
)

// pair writes a certificate for a name and 127.0.0.1, signed by itself, and its key.
func pair(t *testing.T, dir, name string) (certFile, keyFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: name}, DNSNames: []string{name, "localhost"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IsCA: true, BasicConstraintsValid: true,
	}
	cert, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile = filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	write(t, certFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: cert}))
	write(t, keyFile, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private}))
	return certFile, keyFile
}

func write(t *testing.T, file string, content []byte) {
	t.Helper()
	if err := os.WriteFile(file, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

// freeAddr is an address that nobody listens on.
func freeAddr(t *testing.T) string {
	t.Helper()
	ln, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// start runs a program until the test ends.
func start(t *testing.T, env []string, name string, args ...string) {
	t.Helper()
	log := new(strings.Builder)
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Env, cmd.Stdout, cmd.Stderr = append(os.Environ(), env...), log, log
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Wait() // it was told to end
		if t.Failed() {
			t.Logf("%s:\n%s", name, log)
		}
	})
}

// answer is a response that was read whole.
type answer struct {
	*http.Response
	body string
}

// get requests a URL until there is an answer. The name that the client asks the server
// to present a certificate for is the URL's; all names lead to 127.0.0.1.
func get(t *testing.T, roots *x509.CertPool, url string, header http.Header) answer {
	t.Helper()
	client := &http.Client{
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		Transport: &http.Transport{
			ForceAttemptHTTP2: true, DisableKeepAlives: true, TLSClientConfig: &tls.Config{RootCAs: roots},
			DialContext: func(ctx context.Context, network, addr string) (net.Conn, error) {
				_, port, _ := net.SplitHostPort(addr)
				return new(net.Dialer).DialContext(ctx, network, "127.0.0.1:"+port)
			},
		},
	}
	var last error
	for range 1200 {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, url, nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = header
		resp, err := client.Do(r)
		if err == nil {
			body, err := io.ReadAll(resp.Body)
			resp.Body.Close()
			if err != nil {
				t.Fatal(err)
			}
			return answer{resp, string(body)}
		}
		last = err
		time.Sleep(100 * time.Millisecond)
	}
	t.Fatalf("get %s: %v", url, last)
	return answer{}
}

func pool(t *testing.T, file string) *x509.CertPool {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(text) {
		t.Fatalf("%s has no certificate", file)
	}
	return roots
}

func initialized(t *testing.T) (database string) {
	t.Helper()
	database = "sqlite:" + filepath.Join(t.TempDir(), "roster.db")
	if out, err := exec.CommandContext(t.Context(), "roster", "init", "--database", database, "--org", "Acme", "--owner-name", "O", "--owner-email", "o@example.com").CombinedOutput(); err != nil {
		t.Fatalf("init: %v\n%s", err, out)
	}
	return database
}

func TestServeOverTLSReloadsTheCertificate(t *testing.T) {
	t.Parallel()
	dir, listen, redirect := t.TempDir(), freeAddr(t), freeAddr(t)
	cert, key := pair(t, dir, "first.example.com")
	start(t, nil, "roster", "serve", "--database", initialized(t), "--listen", listen, "--metrics-listen", "off",
		"--tls-cert", cert, "--tls-key", key, "--http-redirect", redirect)
	_, port, _ := net.SplitHostPort(listen)

	resp := get(t, pool(t, cert), "https://first.example.com:"+port+"/healthz", nil)
	if resp.ProtoMajor != 2 || resp.Header.Get("Strict-Transport-Security") == "" {
		t.Errorf("got HTTP/%d, %v; want HTTP/2 with Strict-Transport-Security", resp.ProtoMajor, resp.Header)
	}
	_, redirectPort, _ := net.SplitHostPort(redirect)
	resp = get(t, nil, "http://first.example.com:"+redirectPort+"/v2/users?limit=1", nil)
	if want := "https://first.example.com:" + port + "/v2/users?limit=1"; resp.StatusCode != http.StatusPermanentRedirect || resp.Header.Get("Location") != want {
		t.Errorf("got %s to %s, want 308 to %s", resp.Status, resp.Header.Get("Location"), want)
	}
	resp = get(t, nil, "http://first.example.com:"+redirectPort+"/v2/users", http.Header{"Authorization": {"Bearer xaat-1"}})
	if resp.StatusCode != http.StatusForbidden || !strings.Contains(resp.body, "revoke it") {
		t.Errorf("a token over http: got %s %q, want 403", resp.Status, resp.body)
	}

	old := pool(t, cert)
	write(t, cert, []byte("half a file"))
	get(t, old, "https://first.example.com:"+port+"/healthz", nil)
	pair(t, dir, "second.example.com")
	get(t, pool(t, cert), "https://second.example.com:"+port+"/healthz", nil)
}

// TestServeGetsACertificateByACME runs Pebble, Let's Encrypt's small test server, which
// checks that the server answers for the domain as Let's Encrypt does.
func TestServeGetsACertificateByACME(t *testing.T) {
	if testing.Short() {
		t.Skip("builds a certificate authority")
	}
	t.Parallel()
	dir, listen, redirect, authority, management := t.TempDir(), freeAddr(t), freeAddr(t), freeAddr(t), freeAddr(t)
	_, httpsPort, _ := net.SplitHostPort(listen)
	_, httpPort, _ := net.SplitHostPort(redirect)
	cert, key := pair(t, dir, "authority.example.com")
	settings, err := json.Marshal(map[string]any{"pebble": map[string]any{
		"listenAddress": authority, "managementListenAddress": management, "certificate": cert, "privateKey": key,
		"httpPort": json.Number(httpPort), "tlsPort": json.Number(httpsPort),
	}})
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "pebble.json"), settings)
	start(t, []string{"PEBBLE_VA_NOSLEEP=1", "PEBBLE_WFE_NONCEREJECT=0"}, servertest.Build(t, "github.com/letsencrypt/pebble/v2/cmd/pebble"),
		"-config", filepath.Join(dir, "pebble.json"), "-dnsserver", dnstest.Start(t).Addr, "-strict")
	root := get(t, pool(t, cert), "https://"+management+"/roots/0", nil)
	write(t, filepath.Join(dir, "root.pem"), []byte(root.body))

	start(t, []string{"SSL_CERT_FILE=" + cert}, "roster", "serve", "--database", initialized(t), "--listen", listen, "--metrics-listen", "off",
		"--acme-domain", "roster.example.com", "--acme-directory", "https://"+authority+"/dir", "--acme-cache", filepath.Join(dir, "acme"), "--http-redirect", redirect)
	resp := get(t, pool(t, filepath.Join(dir, "root.pem")), "https://roster.example.com:"+httpsPort+"/healthz", nil)
	if resp.StatusCode != http.StatusOK || resp.TLS.PeerCertificates[0].Issuer.CommonName == "authority.example.com" {
		t.Errorf("got %s, a certificate by %s", resp.Status, resp.TLS.PeerCertificates[0].Issuer)
	}
}
