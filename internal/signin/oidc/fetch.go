package oidc

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"

	"github.com/rosterhq/roster/internal/egress"
)

// Limits on what an issuer may take.
const (
	within        = 10 * time.Second // for one answer, its body included
	maxAnswer     = 1 << 20
	maxAnswerHead = 64 << 10
)

var (
	errTooLarge = fmt.Errorf("its answer has more than %d bytes", maxAnswer)
	errRedirect = errors.New("it redirects elsewhere")
)

// fetcher makes the requests to issuers.
type fetcher struct{ client *http.Client }

func newFetcher(policy egress.Policy) *fetcher {
	dialer := &net.Dialer{Timeout: within, Control: policy.Control}
	return &fetcher{&http.Client{
		Timeout: within,
		Transport: bounded{&http.Transport{
			DialContext: dialer.DialContext, ForceAttemptHTTP2: true, DisableCompression: true, // a small answer may inflate
			TLSHandshakeTimeout: within, MaxResponseHeaderBytes: maxAnswerHead, MaxIdleConns: 64, MaxIdleConnsPerHost: 1, IdleConnTimeout: time.Minute,
		}},
		CheckRedirect: func(*http.Request, []*http.Request) error { return errRedirect },
	}}
}

// context has the libraries use the fetcher.
func (f *fetcher) context(ctx context.Context) context.Context {
	return context.WithValue(oidc.ClientContext(ctx, f.client), oauth2.HTTPClient, f.client)
}

// bounded limits the size of answers.
type bounded struct{ next http.RoundTripper }

func (b bounded) RoundTrip(rq *http.Request) (*http.Response, error) {
	resp, err := b.next.RoundTrip(rq)
	if err == nil {
		resp.Body = &boundedBody{resp.Body, maxAnswer}
	}
	return resp, err
}

type boundedBody struct {
	io.ReadCloser
	left int
}

func (b *boundedBody) Read(p []byte) (int, error) {
	if b.left < 0 {
		return 0, errTooLarge
	}
	n, err := b.ReadCloser.Read(p[:min(len(p), b.left+1)])
	if b.left -= n; b.left < 0 {
		return 0, errTooLarge
	}
	return n, err
}
