package httpapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/userimport"
)

// imported is a line of the response to an import.
type imported struct {
	Line    int
	Email   string
	Outcome string
	ID      string
	Error   *struct{ Code, Message, Field string }
	Summary *client.ImportSummary
}

func importLines(t *testing.T, body string) (lines []imported) {
	t.Helper()
	for d := json.NewDecoder(strings.NewReader(body)); ; {
		var line imported
		if err := d.Decode(&line); errors.Is(err, io.EOF) {
			return lines
		} else if err != nil {
			t.Fatalf("%v in %s", err, body)
		}
		lines = append(lines, line)
	}
}

func doImport(t *testing.T, s *apptest.Server, token, mediaType, body string) []imported {
	t.Helper()
	call := as(token, body)
	call.Header = map[string]string{"Content-Type": mediaType}
	ans := s.Want(http.StatusOK, "POST", "/v2/users/import", call)
	return importLines(t, string(ans.Body))
}

func TestImportAddsEachLineByItself(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	s.CreateUser("Jane", "jane@example.com", "user")
	body := "\xef\xbb\xbfEmail, name ,role\r\n" +
		"ada@example.com,\"Ada \"\"A\"\"\",admin\r\n" +
		"JANE@example.com,Jane,admin\r\n" +
		"\r\n" +
		"bad,Bad,user\r\n" +
		"one@example.com,One\r\n" +
		"two@example.com,Two,emperor\r\n" +
		"three@example.com,\"Th\nree\",\r\n" +
		"own@example.com,Own,owner\r\n" +
		"ada@example.com,Again,user\r\n"
	got := doImport(t, s, s.APIToken, "text/csv; charset=utf-8", body)
	want := []string{"2 added", "3 unchanged", "5 refused email", "6 refused ", "7 refused role", "8 refused name", "10 refused ", "11 unchanged"}
	var have []string
	for _, l := range got[:len(got)-1] {
		text := fmt.Sprintf("%d %s", l.Line, l.Outcome)
		if l.Error != nil {
			text += " " + l.Error.Field
		}
		have = append(have, text)
	}
	if !slices.Equal(have, want) {
		t.Errorf("got  %q\nwant %q", have, want)
	}
	if sum := got[len(got)-1].Summary; sum == nil || *sum != (client.ImportSummary{Lines: 8, Added: 1, Unchanged: 2, Refused: 5}) {
		t.Errorf("summary: %+v", sum)
	}
	entries := entriesOf(t, s, s.APIToken, "action=createUser&target="+got[0].ID)
	if len(entries) != 1 {
		t.Errorf("%d entries of the user who was added, want 1", len(entries))
	}
}

func TestImportIsRepeatedWithoutHarm(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	var body strings.Builder
	for i := range 350 {
		fmt.Fprintf(&body, "{\"name\":\"U %d\",\"email\":\"u%d@example.com\"}\n", i, i%345)
	}
	call := as(s.APIToken, body.String())
	call.Header = map[string]string{"Content-Type": "application/x-ndjson", "Idempotency-Key": "one"}
	for _, round := range []struct {
		path string
		want client.ImportSummary
	}{
		{"?dryRun=true", client.ImportSummary{Lines: 350, Added: 345, Unchanged: 5}},
		{"", client.ImportSummary{Lines: 350, Added: 345, Unchanged: 5}},
		{"", client.ImportSummary{Lines: 350, Unchanged: 350}},
		{"?dryRun=true", client.ImportSummary{Lines: 350, Unchanged: 350}},
	} {
		got := importLines(t, string(s.Want(http.StatusOK, "POST", "/v2/users/import"+round.path, call).Body))
		if sum := got[len(got)-1].Summary; sum == nil || *sum != round.want {
			t.Errorf("%q: %+v, want %+v", round.path, sum, round.want)
		}
	}
}

func TestImportRefusesBodiesItCantRead(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	for _, c := range []struct {
		name, mediaType, body string
		status                int
		message               string
	}{
		{"JSON", "application/json", `{}`, 415, "text/csv"},
		{"Latin 1", "text/csv; charset=latin1", "name,email\n", 415, "text/csv"},
		{"empty", "text/csv", "", 400, "empty"},
		{"unknown column", "text/csv", "name,email,phone\nx,x@example.com,1\n", 400, "phone"},
		{"column twice", "text/csv", "name,email,email\n", 400, "email"},
		{"no address", "text/csv", "name\n", 400, "name and email"},
		{"long header", "text/csv", strings.Repeat("x", 1<<20), 400, "longer than"},
		{"open quote", "text/csv", "name,email\n\"x" + strings.Repeat("y\n", 1<<20), 400, "quotes"},
		{"bare quote", "text/csv", "name,email\nx\"y,z\n", 400, "line 2"},
		{"long line", "application/x-ndjson", `{"name":"` + strings.Repeat("x", 1<<20), 400, "longer than"},
	} {
		call := as(s.APIToken, c.body)
		call.Header = map[string]string{"Content-Type": c.mediaType}
		ans := s.Do("POST", "/v2/users/import", call)
		if ans.Status != c.status || !strings.Contains(ans.Error().Message, c.message) {
			t.Errorf("%s: %d %s, want %d with %q", c.name, ans.Status, ans.Body, c.status, c.message)
		}
	}
	// The lines before one that can't be read are added; the error is the last line.
	body := "name,email\n" + strings.Repeat("x,x@example.com\n", 250) + "\"x\n"
	got := doImport(t, s, s.APIToken, "text/csv", body)
	if last := got[len(got)-1]; len(got) != 251 || last.Error == nil || last.Outcome != "" || got[0].Outcome != "added" {
		t.Errorf("%d lines, the last is %+v", len(got), last)
	}
	ndjson := doImport(t, s, s.APIToken, "application/x-ndjson", "{\"name\":1}\nnot JSON\n{}\n{\"name\":\"a\\u0000\",\"email\":\"a@example.com\"}\n{\"name\":\"b\",\"email\":\"\xff@example.com\"}\n")
	if sum := ndjson[len(ndjson)-1].Summary; sum == nil || sum.Refused != 5 {
		t.Errorf("hostile lines: %+v", ndjson)
	}
}

// The token is revoked after the first group: nothing later is added.
func TestImportStopsWhenTheTokenIsRevoked(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	var tok struct{ ID, Token string }
	s.Want(http.StatusOK, "POST", "/v2/tokens", as(s.PersonalToken, `{"name":"importer","orgCapabilities":{"users":["create"]}}`)).Decode(t, &tok)
	r, w := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v2/users/import", r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+tok.Token)
	req.Header.Set("Content-Type", "text/csv")
	write := func(from, to int) {
		var b bytes.Buffer
		for i := from; i < to; i++ {
			fmt.Fprintf(&b, "U,u%d@example.com\n", i)
		}
		_, _ = w.Write(b.Bytes()) // the server may stop reading
	}
	var sending sync.WaitGroup
	sending.Go(func() {
		_, _ = io.WriteString(w, "name,email\n")
		write(0, userimport.GroupSize)
	})
	resp, err := http.DefaultClient.Do(req) // responds after the first group, while the body is open
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	sending.Wait()
	s.Want(http.StatusNoContent, "DELETE", "/v2/tokens/"+tok.ID, as(s.PersonalToken, ""))
	sending.Go(func() {
		write(userimport.GroupSize, 3*userimport.GroupSize)
		w.Close()
	})
	body, err := io.ReadAll(resp.Body)
	sending.Wait()
	if err != nil {
		t.Fatal(err)
	}
	got := importLines(t, string(body))
	if last := got[len(got)-1]; len(got) != userimport.GroupSize+1 || last.Error == nil || last.Error.Code != "unauthenticated" {
		t.Errorf("%d lines, the last is %+v; want %d, then unauthenticated", len(got), last, userimport.GroupSize)
	}
}

func TestOneImportOfAnOrganizationAtATime(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	r, w := io.Pipe()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodPost, s.URL+"/v2/users/import", r)
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Authorization", "Bearer "+s.APIToken)
	req.Header.Set("Content-Type", "text/csv")
	var first sync.WaitGroup
	first.Go(func() {
		if resp, err := http.DefaultClient.Do(req); err == nil {
			resp.Body.Close()
		}
	})
	_, _ = io.WriteString(w, "name,email\n") // returns when the server reads it
	call := as(s.APIToken, "name,email\n")
	call.Header = map[string]string{"Content-Type": "text/csv"}
	for range 100 {
		ans := s.Do("POST", "/v2/users/import", call)
		if ans.Status == http.StatusTooManyRequests {
			break
		}
		time.Sleep(10 * time.Millisecond) // the transport may have read before the server has begun
	}
	if ans := s.Do("POST", "/v2/users/import", call); ans.Status != http.StatusTooManyRequests {
		t.Errorf("a second import: %d, want 429", ans.Status)
	}
	w.Close()
	first.Wait()
	s.Want(http.StatusOK, "POST", "/v2/users/import", call)
}
