package main

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/rosterhq/roster/internal/config"
	"github.com/rosterhq/roster/internal/tlscert"
)

// apiListeners returns the listener of the API and, if it speaks TLS, the one that
// redirects to it.
func apiListeners(c *config.Config, api http.Handler, log *slog.Logger) ([]*listener, error) {
	main := &listener{name: "api", addr: c.Listen, handler: api}
	if !c.TLS.On() {
		return []*listener{main}, nil
	}
	_, port, err := net.SplitHostPort(c.Listen)
	if err != nil {
		return nil, err
	}
	redirect := &listener{name: "redirect to https", addr: c.TLS.Redirect, handler: tlscert.Redirect(port)}
	if c.TLS.CertFile != "" {
		main.tls, err = tlscert.Files(c.TLS.CertFile, c.TLS.KeyFile, log)
	} else {
		acme := tlscert.ACME{Domains: c.TLS.Domains, Directory: c.TLS.Directory, Email: c.TLS.Email, Cache: c.TLS.Cache, Log: log}
		main.tls, redirect.handler, err = acme.Config(redirect.handler)
	}
	if err != nil {
		return nil, err
	}
	main.handler = tlscert.Strict(api)
	if c.TLS.Redirect == "" {
		return []*listener{main}, nil
	}
	return []*listener{main, redirect}, nil
}

// listener is an address and the handler that serves it.
type listener struct {
	name    string
	addr    string
	handler http.Handler
	tls     *tls.Config // nil: plain HTTP
	server  *http.Server
}

// Limits of a connection. Streamed answers extend their own deadline.
const (
	headerTimeout  = 10 * time.Second
	requestTimeout = 30 * time.Second
	answerTimeout  = 60 * time.Second
	idleTimeout    = 2 * time.Minute
	maxHeaderBytes = 64 << 10
)

func (l *listener) start(ctx context.Context, log *slog.Logger, failed chan<- error) error {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", l.addr)
	if err != nil {
		return fmt.Errorf("listen for the %s: %w", l.name, err)
	}
	l.server = &http.Server{
		Handler: l.handler, ReadHeaderTimeout: headerTimeout, ReadTimeout: requestTimeout, WriteTimeout: answerTimeout,
		IdleTimeout: idleTimeout, MaxHeaderBytes: maxHeaderBytes, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelDebug),
	}
	serve := l.server.Serve
	if l.server.TLSConfig = l.tls; l.tls != nil {
		serve = func(ln net.Listener) error { return l.server.ServeTLS(ln, "", "") } // with HTTP/2
	}
	go func() { failed <- serve(ln) }()
	log.Info("listening", "server", l.name, "addr", ln.Addr().String(), "tls", l.tls != nil)
	return nil
}

// run serves until ctx ends or a server fails, then shuts all of them down.
func run(ctx context.Context, servers []*listener, drain func(), timeout time.Duration, log *slog.Logger) error {
	failed := make(chan error, len(servers))
	for _, l := range servers {
		if err := l.start(ctx, log, failed); err != nil {
			return err
		}
	}
	var err error
	select {
	case <-ctx.Done():
	case err = <-failed:
	}
	log.Info("stopping")
	drain()
	stopping, cancel := context.WithTimeout(context.WithoutCancel(ctx), timeout)
	defer cancel()
	for _, l := range servers {
		if shutdownErr := l.server.Shutdown(stopping); shutdownErr != nil {
			err = errors.Join(err, fmt.Errorf("stop the %s: %w", l.name, shutdownErr))
		}
	}
	return err
}
