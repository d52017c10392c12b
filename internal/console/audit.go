package console

import (
	"bytes"
	"encoding/json"
	"maps"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
)

// auditPage lists the audit log, the newest entry first, and goes on as it grows.
var auditPage = page{
	about: "auditLog",
	path:  "audit", name: "audit", title: "Audit log", menu: "a", needs: []directory.Operation{directory.OpListEntries}, show: showAudit,
	parts: map[string]func(*request) (any, error){"rows": showAuditRows, "live": showNewEntries},
}

// entryPage shows one entry with its proof.
var entryPage = page{
	about: "auditLog",
	path:  "audit/{sequence}", name: "entry", title: "Entry", needs: []directory.Operation{directory.OpListEntries}, show: showEntry,
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
	oldest, _, err := rq.console.Service.ListEntries(rq.Context(), rq.call, directory.EntryQuery{Limit: 1})
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
	events, err := rq.console.Service.ReadEvents(rq.Context(), rq.call, directory.EntryQuery{After: -1})
	if err != nil {
		return d, err
	}
	end := q.After
	if q.Before == 0 {
		q.Before = events.End + 1
	}
	q.After = max(end, q.Before-entriesSearched)
	list, more, err := rq.console.Service.ListEntries(rq.Context(), rq.call, q)
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
	list, _, err := rq.console.Service.ListEntries(rq.Context(), rq.call, q)
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

type entryData struct {
	Entry   directory.Entry
	Record  audit.Record
	Members []changedMember
	Proof   entryProof
}

// changedMember is a member of what an entry is about, before and after.
type changedMember struct{ Name, Before, After string }

// entryProof is what was verified of an entry.
type entryProof struct {
	Mark entryMark
	Size int64  // of the checkpoint
	Leaf string // the entry's hash
	Root string // of the tree
}

func showEntry(rq *request) (any, error) {
	n, err := sequence(rq.PathValue("sequence"))
	if err != nil {
		return nil, err
	}
	q := directory.EntryQuery{After: n - 1, Before: n + 1, Limit: 1}
	list, _, err := rq.console.Service.ListEntries(rq.Context(), rq.call, q)
	if err != nil {
		return nil, err
	}
	if len(list) == 0 {
		return nil, directory.Errorf(directory.NotFound, "there is no such entry, or it is not kept any more")
	}
	d := entryData{Entry: list[0]}
	if d.Record, err = d.Entry.Shown(); err != nil {
		return nil, err
	}
	d.Members = changedMembers(d.Record)
	d.Proof, err = rq.prove(d.Entry, d.Record)
	return d, err
}

// prove verifies an entry: its hash, that the tree has it, and the tree's signature.
func (rq *request) prove(e directory.Entry, r audit.Record) (p entryProof, err error) {
	leaf, whole := leafOf(e, r)
	p = entryProof{Mark: markChanged, Leaf: leaf.String()}
	if !whole {
		return p, nil
	}
	p.Mark = markFresh
	s, ctx := rq.console.Trail, rq.Context()
	signed, err := s.GetCheckpoint(ctx, rq.call, 0)
	if directory.CodeOf(err) == directory.NotFound || (err == nil && e.Sequence > signed.Size) {
		return p, nil
	}
	if err != nil {
		return p, err
	}
	keys, err := s.AuditKeys(ctx, rq.call)
	if err != nil {
		return p, err
	}
	inclusion, err := s.ProveInclusion(ctx, rq.call, e.Sequence, signed.Size)
	if err != nil {
		return p, err
	}
	p.Mark = markChanged
	if head, unsigned := audit.OpenCheckpoint(signed.Note, keys); unsigned == nil {
		p.Size, p.Root = head.N, head.Hash.String()
		if tlog.CheckRecord(inclusion.Proof, head.N, head.Hash, e.Sequence-1, leaf) == nil {
			p.Mark = markSealed
		}
	}
	return p, nil
}

// leafOf computes an entry's hash from its record, and whether it is the one that the
// entry was written with.
func leafOf(e directory.Entry, r audit.Record) (leaf audit.Hash, whole bool) {
	leaf, err := r.Leaf()
	return leaf, err == nil && bytes.Equal(leaf[:], e.Leaf)
}

// changedMembers compares the states before and after, member by member. Members that stay
// are left out if both states are there.
func changedMembers(r audit.Record) (list []changedMember) {
	before, after := members(r.Before), members(r.After)
	all := maps.Clone(before)
	maps.Copy(all, after)
	for _, name := range slices.Sorted(maps.Keys(all)) {
		was, is := before[name], after[name]
		if len(before) > 0 && len(after) > 0 && was == is {
			continue
		}
		list = append(list, changedMember{name, was, is})
	}
	return list
}

func members(state []byte) map[string]string {
	var raw map[string]json.RawMessage
	if json.Unmarshal(state, &raw) != nil {
		return map[string]string{}
	}
	texts := make(map[string]string, len(raw))
	for name, value := range raw {
		var text string
		if json.Unmarshal(value, &text) != nil {
			text = string(value)
		}
		texts[name] = text
	}
	return texts
}
