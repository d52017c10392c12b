package httpapi

import (
	"errors"
	"time"

	"github.com/go-json-experiment/json"
)

// encode writes the wire format of v, ending with a newline. Equal values are equal
// bytes, because members of maps are sorted.
func encode[Wire any](v Wire) ([]byte, error) {
	b, err := json.Marshal(v, json.Deterministic(true))
	return append(b, '\n'), err
}

// confidential is implemented by wire types that show a secret, such as a token's
// value. No cache may store such a response.
type confidential interface{ confidential() }

// wireTime is a time in the wire format. The zero time is null.
type wireTime struct{ time.Time }

// MarshalJSON writes RFC 3339 in UTC, to the microsecond.
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
