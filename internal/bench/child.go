package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// childVariable tells this program that it is one of its own servers.
const childVariable = "ROSTER_BENCH_CHILD"

// child runs one of the servers that Roster is compared with:
//
//	bare FILE      net/http, answering what FILE holds
//	constant FILE  TCP, answering what FILE holds without looking at what it is asked
//	insert FILE    durable inserts into a new database
//	wired DATABASE Roster inside this program, with its profile
func child(args []string) error {
	if len(args) != 2 {
		return fmt.Errorf("want a server and its argument, got %q", args)
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	switch args[0] {
	case "bare":
		return serveBare(ctx, args[1])
	case "constant":
		return serveConstant(ctx, args[1])
	case "insert":
		return serveInserts(ctx, args[1])
	case "wired":
		return serveWired(ctx, args[1])
	default:
		return fmt.Errorf("there is no %q server", args[0])
	}
}

// constant is an answer that a server gives whatever it is asked.
type constant struct {
	Pattern string
	Status  int
	Header  http.Header
	Body    []byte
}

// serveBare is the least that a net/http server does for the same answer: find
// the route, write the same headers and the same body, all made before.
func serveBare(ctx context.Context, file string) error {
	b, err := os.ReadFile(file) //nolint:gosec // the parent's
	if err != nil {
		return err
	}
	var c constant
	if err := json.Unmarshal(b, &c); err != nil {
		return err
	}
	type field struct {
		name   string
		values []string
	}
	var header []field // to walk a map would take longer
	for name, values := range c.Header {
		header = append(header, field{name, values})
	}
	registry := prometheus.NewRegistry()
	registry.MustRegister(collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(registry, promhttp.HandlerOpts{}))
	mux.HandleFunc(c.Pattern, func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		for _, field := range header {
			h[field.name] = field.values
		}
		w.WriteHeader(c.Status)
		w.Write(c.Body) //nolint:errcheck // a client that is gone needs no answer
	})
	return serve(ctx, mux)
}

// serve says the address and serves with the limits that `roster serve` sets.
func serve(ctx context.Context, h http.Handler) error {
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	s := &http.Server{
		Handler: h, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	context.AfterFunc(ctx, func() { _ = s.Close() })
	if err := s.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// serveConstant answers each read with the same bytes: the fastest server there
// can be, to see how fast the load generator is.
func serveConstant(ctx context.Context, file string) error {
	b, err := os.ReadFile(file) //nolint:gosec // the parent's
	if err != nil {
		return err
	}
	ln, err := new(net.ListenConfig).Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	fmt.Println(ln.Addr())
	context.AfterFunc(ctx, func() { _ = ln.Close() })
	for {
		conn, err := ln.Accept()
		if err != nil {
			return nil //nolint:nilerr // closed: the end
		}
		go func() {
			buf := make([]byte, 4096)
			for {
				if _, err := conn.Read(buf); err != nil {
					return
				}
				if _, err := conn.Write(b); err != nil {
					return
				}
			}
		}()
	}
}
