package store

import (
	"encoding/json"
	"fmt"
	"iter"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

func (t *tx) AppendEntry(e directory.Entry) error {
	t.entries = append(t.entries, e)
	end, known := t.memo.end(e.OrgID)
	t.memo.dropEnd(e.OrgID)
	_, err := t.insert(`INSERT INTO entries (org_id, sequence, at, actor, actor_id, action, outcome, reason, target_type, target_id, target_name,
			before, after, trace_id, remote_addr, user_agent, salts, erased, leaf, mac)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20)`,
		e.OrgID, e.Sequence, micros(e.At), asJSON(e.Actor), e.Actor.ID(), e.Action, e.Outcome, e.Reason, e.Target.Type, e.Target.ID, e.Target.Name,
		nullJSON(e.Before), nullJSON(e.After), e.TraceID, e.RemoteAddr, e.UserAgent, saltsOf(e.Secrets), erasedOf(e.Secrets), e.Leaf, e.MAC)
	if err == nil && known && e.Sequence == end.sequence+1 {
		t.memo.keepEnd(e.OrgID, logEnd{e.Sequence, e.At})
	}
	return t.note(err)
}

// EraseEntry overwrites the personal data of an entry.
func (t *tx) EraseEntry(e directory.Entry) error {
	return t.execOne("entry", `UPDATE entries SET actor = $3, target_name = $4, before = $5, after = $6,
			remote_addr = $7, user_agent = $8, salts = $9, erased = $10
		WHERE org_id = $1 AND sequence = $2`,
		e.OrgID, e.Sequence, asJSON(e.Actor), e.Target.Name, nullJSON(e.Before), nullJSON(e.After),
		e.RemoteAddr, e.UserAgent, saltsOf(e.Secrets), erasedOf(e.Secrets))
}

// RenumberEntry overwrites an entry's sequence number and its proof.
func (t *tx) RenumberEntry(was int64, e directory.Entry) error {
	if was != e.Sequence {
		err := t.exec(`UPDATE webhook_deliveries SET sequence = $3 WHERE org_id = $1 AND sequence = $2`, e.OrgID, was, e.Sequence)
		if err != nil {
			return err
		}
	}
	return t.execOne("entry", `UPDATE entries SET sequence = $3, at = $4, leaf = $5, mac = $6 WHERE org_id = $1 AND sequence = $2`,
		e.OrgID, was, e.Sequence, micros(e.At), e.Leaf, e.MAC)
}

// DropEntries deletes an organization's entries up to a sequence number.
func (t *tx) DropEntries(org directory.OrgID, upTo int64) error {
	return t.exec(`DELETE FROM entries WHERE org_id = $1 AND sequence <= $2`, org, upTo)
}

// nullJSON returns a missing state as NULL. For example, a created object has no state
// before.
func nullJSON(b json.RawMessage) any {
	if b == nil {
		return nil
	}
	return string(b)
}

func scanEntry(row scanner) (e directory.Entry, err error) {
	var at int64
	var before, after, salts, erased []byte
	// As plain strings: database/sql reaches named types by reflection.
	err = row.Scan(&e.Position, &e.Sequence, &at, (*string)(&e.OrgID), asJSON(&e.Actor), &e.Action, (*string)(&e.Outcome), &e.Reason,
		&e.Target.Type, &e.Target.ID, &e.Target.Name,
		&before, &after, &e.TraceID, &e.RemoteAddr, &e.UserAgent, &salts, &erased, &e.Leaf, &e.MAC)
	e.At, e.Before, e.After, e.Secrets = fromMicros(at), before, after, secretsOf(salts, erased)
	return e, err
}

const selectEntries = `SELECT position, sequence, at, org_id, actor, action, outcome, reason, target_type, target_id, target_name,
	before, after, trace_id, remote_addr, user_agent, salts, erased, leaf, mac FROM entries `

func (t *tx) Entries(after int64, limit int) ([]directory.Entry, error) {
	return list(t, scanEntry, selectEntries+`WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3`, after, t.db.horizon(), limit)
}

func (t *tx) OrgEntries(org directory.OrgID, q directory.EntryQuery) iter.Seq2[directory.Entry, error] {
	args := []any{org}
	var and strings.Builder
	add := func(condition string, value any) {
		args = append(args, value)
		fmt.Fprintf(&and, " AND %s $%d", condition, len(args))
	}
	if q.After > 0 {
		add("sequence >", q.After)
	}
	if q.Before > 0 {
		add("sequence <", q.Before)
	}
	if q.Actor != "" {
		add("actor_id =", q.Actor)
	}
	if q.Target != "" {
		add("target_id =", q.Target)
	}
	if q.Action != "" {
		if prefix, ok := strings.CutSuffix(q.Action, "*"); ok {
			add(fmt.Sprintf("substr(action, 1, %d) =", len(prefix)), prefix)
		} else {
			add("action =", q.Action)
		}
	}
	if q.Outcome != nil {
		add("outcome =", *q.Outcome)
	}
	order := " ORDER BY sequence"
	if q.NewestFirst {
		order += " DESC"
	}
	if q.Limit > 0 {
		args = append(args, q.Limit)
		order += fmt.Sprintf(" LIMIT $%d", len(args))
	}
	return each(t, scanEntry, selectEntries+`WHERE org_id = $1`+and.String()+order, args...)
}

func (t *tx) LastOrgEntry(org directory.OrgID) (sequence int64, at time.Time, err error) {
	if e, ok := t.memo.end(org); ok && !t.reading {
		return e.sequence, e.at, nil
	}
	last, err := one(t, "entry", func(row scanner) (last [2]int64, err error) {
		err = row.Scan(&last[0], &last[1])
		return last, err
	}, `SELECT sequence, at FROM entries WHERE org_id = $1 ORDER BY sequence DESC LIMIT 1`, org)
	if directory.CodeOf(err) == directory.NotFound {
		return 0, time.Time{}, nil
	}
	if err == nil {
		t.memo.keepEnd(org, logEnd{last[0], fromMicros(last[1])})
	}
	return last[0], fromMicros(last[1]), err
}

func (t *tx) LastEntry() (int64, error) {
	return one(t, "entry", scanValue[int64], `SELECT COALESCE(max(position), 0) FROM entries`)
}

// OrgVersion includes the time besides the number, because a database that was restored
// from a backup assigns the same numbers again.
func (t *tx) OrgVersion(org directory.OrgID) (string, error) {
	return one(t, "entry", scanValue[string], `SELECT COALESCE(max(position || '-' || at), '0') FROM
		(SELECT position, at FROM entries WHERE org_id = $1 AND outcome = '' ORDER BY sequence DESC LIMIT 1) AS last`, org)
}

func (t *tx) Cursor(follower string) (int64, error) {
	return one(t, "cursor", scanValue[int64], `SELECT position FROM cursors WHERE follower = $1`, follower)
}

func (t *tx) SetCursor(follower string, position int64) error {
	return t.exec(`INSERT INTO cursors (follower, position) VALUES ($1, $2)
		ON CONFLICT (follower) DO UPDATE SET position = excluded.position`, follower, position)
}

func (t *tx) Replay(scope, key string, now time.Time) (directory.Replay, error) {
	return one(t, "replay", scanReplay,
		`SELECT scope, key, fingerprint, result, expires_at FROM replays WHERE scope = $1 AND key = $2 AND expires_at > $3`,
		scope, key, micros(now))
}

func scanReplay(row scanner) (r directory.Replay, err error) {
	var expires int64
	err = row.Scan(&r.Scope, &r.Key, &r.Fingerprint, &r.Result, &expires)
	r.ExpiresAt = fromMicros(expires)
	return r, err
}

func (t *tx) KeepReplay(r directory.Replay, now time.Time) error {
	err := t.execOne("key", `INSERT INTO replays (scope, key, fingerprint, result, expires_at) VALUES ($1, $2, $3, $4, $5)
		ON CONFLICT (scope, key) DO UPDATE SET
			fingerprint = excluded.fingerprint, result = excluded.result, expires_at = excluded.expires_at
		WHERE replays.expires_at <= $6`,
		r.Scope, r.Key, r.Fingerprint, string(r.Result), micros(r.ExpiresAt), micros(now))
	if directory.CodeOf(err) == directory.NotFound {
		return errKeyTaken
	}
	return err
}

// errKeyTaken is returned if another transaction stored a result under the same key since
// this one checked. A retry finds the result.
var errKeyTaken = &directory.Error{
	Code: directory.Conflict, Message: "a request with this Idempotency-Key is under way", Err: cause{"the key is taken", true},
}

func (t *tx) DropReplays(now time.Time) error {
	return t.exec(`DELETE FROM replays WHERE expires_at <= $1`, micros(now))
}
