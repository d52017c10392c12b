package authzen

import (
	"context"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json"
	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/directory"
)

// decider allows read, denies write, and fails with what an action names. It notes the
// questions.
type decider struct {
	asked []Question
}

var errBroken = errors.New("the database is gone")

func (d *decider) Decide(_ context.Context, _ directory.Call, q Question) (Decision, error) {
	d.asked = append(d.asked, q)
	switch q.Action {
	case "read":
		return Decision{Allowed: true}, nil
	case "elsewhere":
		return Decision{}, directory.Missing("organization")
	case "broken":
		return Decision{}, errBroken
	default:
		return Decision{Reason: "no grant"}, nil
	}
}

func (d *decider) page(s Search) (Found, error) {
	d.asked = append(d.asked, s.Question)
	all := []string{"a", "b", "c", "d", "e"}
	all = all[slices.IndexFunc(append(all, "~"), func(id string) bool { return id > s.After }):]
	if len(all) <= s.Limit {
		return Found{IDs: all}, nil
	}
	return Found{IDs: all[:s.Limit], Next: all[s.Limit-1]}, nil
}

func (d *decider) Subjects(_ context.Context, _ directory.Call, s Search) (Found, error) {
	return d.page(s)
}

func (d *decider) Resources(_ context.Context, _ directory.Call, s Search) (Found, error) {
	return d.page(s)
}

func (d *decider) Actions(_ context.Context, _ directory.Call, s Search) (Found, error) {
	return d.page(s)
}

func evaluateText(t *testing.T, text string) (answers []answer, asked []Question, err error) {
	t.Helper()
	var rq evaluations
	if err := parse([]byte(text), &rq); err != nil {
		return nil, nil, err
	}
	var d decider
	answers, err = evaluateAll(t.Context(), &d, directory.Call{}, rq)
	return answers, d.asked, err
}

// Section 7.1.1: a part of a question replaces the default. Only what a part must have and
// does not have comes from the default.
func TestDefaults(t *testing.T) {
	_, asked, err := evaluateText(t, `{
		"subject": {"type": "user", "id": "alice", "properties": {"organization": "org-1"}},
		"action": {"name": "read"},
		"resource": {"type": "record"},
		"context": {"explain": true},
		"evaluations": [
			{"resource": {"id": "1"}},
			{"resource": {"type": "file", "id": "2"}, "context": {"organization": "org-1"}},
			{"resource": {"id": "3"}, "subject": {"id": "bob"}, "action": {"name": "write"}}
		]}`)
	if err != nil {
		t.Fatal(err)
	}
	alice, bob := Subject{"user", "alice"}, Subject{"user", "bob"}
	want := []Question{
		{Subject: alice, Action: "read", Resource: Resource{"record", "1"}, Organization: "org-1", Explain: true},
		{Subject: alice, Action: "read", Resource: Resource{"file", "2"}, Organization: "org-1"},
		{Subject: bob, Action: "write", Resource: Resource{"record", "3"}, Explain: true},
	}
	if diff := cmp.Diff(want, asked); diff != "" {
		t.Error(diff)
	}
}

// Section 7.1.2 and 7.2.1.
func TestSemantics(t *testing.T) {
	const questions = `"subject": {"type": "user", "id": "alice"}, "resource": {"type": "record", "id": "1"}, "evaluations": [
		{"action": {"name": "read"}}, {"action": {"name": "elsewhere"}}, {"action": {"name": "read"}}, {}, {"action": {"name": "write"}}]`
	for semantic, want := range map[string]string{
		"":                    `true false:404 true false:400 false`,
		executeAll:            `true false:404 true false:400 false`,
		denyOnFirstDeny:       `true false:404`,
		permitOnFirstPermit:   `true`,
		"permit_unless_deny":  ``,
		"Permit_On_first_ALL": ``,
	} {
		answers, _, err := evaluateText(t, `{"options": {"evaluations_semantic": "`+semantic+`"}, `+questions+`}`)
		if (err != nil) != (want == "") {
			t.Errorf("%q: %v", semantic, err)
			continue
		}
		var got []string
		for _, a := range answers {
			s := map[bool]string{true: "true", false: "false"}[a.Decision]
			if a.Context != nil && a.Context.Error != nil {
				s += map[int]string{400: ":400", 404: ":404"}[a.Context.Error.Status]
			}
			got = append(got, s)
		}
		if s := strings.Join(got, " "); s != want {
			t.Errorf("%q: %s, want %s", semantic, s, want)
		}
	}
}

// An error that no question is to blame for is an error of the request, so that no caller
// takes it for a decision.
func TestBrokenDeciderIsNoDecision(t *testing.T) {
	_, _, err := evaluateText(t, `{"subject": {"type": "user", "id": "alice"}, "resource": {"type": "record", "id": "1"},
		"evaluations": [{"action": {"name": "read"}}, {"action": {"name": "broken"}}]}`)
	if !errors.Is(err, errBroken) {
		t.Errorf("%v, want %v", err, errBroken)
	}
}

func TestMistakes(t *testing.T) {
	for _, c := range []struct{ text, field string }{
		{``, ""},
		{`[]`, ""},
		{`{`, ""},
		{`{"subject": {}, "subject": {}}`, ""},
		{`{"subject": "alice"}`, "subject"},
		{`{"action": {"name": 123}}`, "action.name"},
		{`{"resource": {"properties": []}}`, "resource.properties"},
		{`{"context": "x"}`, "context"},
		{`{"context": {"organization": 5}}`, "context.organization"},
		{`{"action": {"name": "read"}, "resource": {"type": "r", "id": "1"}}`, "subject.type"},
		{`{"subject": {"type": "user"}, "action": {"name": "read"}, "resource": {"type": "r", "id": "1"}}`, "subject.id"},
		{`{"subject": {"type": "user", "id": "a"}, "resource": {"type": "r", "id": "1"}}`, "action.name"},
		{`{"subject": {"type": "user", "id": "a"}, "action": {"name": "read"}}`, "resource.type"},
		{`{"subject": {"type": "user", "id": "a"}, "action": {"name": "read"}, "resource": {"type": "r", "id": null}}`, "resource.id"},
		{`{"subject": {"type": "user", "id": "` + strings.Repeat("a", maxID+1) + `"}, "action": {"name": "read"}, "resource": {"type": "r", "id": "1"}}`, "subject.id"},
		{`{"subject": {"type": "user", "id": "a", "properties": {"organization": "b"}}, "action": {"name": "read"}, "resource": {"type": "r", "id": "1"}, "context": {"organization": "c"}}`, "context.organization"},
	} {
		var one tuple
		err := parse([]byte(c.text), &one)
		if err == nil {
			_, err = one.question(noPart)
		}
		e, ok := errors.AsType[*directory.Error](err)
		if !ok || e.Code != directory.Invalid || e.Field != c.field {
			t.Errorf("%.60s: %v, want a mistake in %q", c.text, err, c.field)
		}
	}
}

// Pages follow each other without a gap, and a token continues no other search.
func TestPages(t *testing.T) {
	var d decider
	text := func(action, token string) search {
		var s search
		body := `{"subject": {"type": "user", "id": "ignored"}, "action": {"name": "` + action + `"}, "resource": {"type": "record", "id": "1"}, "page": {"limit": 2, "token": "` + token + `"}}`
		if err := parse([]byte(body), &s); err != nil {
			t.Fatal(err)
		}
		return s
	}
	var got []string
	token := ""
	for range 3 {
		page, err := find(t.Context(), &d, directory.Call{}, subjectPart, text("read", token))
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range page.Results {
			got = append(got, r.Type+":"+r.ID)
		}
		if token != "" {
			for _, other := range []string{token[1:], "!"} {
				if _, err := find(t.Context(), &d, directory.Call{}, subjectPart, text("read", other)); err == nil {
					t.Errorf("token %q is accepted", other)
				}
			}
			if _, err := find(t.Context(), &d, directory.Call{}, subjectPart, text("write", token)); err == nil {
				t.Error("a token continues the search for another action")
			}
		}
		token = page.Page.NextToken
	}
	if want := []string{"user:a", "user:b", "user:c", "user:d", "user:e"}; !slices.Equal(got, want) || token != "" {
		t.Errorf("%v and then %q, want %v", got, token, want)
	}
	for _, q := range d.asked {
		if q.Subject.ID != "" {
			t.Errorf("the id of a search for subjects was used: %q", q.Subject.ID)
		}
	}
}

// Every body is a complete question or a mistake, and page tokens lead back to where
// they were made.
func FuzzQuestion(f *testing.F) {
	f.Add(`{"subject": {"type": "user", "id": "alice"}, "action": {"name": "read"}, "resource": {"type": "record", "id": "1"}, "evaluations": [{}]}`)
	f.Add(`{"subject": "alice", "page": {"token": "AAAA", "limit": -1}}`)
	f.Fuzz(func(t *testing.T, text string) {
		var batch evaluations
		if err := parse([]byte(text), &batch); err == nil {
			if _, err := evaluateAll(t.Context(), &decider{}, directory.Call{}, batch); err != nil && directory.CodeOf(err) == "" && !errors.Is(err, errBroken) {
				t.Errorf("%q: %v", text, err)
			}
		} else if directory.CodeOf(err) != directory.Invalid {
			t.Errorf("%q: %v", text, err)
		}
		var s search
		if parse([]byte(text), &s) != nil {
			return
		}
		q, err := s.question(actionPart)
		if err != nil {
			return
		}
		if q.Subject.Type == "" || q.Subject.ID == "" || q.Resource.Type == "" || q.Resource.ID == "" || q.Action != "" {
			t.Errorf("%q became %+v", text, q)
		}
		if at, err := openToken(makeToken(text, actionPart, q), actionPart, q); err != nil || at != text {
			t.Errorf("the token of %q leads to %q: %v", text, at, err)
		}
	})
}

// BenchmarkEvaluateAll is a request with 100 questions: decoding it, and the rest.
func BenchmarkEvaluateAll(b *testing.B) {
	text := []byte(`{"subject": {"type": "user", "id": "alice"}, "action": {"name": "read"}, "evaluations": [` +
		strings.TrimSuffix(strings.Repeat(`{"resource": {"type": "record", "id": "1"}},`, 100), ",") + `]}`)
	b.Run("decode", func(b *testing.B) {
		for b.Loop() {
			var rq evaluations
			if err := parse(text, &rq); err != nil {
				b.Fatal(err)
			}
		}
	})
	b.Run("evaluate and encode", func(b *testing.B) {
		var rq evaluations
		if err := parse(text, &rq); err != nil {
			b.Fatal(err)
		}
		for b.Loop() {
			answers, err := evaluateAll(b.Context(), &decider{}, directory.Call{}, rq)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := json.Marshal(answers); err != nil {
				b.Fatal(err)
			}
		}
	})
}
