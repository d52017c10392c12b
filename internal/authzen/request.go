package authzen

import (
	"errors"
	"mime"
	"net/http"
	"strings"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/protocol"
)

// maxID bounds the names and ids in a question, in bytes.
const maxID = 1024

// tuple is a question as it is sent (sections 5 and 6.1). Members that are not listed here
// are ignored, as section 4 requires. Every part may be missing.
type tuple struct {
	Subject  *subject    `json:"subject"`
	Action   *action     `json:"action"`
	Resource *resource   `json:"resource"`
	Context  *conditions `json:"context"`
}

type subject struct {
	Type       string `json:"type"`
	ID         string `json:"id"`
	Properties struct {
		Organization string `json:"organization"`
		Address      string `json:"ip_address"` // section 5.1.1
	} `json:"properties"`
}

type action struct {
	Name       string   `json:"name"`
	Properties struct{} `json:"properties"` // any object
}

type resource struct {
	Type       string   `json:"type"`
	ID         string   `json:"id"`
	Properties struct{} `json:"properties"` // any object
}

type conditions struct {
	Organization string `json:"organization"`
	Explain      bool   `json:"explain"`
	Identify     bool   `json:"identify"`
	Cache        bool   `json:"cache"`
}

// or returns t with the defaults for the parts that t does not have (section 7.1.1). If t has
// a part, only its type, id or name may come from the defaults.
func (t tuple) or(defaults tuple) tuple {
	t.Subject = either(t.Subject, defaults.Subject, func(own, other *subject) {
		own.Type, own.ID = first(own.Type, other.Type), first(own.ID, other.ID)
	})
	t.Action = either(t.Action, defaults.Action, func(own, other *action) {
		own.Name = first(own.Name, other.Name)
	})
	t.Resource = either(t.Resource, defaults.Resource, func(own, other *resource) {
		own.Type, own.ID = first(own.Type, other.Type), first(own.ID, other.ID)
	})
	t.Context = either(t.Context, defaults.Context, func(_, _ *conditions) {})
	return t
}

// either returns a, completed from b, or the one of both that is there.
func either[T any](a, b *T, complete func(a, b *T)) *T {
	if a == nil {
		return b
	}
	if b != nil {
		complete(a, b)
	}
	return a
}

func first(a, b string) string {
	if a != "" {
		return a
	}
	return b
}

// part is the part of a question that a search leaves open.
type part int

const (
	noPart part = iota
	subjectPart
	resourcePart
	actionPart
)

// question checks that t has everything but the part that is searched, which is ignored.
func (t tuple) question(searched part) (q Question, err error) {
	var s subject
	var r resource
	var a action
	if t.Subject != nil {
		s = *t.Subject
	}
	if t.Resource != nil {
		r = *t.Resource
	}
	if t.Action != nil {
		a = *t.Action
	}
	switch searched {
	case subjectPart:
		s.ID = ""
	case resourcePart:
		r.ID = ""
	case actionPart:
		a.Name = ""
	}
	for _, member := range []struct {
		name, value string
		optional    bool
	}{
		{"subject.type", s.Type, false},
		{"subject.id", s.ID, searched == subjectPart},
		{"action.name", a.Name, searched == actionPart},
		{"resource.type", r.Type, false},
		{"resource.id", r.ID, searched == resourcePart},
	} {
		switch {
		case member.value == "" && !member.optional:
			return q, directory.InvalidField(member.name, "is required")
		case len(member.value) > maxID:
			return q, directory.InvalidField(member.name, "must have at most %d bytes", maxID)
		}
	}
	q = Question{Subject: Subject{s.Type, s.ID}, Action: a.Name, Resource: Resource{r.Type, r.ID}, Address: s.Properties.Address}
	if t.Context != nil {
		q.Organization, q.Explain = t.Context.Organization, t.Context.Explain
		q.Identify, q.Cache = t.Context.Identify, t.Context.Cache
	}
	if org := s.Properties.Organization; org != "" {
		if q.Organization != "" && q.Organization != org {
			return q, directory.InvalidField("context.organization", "differs from subject.properties.organization")
		}
		q.Organization = org
	}
	return q, nil
}

// read parses a body into v. A wrong media type is an invalid request, as the
// certification scenario requires.
func read(w http.ResponseWriter, r *http.Request, v any) error {
	mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if err != nil || mediaType != "application/json" {
		return directory.Errorf(directory.Invalid, "the body must be JSON, sent with Content-Type: application/json")
	}
	body, err := protocol.ReadBody(w, r, MaxBody)
	if err != nil {
		return err
	}
	return parse(body, v)
}

func parse(body []byte, v any) error {
	err := json.Unmarshal(body, v)
	if err == nil {
		return nil
	}
	if mistake, ok := errors.AsType[*json.SemanticError](err); ok && mistake.JSONPointer != "" {
		return directory.InvalidField(member(mistake.JSONPointer), "must not be a JSON %s", kindName(mistake.JSONKind))
	}
	if len(body) == 0 {
		return directory.Errorf(directory.Invalid, "the body is empty; it must be a JSON object")
	}
	return &directory.Error{Code: directory.Invalid, Message: "the body is not a valid JSON object", Err: err}
}

// member turns a pointer into the name of a member, as in subject.id.
func member(p jsontext.Pointer) string {
	return strings.ReplaceAll(strings.TrimPrefix(string(p), "/"), "/", ".")
}

func kindName(k jsontext.Kind) string {
	switch k {
	case 't', 'f':
		return "boolean"
	case '"':
		return "string"
	case '0':
		return "number"
	case '[':
		return "array"
	default:
		return "object"
	}
}
