package httpapi

import (
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/protocol"
)

// Every body is decoded or refused as invalid. A decoded body survives encoding and
// decoding.
func FuzzDecodeJSON(f *testing.F) {
	for _, seed := range []string{
		`{"name":"Jane","email":"jane@example.com","role":"user"}`, `{}`, `[]`, `null`, `{"name":`, "{\"name\":\"\xff\"}",
		`{"name":"a","name":"b"}`, `{"name":"\ud800"}`, `{"x":{"y":[1e9]}}`, "\ufeff{}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, body []byte) {
		var first, second createUserBody
		if err := decodeJSON(body, &first); err != nil {
			if directory.CodeOf(err) != directory.Invalid {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		written, err := json.Marshal(first)
		if err != nil {
			t.Fatal(err)
		}
		if err := decodeJSON(written, &second); err != nil || first != second {
			t.Fatalf("%q became %q: %v", first, second, err)
		}
	})
}

// A token is what follows the scheme, or there is none.
func FuzzBearer(f *testing.F) {
	for _, seed := range []string{"", "Bearer x", "bearer  xaat-1", "Basic x", "Bearer", "Bearer \t", "Bearer a b"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, value string) {
		token, err := protocol.Bearer(http.Header{"Authorization": {value}})
		if (err == nil) == (token == "") {
			t.Fatalf("%q: token %q, error %v", value, token, err)
		}
		if err == nil && (!strings.HasSuffix(strings.TrimSpace(value), token) || strings.TrimSpace(token) != token) {
			t.Fatalf("%q gives %q", value, token)
		}
	})
}

// A cursor is one that encodeCursor makes, or refused.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", encodeCursor("usr_06h0tznb294kc6smm97b5r4g8g"), "MTp4", "!", "MTp1c3JfAA"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, cursor string) {
		id, err := decodeCursor(cursor)
		if err != nil {
			if directory.CodeOf(err) != directory.Invalid {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		if id == "" {
			if cursor != "" {
				t.Fatalf("%q is no place", cursor)
			}
			return
		}
		again, err := decodeCursor(encodeCursor(id))
		if err != nil || again != id {
			t.Fatalf("%q became %q: %v", id, again, err)
		}
	})
}

// A tag matches a header that names it, however the header is spaced.
func FuzzMatches(f *testing.F) {
	for _, seed := range []string{`"a"`, `W/"a"`, "*", `"b", "a"`, `"a-gzip"`, ",,", `"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, header string) {
		const tag = `"a"`
		strong, weak := matches([]string{header}, tag, false), matches([]string{header}, tag, true)
		if strong && !weak {
			t.Fatalf("%q matches strongly, not weakly", header)
		}
		if !matches([]string{header, " " + tag}, tag, false) {
			t.Fatalf("the tag behind %q is not found", header)
		}
	})
}

// Every query of the log is parsed or refused as invalid, and a cursor round-trips.
func FuzzEntryQuery(f *testing.F) {
	for _, seed := range []string{
		"", "limit=1&order=asc&outcome=refused&format=json", "from=2026-01-02T03:04:05Z&to=2026-01-02T03:04:05%2B02:00",
		"format=csv&limit=1000000", "cursor=" + encodeEntryCursor(7), "actor=%00", "lastEventId=7", "action=a&action=b", "%zz", "target=",
	} {
		f.Add(seed, "text/csv;q=0.5, application/x-ndjson")
	}
	f.Fuzz(func(t *testing.T, raw, header string) {
		rq := &request{Request: &http.Request{URL: &url.URL{RawQuery: raw}}}
		rq.readQuery()
		if err := rq.checkQuery([]string{"from", "to", "actor", "action", "target", "outcome", "order", "limit", "cursor", "format", "lastEventId"}); err != nil {
			if directory.CodeOf(err) != directory.Invalid {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		q, err := parseEntryQuery(rq.params, []string{header})
		switch {
		case err != nil:
			if directory.CodeOf(err) != directory.Invalid {
				t.Fatalf("refused with %v", err)
			}
		case q.Limit < 0 || q.After < 0 || q.Before < 0 || formTypes[q.form] == nil || (q.form == formJSON && (q.Limit < 1 || q.Limit > MaxPage)):
			t.Fatalf("%q is understood as %+v", raw, q)
		}
		if at := max(q.After, q.Before); err == nil && at > 0 {
			if again, err := decodeEntryCursor(encodeEntryCursor(at)); err != nil || again != at {
				t.Fatalf("%d became %d: %v", at, again, err)
			}
		}
		if e, err := parseEventQuery(rq.params, []string{header}[:len(header)%2]); err != nil && directory.CodeOf(err) != directory.Invalid {
			t.Fatalf("refused with %v", err)
		} else if err == nil && e.After < -1 {
			t.Fatalf("%q and %q begin after %d", raw, header, e.After)
		}
	})
}
