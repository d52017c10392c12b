package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	_ "modernc.org/sqlite" // the driver that Roster uses
)

// constant is an answer that is made before anybody asks.
type constant struct {
	Pattern string
	Status  int
	Header  http.Header
	Body    []byte
}

// serveBare answers with the same header and body as Roster: what net/http costs.
func serveBare(addr, file string) error {
	b, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	var c constant
	if err := json.Unmarshal(b, &c); err != nil {
		return err
	}
	mux := http.NewServeMux()
	mux.HandleFunc(c.Pattern, func(w http.ResponseWriter, _ *http.Request) {
		h := w.Header()
		for name, values := range c.Header {
			h[name] = values
		}
		w.WriteHeader(c.Status)
		_, _ = w.Write(c.Body)
	})
	s := &http.Server{
		Addr: addr, Handler: mux, ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second,
		WriteTimeout: time.Minute, IdleTimeout: 2 * time.Minute, MaxHeaderBytes: 64 << 10,
	}
	return s.ListenAndServe()
}

// startBare starts a server that answers as another does.
func (l *lab) startBare(like *process, pattern string, work load) (*process, error) {
	rq, err := http.NewRequest(work.method, "http://"+like.addr+strings.ReplaceAll(work.path, "%d", "0"), nil)
	if err != nil {
		return nil, err
	}
	for name, value := range work.header {
		rq.Header.Set(name, value)
	}
	rq.Header.Set("Accept-Encoding", "identity")
	resp, err := http.DefaultClient.Do(rq)
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close() //nolint:errcheck // it is read whole
	c := constant{Pattern: pattern, Status: resp.StatusCode, Header: resp.Header}
	if c.Body, err = io.ReadAll(resp.Body); err != nil {
		return nil, err
	}
	delete(c.Header, "Date") // net/http's own
	b, err := json.Marshal(c)
	if err != nil {
		return nil, err
	}
	file := l.path(fmt.Sprintf("bare-%d.json", len(l.processes)))
	if err := os.WriteFile(file, b, 0o600); err != nil {
		return nil, err
	}
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return l.start(serverCore, "bare", self, "bare", "ADDR", file)
}

// serveInserts inserts row after row, each with an fsync of its own, until standard
// input ends, and says how many it made: the most that one writer can do.
func serveInserts(file string) error {
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)")
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // it is thrown away
	db.SetMaxOpenConns(1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	_, err = db.ExecContext(ctx, `CREATE TABLE members (id TEXT PRIMARY KEY, email TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL) STRICT`)
	if err != nil {
		return err
	}
	insert, err := db.Prepare("INSERT INTO members VALUES ($1, $2, $3, $4)")
	if err != nil {
		return err
	}
	n := 0
	for ; ctx.Err() == nil; n++ {
		if _, err := insert.Exec(fmt.Sprintf("usr_%08d", n), fmt.Sprintf("user%d@example.com", n), "Some User", "user"); err != nil {
			return err
		}
	}
	_, err = fmt.Println(n)
	return errors.Join(err, insert.Close())
}
