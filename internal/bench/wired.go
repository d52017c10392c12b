package main

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/pprof"
	"os"
	"time"

	"github.com/rosterhq/roster/internal/collector"
	"github.com/rosterhq/roster/internal/config"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/httpapi"
	"github.com/rosterhq/roster/internal/mail"
	"github.com/rosterhq/roster/internal/sealing"
	"github.com/rosterhq/roster/internal/store"
	"github.com/rosterhq/roster/internal/webhooks"
)

// serveWired serves Roster as cmd/roster does, and its CPU profile, which the
// program itself has no place for. It is profiled, never measured.
func serveWired(ctx context.Context, database string) error {
	defer collector.Settle()()
	db, err := store.Open(ctx, database, store.Options{MustExist: true})
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // it is thrown away
	null, err := os.OpenFile(os.DevNull, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	log := slog.New(slog.NewJSONHandler(null, nil))
	keys, err := config.Keys(database, os.Getenv(keyVariable))
	if err != nil {
		return err
	}
	service := directory.NewService(db, keys, time.Now)
	go sealing.New(db, keys, time.Now).Run(ctx, func(err error) { log.Error("sealing failed", "error", err) })
	go mail.New(db, nil, log, time.Now).Run(ctx)
	queue := webhooks.NewQueue(db, keys, time.Now)
	go webhooks.New(webhooks.Options{Queue: queue, Log: log, Clock: time.Now}).Run(ctx)
	api := httpapi.New(httpapi.Options{Service: service, Log: log, RateLimit: rateLimit, Clock: time.Now, Version: "bench"})
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	return serve(ctx, profiled{api, mux})
}

// profiled keeps the mux of the profile out of the way of all other requests.
type profiled struct{ api, debug http.Handler }

func (p profiled) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if r.URL.Path == "/debug/pprof/profile" {
		p.debug.ServeHTTP(w, r)
		return
	}
	p.api.ServeHTTP(w, r)
}
