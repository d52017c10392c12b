package store

import (
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// maxTokenMemo bounds how many tokens are kept.
const maxTokenMemo = 1024

// tokenMemo keeps API tokens as SQLite's one writer has last read them: every
// change reads its principal's again, and to read a row takes a tenth of what a
// write costs. It is what the database has, since nobody else writes but other
// processes, whose commits the writer notices as it begins a transaction, and it
// is forgotten when anything is changed or undone that could be a token. A nil
// memo keeps nothing. It belongs to the writer's goroutine.
type tokenMemo struct {
	kept map[tokenKey]directory.APITokenRecord
}

type tokenKey struct {
	org directory.OrgID
	id  directory.TokenID
}

func (m *tokenMemo) find(k tokenKey) (t directory.APITokenRecord, ok bool) {
	if m == nil {
		return t, false
	}
	t, ok = m.kept[k]
	return t, ok
}

func (m *tokenMemo) keep(k tokenKey, t directory.APITokenRecord) {
	if m == nil {
		return
	}
	if m.kept == nil || len(m.kept) >= maxTokenMemo {
		m.kept = make(map[tokenKey]directory.APITokenRecord)
	}
	m.kept[k] = t
}

func (m *tokenMemo) forget() {
	if m != nil {
		clear(m.kept)
	}
}

// executes is told of each statement before it is run. New rows leave the
// tokens that there are as they are; everything else may be about one, if only by
// a foreign key.
func (m *tokenMemo) executes(query string) {
	if !strings.HasPrefix(query, "INSERT") {
		m.forget()
	}
}
