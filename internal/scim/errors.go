package scim

import (
	"encoding/json"
	"errors"
	"net/http"
	"strconv"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/protocol"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/scim/schema"
)

// statuses maps the codes that only this package has to HTTP statuses.
var statuses = map[directory.Code]int{
	notImplemented: http.StatusNotImplemented,
	notModified:    http.StatusNotModified,
}

const (
	notImplemented directory.Code = "not_implemented"
	notModified    directory.Code = "not_modified"
)

// Kinds of mistakes that only this package reports (RFC 7644 section 3.12, RFC 9865
// section 2.1).
const (
	uniqueness    schema.ScimType = "uniqueness"
	tooMany       schema.ScimType = "tooMany"
	invalidCursor schema.ScimType = "invalidCursor"
	invalidCount  schema.ScimType = "invalidCount"
)

// aboutUniqueness reports whether conflicts at a field are about uniqueness.
func aboutUniqueness(field string) bool {
	return field == "userName" || field == "emails" || field == "displayName" || strings.HasPrefix(strings.ToLower(field), "urn:")
}

const errorURN = "urn:ietf:params:scim:api:messages:2.0:Error"

// errorBody is an error in the form of RFC 7644 section 3.12.
type errorBody struct {
	Schemas  []string        `json:"schemas"`
	Status   string          `json:"status"`
	ScimType schema.ScimType `json:"scimType,omitempty"`
	Detail   string          `json:"detail"`
}

func errorOf(e *directory.Error) (int, errorBody) {
	status, own := statuses[e.Code]
	if !own {
		status = protocol.Statuses[e.Code]
	}
	return status, errorBody{[]string{errorURN}, strconv.Itoa(status), typeOf(e), e.Error()}
}

func typeOf(e *directory.Error) schema.ScimType {
	if mistake, ok := errors.AsType[*schema.Error](e.Err); ok {
		return mistake.Type
	}
	switch {
	case errors.Is(e, provisioning.ErrTooManyMembers):
		return tooMany
	case e.Code == directory.Invalid:
		return schema.InvalidValue
	case e.Code == directory.Conflict && aboutUniqueness(e.Field):
		return uniqueness
	}
	return ""
}

// coded gives the errors of the pure packages a code.
func coded(err error) error {
	if mistake, ok := errors.AsType[*schema.Error](err); ok && directory.CodeOf(err) == "" {
		return &directory.Error{Code: directory.Invalid, Message: mistake.Detail, Err: mistake}
	}
	return err
}

// mistake is an error with a scimType.
func mistake(kind schema.ScimType, format string, args ...any) error {
	return coded(schema.Errorf(kind, format, args...))
}

// fail responds with an error.
func fail(w http.ResponseWriter, e *directory.Error) {
	status, body := errorOf(e)
	write(w, status, body)
}

// contentType is the media type of responses.
const contentType = "application/scim+json"

func encode(body any) []byte {
	encoded, err := json.Marshal(body)
	if err != nil {
		panic(err) // maps, lists, texts and numbers that were JSON
	}
	return encoded
}

func write(w http.ResponseWriter, status int, body any) {
	encoded, ok := body.([]byte)
	if !ok {
		encoded = encode(body)
	}
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(encoded)))
	w.WriteHeader(status)
	_, _ = w.Write(encoded) // a client that is gone needs no response
}
