package console

import (
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// auditPage lists the audit log, the newest entry first, and goes on as it grows.
var auditPage = page{
	about: "auditLog",
	path:  "audit", name: "audit", title: "Audit log", menu: "a", needs: []directory.Operation{directory.OpListEntries}, show: showAudit,
	parts: map[string]func(*request) (any, error){"rows": showAuditRows, "live": showNewEntries},
}

const (
	entriesShown = 50
	// liveShown is how many new entries one look brings.
	liveShown = 100
)

// entriesSearched is how many entries a request looks through for those that a filter lets
// through; the rest of the list goes on from there. Tests make it few.
var entriesSearched int64 = 5_000

// auditFilter is what the list is narrowed to, as the address has it.
type auditFilter struct{ Actor, Action, Target, Outcome, From, To string }

// Set reports whether the list leaves out entries.
func (f auditFilter) Set() bool { return f != auditFilter{} }

func (f auditFilter) query(key string, sequence int64) string {
	q := make(url.Values)
	for name, value := range map[string]string{"actor": f.Actor, "action": f.Action, "target": f.Target, "outcome": f.Outcome, "from": f.From, "to": f.To} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if key != "" {
		q.Set(key, strconv.FormatInt(sequence, 10))
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

type auditData struct {
	Filter  auditFilter
	Entries []markedEntry
	First   bool
	More    string // the rest's query
	Live    string // the query for what is newer; "" if the list ends at a time
	Actions []string
	// Searched is set if the rest has to be searched before there is anything to show.
	Searched bool
	// Since and Until are the ends of the slider that chooses a time, and At is where it
	// stands, in minutes since 1970. If Until is 0, there is no slider.
	Since, Until, At int64
}

// markedEntry is an entry with what its proof says.
type markedEntry struct {
	directory.Entry
	Mark entryMark
}

// entryMark says whether an entry is as it was written.
type entryMark string

const (
	markSealed  entryMark = "sealed"  // it matches its hash, which a signed checkpoint covers
	markFresh   entryMark = "fresh"   // it matches its hash; the next checkpoint will cover it
	markChanged entryMark = "changed" // it does not match its hash
)

func (rq *request) auditFilter() (f auditFilter, q directory.EntryQuery, err error) {
	form := rq.URL.Query()
	text := func(name string) string { return strings.TrimSpace(form.Get(name)) }
	f = auditFilter{text("actor"), text("action"), text("target"), text("outcome"), text("from"), text("to")}
	q = directory.EntryQuery{Actor: f.Actor, Action: f.Action, Target: f.Target, NewestFirst: true, Limit: entriesShown}
	switch f.Outcome {
	case "done", "refused":
		o := directory.Outcome(strings.TrimPrefix(f.Outcome, "done"))
		q.Outcome = &o
	case "":
	default:
		return f, q, directory.InvalidField("outcome", "must be done or refused")
	}
	from, err := parseAt(f.From)
	if err != nil {
		return f, q, err
	}
	to, err := parseAt(f.To)
	if err != nil || (from.IsZero() && to.IsZero()) {
		return f, q, err
	}
	span, err := rq.console.Trail.LogSpan(rq.Context(), rq.call, optional(from), optional(to))
	q.After, q.Before = span.After, span.Before
	return f, q, err
}

func optional(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func showAudit(rq *request) (any, error) {
	d, err := rq.listEntries()
	if err != nil {
		return nil, err
	}
	oldest, _, err := rq.console.Trail.ListEntries(rq.Context(), rq.call, directory.EntryQuery{Limit: 1})
	if err != nil || len(oldest) == 0 {
		return d, err
	}
	minute := func(t time.Time) int64 { return t.Unix() / 60 }
	d.Since, d.Until = minute(oldest[0].At), minute(rq.now())+1
	d.At = d.Until
	if to, err := parseAt(d.Filter.To); err == nil && !to.IsZero() {
		d.At = min(max(minute(to), d.Since), d.Until)
	}
	return d, nil
}

func showAuditRows(rq *request) (any, error) {
	d, err := rq.listEntries()
	if err == nil && d.First {
		rq.w.Header().Set("HX-Replace-Url", rq.path("audit")+d.Filter.query("", 0))
	}
	return d, err
}

func (rq *request) listEntries() (d auditData, err error) {
	f, q, err := rq.auditFilter()
	if err != nil {
		return d, err
	}
	d = auditData{Filter: f, First: true}
	if before := rq.URL.Query().Get("before"); before != "" {
		d.First = false
		if q.Before, err = sequence(before); err != nil {
			return d, err
		}
	}
	events, err := rq.console.Trail.ReadEvents(rq.Context(), rq.call, directory.EntryQuery{After: -1})
	if err != nil {
		return d, err
	}
	end := q.After
	if q.Before == 0 {
		q.Before = events.End + 1
	}
	q.After = max(end, q.Before-entriesSearched)
	list, more, err := rq.console.Trail.ListEntries(rq.Context(), rq.call, q)
	if err != nil {
		return d, err
	}
	if d.Entries, err = rq.mark(list); err != nil {
		return d, err
	}
	switch {
	case more:
		d.More = f.query("before", list[len(list)-1].Sequence)
	case q.After > end:
		d.More, d.Searched = f.query("before", q.After+1), true
	}
	if d.First && f.To == "" {
		d.Live = f.query("after", max(events.End, newest(list)))
	}
	names := make(map[string]bool)
	for _, e := range list {
		names[e.Action] = true
	}
	d.Actions = slices.Sorted(maps.Keys(names))
	return d, nil
}

func newest(list []directory.Entry) (last int64) {
	for _, e := range list {
		last = max(last, e.Sequence)
	}
	return last
}

func sequence(text string) (int64, error) {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n < 0 {
		return 0, directory.Errorf(directory.NotFound, "there is no such entry")
	}
	return n, nil
}

// showNewEntries lists the entries after one; nothing if there are none.
func showNewEntries(rq *request) (any, error) {
	f, q, err := rq.auditFilter()
	if err != nil {
		return nil, err
	}
	if q.After, err = sequence(rq.URL.Query().Get("after")); err != nil {
		return nil, err
	}
	q.NewestFirst, q.Limit = false, liveShown
	list, _, err := rq.console.Trail.ListEntries(rq.Context(), rq.call, q)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	d := auditData{Filter: f, Live: f.query("after", newest(list))}
	slices.Reverse(list)
	d.Entries, err = rq.mark(list)
	return d, err
}

// mark compares entries with their hashes and with the newest checkpoint.
func (rq *request) mark(list []directory.Entry) ([]markedEntry, error) {
	checkpoint, err := rq.console.Trail.GetCheckpoint(rq.Context(), rq.call, 0)
	if err != nil && directory.CodeOf(err) != directory.NotFound { // the log may not be sealed yet
		return nil, err
	}
	marked := make([]markedEntry, len(list))
	for i, e := range list {
		marked[i] = markedEntry{e, markFresh}
		record, err := e.Shown()
		if err != nil {
			return nil, err
		}
		switch _, whole := leafOf(e, record); {
		case !whole:
			marked[i].Mark = markChanged
		case e.Sequence <= checkpoint.Size:
			marked[i].Mark = markSealed
		}
	}
	return marked, nil
}
