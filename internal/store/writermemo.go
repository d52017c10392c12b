package store

import (
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// maxMemo bounds how many rows of a kind are kept.
const maxMemo = 1024

// writerMemo caches the rows that every change reads in SQLite's one writer: its
// principal's API token, and the end of its log. Reading a row takes a tenth of the cost
// of a write. The cache matches the database: only other processes write besides this
// writer, which notices their commits when it begins a transaction, and a change or
// rollback that could touch a cached row drops it. A nil memo caches nothing. Only the
// writer's goroutine uses it.
type writerMemo struct {
	tokens map[tokenKey]directory.APITokenRecord
	ends   map[directory.OrgID]logEnd
}

type tokenKey struct {
	org directory.OrgID
	id  directory.TokenID
}

// logEnd is number and time of a log's last entry.
type logEnd struct {
	number int64
	at     time.Time
}

func (m *writerMemo) token(k tokenKey) (t directory.APITokenRecord, ok bool) {
	if m == nil {
		return t, false
	}
	t, ok = m.tokens[k]
	return t, ok
}

func (m *writerMemo) keepToken(k tokenKey, t directory.APITokenRecord) {
	if m != nil {
		m.tokens = kept(m.tokens, k, t)
	}
}

func (m *writerMemo) end(org directory.OrgID) (e logEnd, ok bool) {
	if m == nil {
		return e, false
	}
	e, ok = m.ends[org]
	return e, ok
}

func (m *writerMemo) keepEnd(org directory.OrgID, e logEnd) {
	if m != nil {
		m.ends = kept(m.ends, org, e)
	}
}

func kept[K comparable, V any](all map[K]V, k K, v V) map[K]V {
	if all == nil || len(all) >= maxMemo {
		all = make(map[K]V)
	}
	all[k] = v
	return all
}

func (m *writerMemo) forget() {
	if m != nil {
		clear(m.tokens)
		clear(m.ends)
	}
}

// executes is told of each statement before it is run. New rows leave the tokens
// that there are as they are, and new entries move an end; everything else may be
// about one, if only by a foreign key.
func (m *writerMemo) executes(query string) {
	switch {
	case m == nil:
	case strings.HasPrefix(query, "INSERT INTO entries"): // who inserts knows the new end
		clear(m.ends)
	case !strings.HasPrefix(query, "INSERT"):
		m.forget()
	}
}
