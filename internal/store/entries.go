package store

import (
	"encoding/json"
	"iter"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

func (t *tx) AppendEntry(e directory.Entry) error {
	actor, err := json.Marshal(e.Actor)
	if err != nil {
		return err
	}
	t.entries = append(t.entries, e)
	return t.exec(`INSERT INTO entries (org_id, at, actor, action, target_type, target_id, target_name,
			before, after, trace_id, remote_addr, user_agent)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)`,
		e.OrgID, micros(e.At), string(actor), e.Action, e.Target.Type, e.Target.ID, e.Target.Name,
		nullJSON(e.Before), nullJSON(e.After), e.TraceID, e.RemoteAddr, e.UserAgent)
}

// nullJSON is NULL for what is not there: a new thing has no before.
func nullJSON(b json.RawMessage) any {
	if b == nil {
		return nil
	}
	return string(b)
}

func scanEntry(row scanner) (e directory.Entry, err error) {
	var at int64
	var before, after []byte
	err = row.Scan(&e.Seq, &at, &e.OrgID, asJSON(&e.Actor), &e.Action, &e.Target.Type, &e.Target.ID, &e.Target.Name,
		&before, &after, &e.TraceID, &e.RemoteAddr, &e.UserAgent)
	e.At, e.Before, e.After = fromMicros(at), before, after
	return e, err
}

const selectEntries = `SELECT seq, at, org_id, actor, action, target_type, target_id, target_name,
	before, after, trace_id, remote_addr, user_agent FROM entries `

func (t *tx) Entries(after int64, limit int) ([]directory.Entry, error) {
	upTo, err := t.db.horizon(t.ctx)
	if err != nil {
		return nil, t.note(err)
	}
	return list(t, scanEntry, selectEntries+`WHERE seq > $1 AND seq <= $2 ORDER BY seq LIMIT $3`, after, upTo, limit)
}

func (t *tx) OrgEntries(org directory.OrgID) iter.Seq2[directory.Entry, error] {
	return each(t, scanEntry, selectEntries+`WHERE org_id = $1 ORDER BY seq`, org)
}

func (t *tx) LastEntry() (int64, error) {
	return one(t, "entry", scanValue[int64], `SELECT COALESCE(max(seq), 0) FROM entries`)
}

// OrgVersion carries the time besides the number: a database that was restored
// from a backup counts on from an earlier number.
func (t *tx) OrgVersion(org directory.OrgID) (string, error) {
	return one(t, "entry", scanValue[string], `SELECT COALESCE(max(seq || '-' || at), '0') FROM
		(SELECT seq, at FROM entries WHERE org_id = $1 ORDER BY seq DESC LIMIT 1) AS last`, org)
}

func (t *tx) Cursor(follower string) (int64, error) {
	return one(t, "cursor", scanValue[int64], `SELECT seq FROM cursors WHERE follower = $1`, follower)
}

func (t *tx) SetCursor(follower string, seq int64) error {
	return t.exec(`INSERT INTO cursors (follower, seq) VALUES ($1, $2)
		ON CONFLICT (follower) DO UPDATE SET seq = excluded.seq`, follower, seq)
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

// errKeyTaken is for a key under which another transaction has kept its result
// since this one looked; run anew it will find it.
var errKeyTaken = &directory.Error{
	Code: directory.Conflict, Message: "a request with this Idempotency-Key is under way", Err: cause{"the key is taken", true},
}

func (t *tx) DropReplays(now time.Time) error {
	return t.exec(`DELETE FROM replays WHERE expires_at <= $1`, micros(now))
}
