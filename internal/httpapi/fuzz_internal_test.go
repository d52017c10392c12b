package httpapi

import (
	"context"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/store"
)

// Whatever a body holds, it is decoded or refused as invalid; what is decoded
// says the same when it is written and read again.
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
		token, err := bearer(http.Header{"Authorization": {value}})
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

// impatient leaves at the first flush, so that streams end.
type impatient struct {
	*httptest.ResponseRecorder
	leave func()
}

func (w impatient) Flush() { w.leave() }

// Whatever a query asks of the log, it is understood or refused as invalid, and a
// cursor leads to where it says.
func FuzzEntryQuery(f *testing.F) {
	for _, seed := range []string{
		"", "limit=1&order=asc&outcome=refused&format=json", "from=2026-01-02T03:04:05Z&to=2026-01-02T03:04:05%2B02:00",
		"format=csv&limit=1000000", "cursor=" + encodeEntryCursor(7), "actor=%00", "lastEventId=7", "action=a&action=b", "%zz", "target=",
	} {
		f.Add(seed, "text/csv;q=0.5, application/x-ndjson")
	}
	f.Fuzz(func(t *testing.T, raw, header string) {
		params, err := parseQuery(raw, []string{"from", "to", "actor", "action", "target", "outcome", "order", "limit", "cursor", "format", "lastEventId"})
		if err != nil {
			if directory.CodeOf(err) != directory.Invalid {
				t.Fatalf("refused with %v", err)
			}
			return
		}
		q, err := parseEntryQuery(params, []string{header})
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
		if e, err := parseEventQuery(params, []string{header}[:len(header)%2]); err != nil && directory.CodeOf(err) != directory.Invalid {
			t.Fatalf("refused with %v", err)
		} else if err == nil && e.After < -1 {
			t.Fatalf("%q and %q begin after %d", raw, header, e.After)
		}
	})
}

// No request is answered with a status of 500 or more.
func FuzzRequest(f *testing.F) {
	db, err := store.Open(f.Context(), directorytest.Database(f), store.Options{})
	if err != nil {
		f.Fatal(err)
	}
	f.Cleanup(func() { db.Close() })
	service := directory.NewService(db, dbtest.Keys(), time.Now)
	d, err := service.Initialize(f.Context(), directory.NewDeployment{OrgName: "Acme", OwnerName: "O", OwnerEmail: "o@example.com"})
	if err != nil {
		f.Fatal(err)
	}
	api := New(Options{Service: service, Log: slog.New(slog.DiscardHandler), Clock: time.Now})
	for i := range v2 {
		f.Add(uint8(i), "nothing", "limit=1&dryRun=true", `{"name":"x","email":"x@example.com","role":"user","members":["x"]}`, i%2 == 0)
	}
	f.Fuzz(func(t *testing.T, n uint8, id, query, body string, personal bool) {
		rt := v2[int(n)%len(v2)]
		path := strings.NewReplacer("{id}", url.PathEscape(id), "{orgId}", url.PathEscape(id), "{deliveryId}", url.PathEscape(id)).Replace(rt.pattern)
		r := httptest.NewRequestWithContext(t.Context(), rt.method, "/", strings.NewReader(body))
		u, err := url.ParseRequestURI(path)
		if err != nil {
			return
		}
		u.RawQuery = query
		r.URL = u
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+d.APIToken)
		if personal {
			r.Header.Set("Authorization", "Bearer "+d.PersonalToken)
			r.Header.Set(headerOrg, string(d.Org.ID))
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := impatient{httptest.NewRecorder(), cancel}
		api.ServeHTTP(w, r.WithContext(ctx))
		if w.Code >= 500 {
			t.Fatalf("%s %s?%s %q: %d %s", rt.method, path, query, body, w.Code, w.Body)
		}
	})
}
