package main

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	fastjson "github.com/go-json-experiment/json"
	_ "modernc.org/sqlite" // the driver that Roster uses
)

// constant is an answer prepared in advance, to whatever body.
type constant struct {
	Pattern string
	Status  int
	Header  http.Header
	Body    []byte
	Decode  bool // the body of a request, as Roster does
}

// questions are as much of a list of questions as Roster decodes.
type questions struct {
	tuple

	Evaluations []tuple `json:"evaluations"`
}

type tuple struct {
	Subject  *entity `json:"subject"`
	Action   *entity `json:"action"`
	Resource *entity `json:"resource"`
}

type entity struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Name string `json:"name"`
}

// serveBare answers with the same header and body as Roster: what net/http costs.
func serveBare(addr, file string) {
	var c constant
	check(json.Unmarshal(must(os.ReadFile(file)), &c))
	mux := http.NewServeMux()
	mux.HandleFunc(c.Pattern, func(w http.ResponseWriter, r *http.Request) {
		body := must(io.ReadAll(r.Body))
		if c.Decode {
			check(fastjson.Unmarshal(body, &questions{}))
		}
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
	check(s.ListenAndServe())
}

// startBare starts a server that answers as another does.
func (l *lab) startBare(like *process, pattern string, work load) *process {
	resp := must(work.send(like, firstUser))
	defer resp.Body.Close() //nolint:errcheck // it is read whole
	c := constant{Pattern: pattern, Status: resp.StatusCode, Header: resp.Header, Body: must(io.ReadAll(resp.Body)), Decode: strings.HasSuffix(pattern, "/evaluations")}
	delete(c.Header, "Date") // net/http's own
	file := l.path(fmt.Sprintf("bare-%d.json", len(l.processes)))
	check(os.WriteFile(file, must(json.Marshal(c)), 0o600))
	return l.start(serverCore, "bare", must(os.Executable()), "bare", "ADDR", file)
}

// serveInserts inserts row after row, each with an fsync of its own, until standard
// input ends, and prints how many it inserted: the most that one writer can do.
func serveInserts(file string) {
	db := must(sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)"))
	defer db.Close() //nolint:errcheck // it is thrown away
	db.SetMaxOpenConns(1)
	ctx, cancel := context.WithCancel(context.Background())
	go func() {
		_, _ = io.Copy(io.Discard, os.Stdin)
		cancel()
	}()
	must(db.ExecContext(ctx, `CREATE TABLE members (id TEXT PRIMARY KEY, email TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL) STRICT`))
	insert := must(db.Prepare("INSERT INTO members VALUES ($1, $2, $3, $4)"))
	n := 0
	for ; ctx.Err() == nil; n++ {
		must(insert.Exec(fmt.Sprintf("usr_%08d", n), fmt.Sprintf("user%d@example.com", n), "Some User", "user"))
	}
	must(fmt.Println(n))
	check(insert.Close())
}
