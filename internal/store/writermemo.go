package store

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// maxMemo bounds how many rows of a kind are kept.
const maxMemo = 1024

// writerMemo caches the rows that every change reads in SQLite's one writer: its
// principal's API token, and the end of its log. Reading them takes a tenth of the cost
// of a write among others. [tx.execute] clears the cache, because its statement may change
// a cached row, if only by a foreign key. The writer clears it after a rollback, and when
// another process has committed. A nil memo caches nothing. Only the writer's goroutine
// uses it.
type writerMemo struct {
	tokens map[tokenKey]directory.APITokenRecord
	ends   map[directory.OrgID]logEnd
}

type tokenKey struct {
	org directory.OrgID
	id  directory.TokenID
}

// logEnd is the sequence number and the time of a log's last entry.
type logEnd struct {
	sequence int64
	at       time.Time
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

func (m *writerMemo) dropEnd(org directory.OrgID) {
	if m != nil {
		delete(m.ends, org)
	}
}
