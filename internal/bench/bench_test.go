package main

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"testing/iotest"
	"time"
)

func TestMain(m *testing.M) {
	// The test starts itself as the servers, as the program does.
	if os.Getenv(childVariable) != "" {
		exit(child(os.Args[1:]))
	}
	os.Exit(m.Run())
}

// TestRun measures everything for a moment, and looks at what is written.
func TestRun(t *testing.T) {
	dir := t.TempDir()
	doc := filepath.Join(dir, "performance.md")
	if err := os.WriteFile(doc, []byte("before\n"+string(markBegin)+"old\n"+string(markEnd)+"after\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	o, err := flags([]string{"-quick", "-rounds", "1", "-dir", dir, "-out", doc})
	if err != nil {
		t.Fatal(err)
	}
	o.rounds, o.duration, o.few, o.many, o.most, o.pinned = 1, 50*time.Millisecond, 20, 200, 2000, false
	if err := run(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(doc)
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	for _, want := range []string{
		"before\n<!-- bench", "end -->\nafter\n", "(performance.svg)", "(performance-growth.svg)", "2,000 users of an organisation", "200 organisations",
		"GET one of 200 users, 16 connections", "GET all of 20 users, 16 connections", "POST a user, 64 connections",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("the document lacks %q:\n%s", want, text)
		}
	}
	if strings.Contains(text, "old") || strings.Contains(text, "NaN") || strings.Contains(text, "Inf") {
		t.Errorf("the document has what it should not have:\n%s", text)
	}
	// Whoever answers a request allocates for it: net/http's own count is known.
	if n := regexp.MustCompile(`(?m)^\| GET one of 200 users, 16 connections \| [1-9][\d.,]* `).FindString(text); n == "" {
		t.Errorf("allocations per request are not a number:\n%s", text)
	}
	plot, err := os.ReadFile(filepath.Join(dir, "performance.svg"))
	if err != nil || strings.Count(string(plot), "<rect") != 1+len(allWorks(o)) {
		t.Errorf("the plot is not one of %d bars: %v\n%s", len(allWorks(o)), err, plot)
	}
	left, err := filepath.Glob(filepath.Join(dir, "bench-*"))
	if err != nil || len(left) > 0 {
		t.Errorf("left over: %q, %v", left, err)
	}
}

// TestWrongAnswers counts each wrong answer, and a run of them is no result.
func TestWrongAnswers(t *testing.T) {
	for name, answer := range map[string]string{
		"status":         "HTTP/1.1 500 Internal Server Error\r\nContent-Length: 2\r\n\r\nok",
		"length":         "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nok!",
		"cut off":        "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no",
		"no length":      "HTTP/1.1 200 OK\r\n\r\nok",
		"no HTTP":        "SSH-2.0-OpenSSH_9.6\r\n\r\n",
		"bad chunk":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\nok\r\n0\r\n\r\n",
		"chunks cut off": "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n",
		"nothing":        "",
	} {
		for _, polled := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, polled %v", name, polled), func(t *testing.T) {
				addr := answering(t, answer)
				got, err := drive(t.Context(), addr, connections{2, polled}, 20*time.Millisecond, func(int) traffic { return same{[]byte("ask\r\n\r\n"), 200, 2} })
				if err == nil || got.wrong == 0 || len(got.latencies) != 0 {
					t.Errorf("%d wrong, %d right, %v; want wrong ones and an error", got.wrong, len(got.latencies), err)
				}
			})
		}
	}
}

// answering serves one answer to each request, and closes the connection after it.
func answering(t *testing.T, answer string) (addr string) {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				if _, err := bufio.NewReader(conn).ReadString('\n'); err == nil {
					_, _ = io.WriteString(conn, answer)
				}
			}()
		}
	}()
	return ln.Addr().String()
}

// TestReader reads answers however they are cut into packets.
func TestReader(t *testing.T) {
	long := strings.Repeat("0123456789", bufferSize/4)
	answers := []struct {
		text string
		want answer
		body string
	}{
		{"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX: y\r\n\r\nok", answer{status: 200, size: 2}, "ok"},
		{"HTTP/1.1 204 No Content\r\nX: y\r\n\r\n", answer{status: 204}, ""},
		{"HTTP/1.1 304 Not Modified\r\nEtag: \"x\"\r\n\r\n", answer{status: 304}, ""},
		{"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n", answer{status: 200, size: 13}, ""},
		{fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(long), long), answer{status: 200, size: len(long)}, ""},
		{fmt.Sprintf("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n%x\r\n%s\r\n0\r\n\r\n", len(long), long), answer{status: 200, size: len(long)}, ""},
		{"HTTP/1.1 400 Bad Request\r\nConnection: close\r\nContent-Length: 0\r\n\r\n", answer{status: 400, closes: true}, ""},
	}
	var all strings.Builder
	for _, a := range answers {
		all.WriteString(a.text)
	}
	for name, from := range map[string]io.Reader{
		"whole":      strings.NewReader(all.String()),
		"by halves":  iotest.HalfReader(strings.NewReader(all.String())),
		"byte-wise":  iotest.OneByteReader(strings.NewReader(all.String())),
		"with error": iotest.DataErrReader(strings.NewReader(all.String())),
	} {
		r := newReader()
		r.reset(from)
		for i, a := range answers {
			got, err := r.read()
			body := string(got.body)
			if a.body == "" {
				body = ""
			}
			if err != nil || got.status != a.want.status || got.size != a.want.size || got.closes != a.want.closes || body != a.body {
				t.Fatalf("%s, answer %d: %d, %d bytes, %.20q, %v; want %d, %d, %q", name, i, got.status, got.size, body, err, a.want.status, a.want.size, a.body)
			}
		}
		if _, err := r.read(); !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
			t.Errorf("%s: after the last answer: %v", name, err)
		}
	}
}

func TestFlags(t *testing.T) {
	for _, args := range [][]string{{"-rounds", "0"}, {"-duration", "0s"}, {"surplus"}} {
		if _, err := flags(args); err == nil {
			t.Errorf("%q is taken", args)
		}
	}
	o, err := flags([]string{"-work", "nothing"})
	if err == nil {
		_, err = chosenWorks(o)
	}
	if err == nil {
		t.Error("a work that does not exist is taken")
	}
	if o.out != "" {
		t.Errorf("a part of the works is written to %s", o.out)
	}
}
