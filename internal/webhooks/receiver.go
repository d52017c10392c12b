package webhooks

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"strconv"
	"strings"
	"syscall"
	"time"

	"github.com/rosterhq/roster/internal/egress"
)

// Limits on what a receiver may take.
const (
	answerWithin   = 15 * time.Second
	maxAnswerBody  = 64 << 10 // read, so that the connection can be used again, and thrown away
	maxAnswerHead  = 64 << 10
	idleReceivers  = 64
	idleConnection = time.Minute
)

// receivers posts messages. It checks the resolved address against the policy on every
// connection, follows no redirects and uses no proxy.
type receivers struct {
	client *http.Client
	clock  func() time.Time
}

// errForbidden says that a connection was not made because of the address that the
// name resolved to.
var errForbidden = errors.New("address not allowed")

func newReceivers(policy egress.Policy, resolver *net.Resolver, clock func() time.Time) *receivers {
	dialer := &net.Dialer{
		Timeout: answerWithin, Resolver: resolver,
		// Control is called with each address that is about to be connected to: names
		// have been looked up, and nothing can change any more.
		Control: func(_, address string, _ syscall.RawConn) error {
			to, err := netip.ParseAddrPort(address)
			if err != nil || policy.CheckAddr(to.Addr()) != nil {
				return errForbidden
			}
			return nil
		},
	}
	return &receivers{clock: clock, client: &http.Client{
		Transport: &http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, DisableCompression: true,
			MaxResponseHeaderBytes: maxAnswerHead, MaxIdleConns: idleReceivers, MaxIdleConnsPerHost: 1, IdleConnTimeout: idleConnection,
		},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}}
}

// message is what is posted.
type message struct {
	url  string
	id   string
	body []byte
	keys [][]byte
}

// post sends a message and says what came of it.
func (r *receivers) post(ctx context.Context, m message) (a Attempt) {
	a.At, a.URL = r.clock(), m.url
	defer func() { a.Took = max(0, r.clock().Sub(a.At)) }()
	ctx, cancel := context.WithTimeout(ctx, answerWithin)
	defer cancel()
	rq, err := http.NewRequestWithContext(ctx, http.MethodPost, m.url, bytes.NewReader(m.body))
	if err != nil {
		a.Failure = "the URL can't be used"
		return a
	}
	rq.Header.Set("Content-Type", "application/json")
	rq.Header.Set("User-Agent", "Roster-Webhooks")
	rq.Header.Set("webhook-id", m.id)
	rq.Header.Set("webhook-timestamp", strconv.FormatInt(a.At.Unix(), 10))
	rq.Header.Set("webhook-signature", signatures(m, a.At))
	resp, err := r.client.Do(rq)
	if err != nil {
		a.Failure = failure(err)
		return a
	}
	defer resp.Body.Close()
	_, _ = io.CopyN(io.Discard, resp.Body, maxAnswerBody) // its status has said all there is to say
	a.Status = resp.StatusCode
	switch {
	case a.Status >= 200 && a.Status < 300:
		return a
	case a.Status >= 300 && a.Status < 400:
		a.Failure = fmt.Sprintf("the receiver answered %d; redirects are not followed", a.Status)
	default:
		a.Failure = strings.TrimSpace(fmt.Sprintf("the receiver answered %d %s", a.Status, http.StatusText(a.Status)))
	}
	a.Gone = a.Status == http.StatusGone
	a.RetryAfter = retryAfterOf(resp.Header, a.At)
	return a
}

// signatures signs a message with each key, as the specification of Standard
// Webhooks says.
func signatures(m message, at time.Time) string {
	all := make([]string, len(m.keys))
	for i, key := range m.keys {
		h := hmac.New(sha256.New, key)
		_, _ = fmt.Fprintf(h, "%s.%d.", m.id, at.Unix()) // a hash takes everything
		_, _ = h.Write(m.body)
		all[i] = "v1," + base64.StdEncoding.EncodeToString(h.Sum(nil))
	}
	return strings.Join(all, " ")
}

// retryAfterOf reads Retry-After (RFC 9110 section 10.2.3); 0 if there is none.
func retryAfterOf(h http.Header, now time.Time) time.Duration {
	value := h.Get("Retry-After")
	if seconds, err := strconv.ParseUint(value, 10, 31); err == nil {
		return time.Duration(seconds) * time.Second
	}
	if at, err := http.ParseTime(value); err == nil {
		return max(0, at.Sub(now))
	}
	return 0
}

// failure says why there was no answer. Tenants can read it, so it contains nothing that
// the receiver sent and no resolved address. Otherwise, a tenant could map the server's
// own network with webhooks.
func failure(err error) string {
	if errors.Is(err, errForbidden) {
		return "the receiver is not on the public internet; the server's operator can allow networks with --webhook-allow-networks"
	}
	if timeout, ok := errors.AsType[net.Error](err); ok && timeout.Timeout() {
		return fmt.Sprintf("no answer within %s", answerWithin)
	}
	if _, ok := errors.AsType[*net.DNSError](err); ok {
		return "the receiver's name could not be looked up"
	}
	if cert, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return "the receiver's certificate " + badCertificate(cert.Err)
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "dial" {
		if errors.Is(err, syscall.ECONNREFUSED) {
			return "could not connect: connection refused"
		}
		return "could not connect"
	}
	return "the connection broke, or the answer was not HTTP"
}

// badCertificate says what is wrong with a certificate. It does not use the error's text,
// which quotes the certificate: that may have bytes that a database can't store, or the
// names of internal machines.
func badCertificate(err error) string {
	if _, ok := errors.AsType[x509.HostnameError](err); ok {
		return "is not for this name"
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return "is not signed by a trusted authority"
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired {
		return "has expired or is not valid yet"
	}
	return "is not valid"
}
