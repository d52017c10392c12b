package httpapi

import (
	"testing"
	"time"
)

// Only null and Go's zero time are no time. A moment before or after it is a
// time long past, which ends a token rather than leave it without an end.
func TestWireTimeIsNoneOnlyForTheZeroTime(t *testing.T) {
	for text, none := range map[string]bool{
		`null`: true, `"0001-01-01T00:00:00Z"`: true, `"0001-01-01T00:00:00.000000000Z"`: true,
		`"0000-01-01T00:00:00Z"`: false, `"0000-12-31T23:59:59Z"`: false, `"0001-01-01T00:00:00.0000001Z"`: false,
		`"0001-01-01T00:00:00.000000001Z"`: false, `"0001-01-01T00:00:01Z"`: false, `"0001-01-01T00:00:00+01:00"`: false,
		`"0001-12-31T23:59:59Z"`: false, `"1970-01-01T00:00:00Z"`: false, `"2030-01-31T12:00:00Z"`: false,
	} {
		var got wireTime
		if err := got.UnmarshalJSON([]byte(text)); err != nil || got.IsZero() != none {
			t.Errorf("%s: got %v, %v, want none: %v", text, got, err, none)
		}
	}
}

func FuzzWireTime(f *testing.F) {
	for _, seed := range []string{`null`, `"0001-01-01T00:00:00Z"`, `"0000-01-01T00:00:00Z"`, `"0001-01-01T00:00:00.0000001Z"`, `"9999-12-31T23:59:59Z"`} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		var got wireTime
		if got.UnmarshalJSON([]byte(text)) != nil {
			return
		}
		var want time.Time
		if text != "null" && want.UnmarshalJSON([]byte(text)) != nil {
			t.Fatalf("%q is read, and is no time", text)
		}
		if !got.Equal(want) || got.IsZero() != want.IsZero() {
			t.Errorf("%q is read as %v, want %v", text, got.Time, want)
		}
	})
}
