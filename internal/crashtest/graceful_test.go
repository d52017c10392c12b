package crashtest

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// TestGracefulShutdown stops a server under load. Every accepted request is answered:
// a user is there if and only if its create was acknowledged, and a request whose
// body is still on its way is carried out. The process exits with 0 and leaves
// one file behind.
func TestGracefulShutdown(t *testing.T) {
	t.Parallel()
	d := initialize(t)
	s := d.serve(t)
	created := load(t.Context(), s.URL, d.APIToken, 16)
	slow := begin(t, s, d.APIToken)
	waitFor(t, "load", func() bool { return created.count() > 50 })

	s.terminate()
	waitFor(t, "the port to be closed", func() bool {
		conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
		if err == nil {
			conn.Close()
		}
		return errors.Is(err, syscall.ECONNREFUSED)
	})
	send(t, slow, slowBody[len(slowBody)/2:])
	status, body := answer(t, slow)
	var u user
	if err := json.Unmarshal(body, &u); err != nil || status != http.StatusOK {
		t.Errorf("the slow create: %d %s, %v", status, body, err)
	}
	created.add(u)

	if code := s.exitCode(); code != 0 {
		t.Errorf("exit code %d, want 0:\n%s", code, s.logged())
	}
	if strings.Contains(s.logged(), `"level":"ERROR"`) {
		t.Errorf("the server logged an error:\n%s", s.logged())
	}
	created.wait()
	if _, err := os.Stat(d.path + "-wal"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("SQLite's log is not merged: %v", err)
	}
	compareCreated(t, d, created)
}

// compareCreated compares the users that are there with those acknowledged.
func compareCreated(t *testing.T, d deployment, created *creations) {
	t.Helper()
	told, err := retell(t.Context(), d.path, d.OrgID)
	if err != nil {
		t.Fatal(err)
	}
	delete(told.users, d.UserID)
	for _, u := range created.users {
		if told.users[u.ID] != u {
			t.Errorf("%+v was acknowledged; there is %+v", u, told.users[u.ID])
		}
		delete(told.users, u.ID)
	}
	for _, u := range told.users {
		t.Errorf("%+v is there, but was not acknowledged", u)
	}
	t.Logf("%d creates acknowledged, %d refused at the door", len(created.users), created.refused)
}

// TestSecondSignal ends a server at once that waits for a client.
func TestSecondSignal(t *testing.T) {
	t.Parallel()
	d := initialize(t)
	s := d.serve(t, "--shutdown-timeout", "1h")
	begin(t, s, d.APIToken)
	s.terminate()
	waitFor(t, "the server to stop", func() bool { return strings.Contains(s.logged(), `"stopping"`) })
	waitFor(t, "the server to end", func() bool {
		// The first one may come before the server has stopped catching them.
		_ = s.cmd.Process.Signal(syscall.SIGTERM)
		select {
		case <-s.done:
			return true
		default:
			return false
		}
	})
	if code := s.exitCode(); code == 0 {
		t.Error("exit code 0, though a request was cut off")
	}
}

// creations are the users whose creates were acknowledged.
type creations struct {
	all     sync.WaitGroup
	mu      sync.Mutex
	users   []user
	refused int
}

func (c *creations) add(u user) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.users = append(c.users, u)
}

func (c *creations) refuse() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refused++
}

func (c *creations) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.users)
}

func (c *creations) wait() { c.all.Wait() }

// load has clients create users until the server is gone.
func load(ctx context.Context, base, token string, clients int) *creations {
	c := new(creations)
	client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: clients}}
	for n := range clients {
		c.all.Go(func() {
			for i := 0; ; i++ {
				status, body, err := ask{
					method: "POST", path: "/v2/users", token: token,
					body: createBody("Somebody", fmt.Sprintf("load%d.%d@example.com", n, i), "user"),
				}.do(ctx, client, base)
				var u user
				if err != nil || status != http.StatusOK || json.Unmarshal(body, &u) != nil {
					c.refuse()
					return
				}
				c.add(u)
			}
		})
	}
	return c
}

var slowBody = createBody("Slow Sender", "slow@example.com", "user")

const carryOn = "HTTP/1.1 100 Continue\r\n\r\n"

// begin sends a create up to the middle of its body and returns when the server
// waits for the rest (RFC 9110 section 10.1.1).
func begin(t *testing.T, s *server, token string) net.Conn {
	t.Helper()
	conn := dial(t, s)
	send(t, conn, fmt.Sprintf("POST /v2/users HTTP/1.1\r\nHost: test\r\nAuthorization: Bearer %s\r\n"+
		"Content-Type: application/json\r\nContent-Length: %d\r\nExpect: 100-continue\r\n\r\n", token, len(slowBody)))
	got := make([]byte, len(carryOn))
	if _, err := io.ReadFull(conn, got); err != nil || string(got) != carryOn {
		t.Fatalf("begin a create: %q, %v", got, err)
	}
	send(t, conn, slowBody[:len(slowBody)/2])
	return conn
}

func send(t *testing.T, conn net.Conn, text string) {
	t.Helper()
	if _, err := io.WriteString(conn, text); err != nil {
		t.Fatal(err)
	}
}

func dial(t *testing.T, s *server) net.Conn {
	t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.URL, "http://"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	return conn
}

func answer(t *testing.T, conn net.Conn) (status int, body []byte) {
	t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(conn), nil)
	if err != nil {
		t.Errorf("no answer: %v", err)
		return 0, nil
	}
	defer resp.Body.Close()
	if body, err = io.ReadAll(resp.Body); err != nil {
		t.Errorf("the answer is cut off: %v", err)
	}
	return resp.StatusCode, body
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
