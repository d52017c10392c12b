package httpapi

import (
	"context"
	"encoding/json"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/httpapi/apidoc"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/store"
)

// long is 10 kB of input; its letter is in none of the server's own words.
var long = strings.Repeat("Ж", 5000)

// An error repeats at most 100 bytes of a path, a parameter, a header, a member or a
// member's name, on every route.
func TestErrorsRepeatLittleInput(t *testing.T) {
	db, err := store.Open(t.Context(), directorytest.Database(t), store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { db.Close() })
	service := directory.NewService(db, dbtest.Keys(), time.Now)
	d, err := service.Initialize(t.Context(), directory.NewDeployment{OrgName: "Acme", OwnerName: "O", OwnerEmail: "o@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	api := New(Options{Service: service, Log: slog.New(slog.DiscardHandler), Clock: time.Now, AllowProvision: true})
	errors, longest := 0, 0
	send := func(method, path string, query url.Values, header map[string]string, body any) {
		t.Helper()
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		r := httptest.NewRequestWithContext(t.Context(), http.MethodGet, "/", strings.NewReader(string(text)))
		r.Method, r.URL = method, &url.URL{Path: path, RawQuery: query.Encode()}
		r.Header.Set("Content-Type", "application/json")
		r.Header.Set("Authorization", "Bearer "+d.PersonalToken)
		r.Header.Set(headerOrg, string(d.Org.ID))
		for name, value := range header {
			r.Header.Set(name, value)
		}
		ctx, cancel := context.WithCancel(t.Context())
		defer cancel()
		w := impatient{httptest.NewRecorder(), cancel}
		api.ServeHTTP(w, r.WithContext(ctx))
		if w.Code == http.StatusOK && method == http.MethodGet {
			return // a filter that nothing matches
		}
		if w.Code < 400 || w.Code >= 500 {
			t.Errorf("%s %.40s?%.40s %v %.40s: %d %.200s", method, path, r.URL.RawQuery, header, text, w.Code, w.Body)
			return
		}
		errors++
		answer := w.Body.String()
		run := 0
		for part := range strings.FieldsFuncSeq(answer, func(r rune) bool { return r != 'Ж' }) {
			run = max(run, len(part))
		}
		longest = max(longest, run)
		if run > quote.Limit || len(answer) > 4096 {
			t.Errorf("%s %.40s?%.40s %.40s: %d bytes of input in an error of %d: %.300s", method, path, r.URL.RawQuery, text, run, len(answer), answer)
		}
	}
	bodies := examples(t)
	for _, rt := range v2 {
		path := strings.NewReplacer("{id}", "nothing", "{orgId}", "nothing", "{deliveryId}", "nothing").Replace(rt.pattern)
		example := bodies[rt.method+" "+rt.pattern]
		if long := strings.NewReplacer("{id}", long, "{orgId}", long, "{deliveryId}", long).Replace(rt.pattern); long != rt.pattern {
			send(rt.method, long, nil, nil, example)
		}
		for _, name := range append(rt.parameters(), long) {
			send(rt.method, path, url.Values{name: {long}}, nil, example)
		}
		send(long, path, nil, nil, example)
		send(rt.method, path+"/"+long, nil, nil, nil)
		send(rt.method, path, nil, map[string]string{"Authorization": long}, nil)
		if rt.method != http.MethodGet && len(example) > 0 {
			for _, bad := range lengthened(example) {
				send(rt.method, path, nil, nil, bad)
			}
			if rt.method == http.MethodPost {
				send(rt.method, path, nil, map[string]string{"Idempotency-Key": long}, example)
			}
			send(rt.method, path, nil, map[string]string{"Content-Type": long}, example)
		}
	}
	if errors < 300 || longest < 90 {
		t.Errorf("only %d errors, with at most %d bytes of input", errors, longest)
	}
}

// examples are the bodies that the description shows, by method and path.
func examples(t *testing.T) map[string]map[string]any {
	t.Helper()
	type schema struct {
		Ref     string `json:"$ref"`
		Example map[string]any
	}
	var doc struct {
		Paths map[string]map[string]struct {
			RequestBody struct {
				Content map[string]struct {
					Schema  schema
					Example map[string]any
				}
			}
		}
		Components struct{ Schemas map[string]schema }
	}
	if err := json.Unmarshal(apidoc.JSON, &doc); err != nil {
		t.Fatal(err)
	}
	all := make(map[string]map[string]any)
	for path, operations := range doc.Paths {
		for method, op := range operations {
			body, ok := op.RequestBody.Content["application/json"]
			if !ok {
				continue
			}
			example := body.Example
			if example == nil {
				example = body.Schema.Example
			}
			if example == nil {
				example = doc.Components.Schemas[strings.TrimPrefix(body.Schema.Ref, "#/components/schemas/")].Example
			}
			all[strings.ToUpper(method)+" "+path] = example
		}
	}
	return all
}

// lengthened are copies of a value, each with one string or one member's name in it
// made long.
func lengthened(v any) (all []any) {
	switch v := v.(type) {
	case string:
		all = append(all, long)
	case []any:
		for i := range v {
			for _, bad := range lengthened(v[i]) {
				all = append(all, append(append(append([]any{}, v[:i]...), bad), v[i+1:]...))
			}
		}
	case map[string]any:
		for name, member := range v {
			renamed := maps.Clone(v)
			delete(renamed, name)
			renamed[long] = member
			all = append(all, renamed)
			for _, bad := range lengthened(member) {
				changed := maps.Clone(v)
				changed[name] = bad
				all = append(all, changed)
			}
		}
	}
	return all
}
