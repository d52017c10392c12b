package httpapi

import (
	"errors"
	"fmt"
	"net/url"
	"time"

	"github.com/go-json-experiment/json"

	"github.com/rosterhq/roster/internal/directory"
)

// answerWith makes the answer of what a service call returned.
func answerWith[T any](v T, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	body, err := represent(v)
	return answer{body: body, secret: holdsSecret(v)}, err
}

// holdsSecret reports whether the wire form of v shows a secret, such as a token's
// value. No cache may store such an answer.
func holdsSecret(v any) bool {
	switch v.(type) {
	case directory.IssuedAPIToken, directory.IssuedPersonalToken, directory.IssuedWebhook, provisioned, claimed:
		return true
	default:
		return false
	}
}

// answerList is answerWith for a list; none is [], never null.
func answerList[T any](list []T, err error) (answer, error) {
	if err != nil {
		return answer{}, err
	}
	body := []byte{'['}
	for i, v := range list {
		if i > 0 {
			body = append(body, ',')
		}
		one, err := represent(v)
		if err != nil {
			return answer{}, err
		}
		body = append(body, one[:len(one)-1]...)
	}
	return answer{body: append(body, ']', '\n')}, nil
}

// represent is the wire form of everything the service gives, ending with a new
// line. It is also what ETags are made of, wherever one is compared.
func represent(v any) ([]byte, error) {
	switch v := v.(type) {
	case directory.User:
		return appendUserAnswer(make([]byte, 0, 256), v), nil
	case directory.APITokenRecord:
		return encode(apiTokenOf(v))
	case directory.IssuedAPIToken:
		return encode(issuedAPIToken{apiTokenOf(v.APITokenRecord), v.Secret})
	case directory.PersonalTokenRecord:
		return encode(personalTokenOf(v))
	case directory.IssuedPersonalToken:
		return encode(issuedPersonalToken{personalTokenOf(v.PersonalTokenRecord), v.Secret})
	case directory.Role:
		return encode(roleOf(v))
	case directory.Group:
		return encode(groupOf(v))
	case directory.Membership:
		return encode(orgOf(v))
	case directory.Created:
		return encode(createdOf(v))
	case directory.TokenNetworks:
		return encode(tokenNetworksOf(v))
	case directory.OrgSettings:
		return encode(orgSettingsOf(v))
	case directory.TokenUsage:
		return encode(tokenUsageOf(v))
	case directory.SignedCheckpoint:
		return encode(checkpoint{v.Size, wireTime{v.SealedAt}, v.Note})
	case directory.Inclusion:
		return encode(inclusion{v.Sequence, v.Size, hashesOf(v.Proof)})
	case directory.Consistency:
		return encode(consistency{v.From, v.To, hashesOf(v.Proof)})
	case directory.Retention:
		return encode(retentionOf(v))
	case auditKeys, erasure:
		return encode(v)
	case directory.Webhook:
		return encode(webhookOf(v))
	case directory.IssuedWebhook:
		return encode(issuedWebhook{webhookOf(v.Webhook), v.Secret})
	case directory.Delivery:
		return encode(deliveryOf(v))
	case directory.Replayed:
		return encode(replayedOf(v))
	case directory.Invitation:
		return encode(orgInvitationOf(v))
	case invitation:
		return encode(v)
	case provisioned:
		return encode(v)
	case claimed:
		return encode(v)
	case access:
		return encode(v)
	case accessDecision:
		return encode(v)
	case directory.LimitUse:
		return encode(limitUseOf(v))
	default:
		return nil, fmt.Errorf("no wire form for %T", v)
	}
}

// linkNext says where the list goes on (RFC 8288): at the same query with a cursor.
func (rq *request) linkNext(cursor string) {
	query := url.Values{"cursor": {cursor}}
	for name, values := range rq.params {
		if name != "cursor" {
			query[name] = values
		}
	}
	rq.w.Header()["Link"] = []string{"<" + rq.URL.EscapedPath() + "?" + query.Encode() + `>; rel="next"`}
}

// encode writes equal values as equal bytes: maps in the order of their keys.
func encode(v any) ([]byte, error) {
	b, err := json.Marshal(v, json.Deterministic(true))
	return append(b, '\n'), err
}

// wireTime is a time that may be none: null.
type wireTime struct{ time.Time }

// MarshalJSON writes null for none, else RFC 3339 in UTC with the microseconds kept.
func (t wireTime) MarshalJSON() ([]byte, error) {
	if t.IsZero() {
		return []byte("null"), nil
	}
	return t.UTC().AppendFormat(nil, `"2006-01-02T15:04:05.999999Z07:00"`), nil
}

var errTime = errors.New("must be a date and time as in 2030-01-31T12:00:00Z")

// UnmarshalJSON reads RFC 3339 or null. Go clients send their zero time,
// 0001-01-01T00:00:00Z, for a time that was never set. It is read as none. Every
// other early time is a time in the past.
func (t *wireTime) UnmarshalJSON(b []byte) error {
	if string(b) == "null" {
		t.Time = time.Time{}
		return nil
	}
	if t.Time.UnmarshalJSON(b) != nil {
		return errTime
	}
	return nil
}
