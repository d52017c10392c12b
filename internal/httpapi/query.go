package httpapi

import (
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
)

// readQuery parses the query. It reads nothing from a malformed one.
func (rq *request) readQuery() {
	q, err := url.ParseQuery(rq.URL.RawQuery)
	if rq.malformed = err != nil; !rq.malformed {
		rq.params = q
	}
}

// checkQuery rejects unknown, repeated, and empty parameters: a misspelled dryRun must not
// become a real run.
func (rq *request) checkQuery(known []string) error {
	if rq.malformed {
		return directory.Errorf(directory.Invalid, "the query string is malformed")
	}
	for name, values := range rq.params {
		switch {
		case !slices.Contains(known, name):
			if len(known) == 0 {
				return directory.Errorf(directory.Invalid, "unknown query parameter %s; this operation has none", quote.Input(name))
			}
			return directory.Errorf(directory.Invalid, "unknown query parameter %s; the known ones are %s", quote.Input(name), strings.Join(known, ", "))
		case len(values) > 1:
			return directory.InvalidField(name, "must be given only once")
		case values[0] == "": // it would be ignored, which the caller can't have meant
			return directory.InvalidField(name, "must not be empty; leave it out instead")
		case !utf8.ValidString(values[0]) || strings.ContainsFunc(values[0], unicode.IsControl):
			return directory.InvalidField(name, "must be text without control characters")
		}
	}
	return nil
}

// flag reads a parameter that is true or false.
func (rq *request) flag(name string) (bool, error) {
	switch rq.params.Get(name) {
	case "true", "1":
		return true, nil
	case "false", "0":
		return false, nil
	default:
		return false, directory.InvalidField(name, "must be true or false")
	}
}

// oneOf reads a parameter with a fixed set of values.
func oneOf(q url.Values, name, missing string, values ...string) (string, error) {
	if !q.Has(name) {
		return missing, nil
	}
	v := q.Get(name)
	if !slices.Contains(values, v) {
		return "", directory.InvalidField(name, "must be one of %s", strings.Join(values, ", "))
	}
	return v, nil
}

// number reads a parameter that is a number, 1 or more. It returns 0 if it is missing.
func number(q url.Values, name string) (int64, error) {
	text := q.Get(name)
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 1 {
		return 0, directory.InvalidField(name, "must be a whole number, 1 or more")
	}
	return n, nil
}

// MaxPage is the largest limit of a list.
const MaxPage = 1000

// pageLimit reads how many items a page has.
func pageLimit(q url.Values, missing int) (int, error) { return limitUpTo(MaxPage, q, missing) }

func limitUpTo(most int, q url.Values, missing int) (int, error) {
	limit := q.Get("limit")
	if limit == "" {
		return missing, nil
	}
	n, err := strconv.Atoi(limit)
	if err != nil || n < 1 || n > most {
		return 0, directory.InvalidField("limit", "must be a number from 1 to %d", most)
	}
	return n, nil
}

// timeOf reads a parameter that is a time. It returns nil if it is missing.
func timeOf(q url.Values, name string) (t *time.Time, err error) {
	if q.Has(name) {
		t = new(time.Time)
		if *t, err = time.Parse(time.RFC3339, q.Get(name)); err != nil {
			err = directory.InvalidField(name, "must be a date and time as in 2030-01-31T12:00:00Z, with + written as %%2B")
		}
	}
	return t, err
}

// atOf reads the parameter at, truncated to the microsecond, as entries are. It returns
// the zero time if the parameter is missing.
func atOf(q url.Values) (time.Time, error) {
	t, err := timeOf(q, "at")
	if t == nil || err != nil {
		return time.Time{}, err
	}
	at := t.UTC().Truncate(time.Microsecond)
	if at.IsZero() {
		return at, directory.InvalidField("at", "must be after the beginning of year 1")
	}
	return at, nil
}

// linkNext sets the Link header to the next page (RFC 8288): the same query with a cursor.
func (rq *request) linkNext(cursor string) {
	query := url.Values{"cursor": {cursor}}
	for name, values := range rq.params {
		if name != "cursor" {
			query[name] = values
		}
	}
	rq.w.Header()["Link"] = []string{"<" + rq.URL.EscapedPath() + "?" + query.Encode() + `>; rel="next"`}
}
