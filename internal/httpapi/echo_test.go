package httpapi_test

import (
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/quote"
)

// long is 10 kB of input; its letter is in none of the server's own words.
var long = strings.Repeat("Ж", 5000)

// An error repeats at most 100 bytes of a path, a parameter, a header, a member or a
// member's name, on every route.
func TestErrorsRepeatLittleInput(t *testing.T) {
	t.Parallel()
	s := apptest.StartWith(t, apptest.Options{AllowProvision: true, Log: io.Discard})
	errors, longest := 0, 0
	send := func(method, path string, query url.Values, header map[string]string, body any) {
		t.Helper()
		text, err := json.Marshal(body)
		if err != nil {
			t.Fatal(err)
		}
		rq := inOrg(s.PersonalToken, s.OrgID, string(text))
		maps.Copy(rq.Header, header)
		w := direct(t, s, method, &url.URL{Path: path, RawQuery: query.Encode()}, rq)
		if w.Code == http.StatusOK && method == http.MethodGet {
			return // a filter that nothing matches
		}
		if w.Code < 400 || w.Code >= 500 {
			t.Errorf("%s %.40s?%.40s %v %.40s: %d %.200s", method, path, query.Encode(), header, text, w.Code, w.Body)
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
			t.Errorf("%s %.40s?%.40s %.40s: %d bytes of input in an error of %d: %.300s", method, path, query.Encode(), text, run, len(answer), answer)
		}
	}
	for _, op := range apptest.Operations(t) {
		path := op.At("nothing")
		var example map[string]any
		if op.Body != nil {
			example = op.Body.Example
		}
		if op.Path != path {
			send(op.Method, op.At(long), nil, nil, example)
		}
		for _, p := range op.Query {
			send(op.Method, path, url.Values{p.Name: {long}}, nil, example)
		}
		send(op.Method, path, url.Values{long: {long}}, nil, example)
		send(long, path, nil, nil, example)
		send(op.Method, path+"/"+long, nil, nil, nil)
		send(op.Method, path, nil, map[string]string{"Authorization": long}, nil)
		if op.Method != http.MethodGet && len(example) > 0 {
			for _, bad := range lengthened(example) {
				send(op.Method, path, nil, nil, bad)
			}
			if op.Method == http.MethodPost {
				send(op.Method, path, nil, map[string]string{"Idempotency-Key": long}, example)
			}
			send(op.Method, path, nil, map[string]string{"Content-Type": long}, example)
		}
	}
	if errors < 300 || longest < 90 {
		t.Errorf("only %d errors, with at most %d bytes of input", errors, longest)
	}
}

// lengthened returns copies of a value. Each has one string or one member's name
// replaced by a long one.
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
