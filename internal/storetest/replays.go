package storetest

import (
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

var replayTests = []test{
	{"replays", func(s suite) {
		find := func(scope, key string, now time.Time) func(directory.Tx) (directory.Replay, error) {
			return func(tx directory.Tx) (directory.Replay, error) { return tx.Replay(scope, key, now) }
		}
		r := directory.Replay{Scope: "tok_a", Key: "k", Fingerprint: "f", Result: []byte(`{"a":"ü"}`), ExpiresAt: start.Add(time.Hour)}
		missing(s, "never kept", find("tok_a", "k", start))
		s.write(func(tx directory.Tx) error { return tx.KeepReplay(r, start) })
		s.equal("kept", r, got(s, find("tok_a", "k", start)))
		s.equal("to the last moment", r, got(s, find("tok_a", "k", r.ExpiresAt.Add(-time.Microsecond))))
		missing(s, "expired", find("tok_a", "k", r.ExpiresAt))
		missing(s, "another's key", find("tok_b", "k", start))
		missing(s, "another key", find("tok_a", "K", start))

		again := r
		again.Fingerprint, again.Result, again.ExpiresAt = "g", []byte(`null`), start.Add(48*time.Hour)
		later := directory.Replay{Scope: "tok_b", Key: "k", Result: []byte(`1`), ExpiresAt: start.Add(2 * time.Hour)}
		s.fails("keep under a key in use", directory.Conflict, func(tx directory.Tx) error {
			return tx.KeepReplay(again, r.ExpiresAt.Add(-time.Microsecond))
		})
		s.equal("as it was", r, got(s, find("tok_a", "k", start)))
		s.write(func(tx directory.Tx) error {
			return all(tx.KeepReplay(again, r.ExpiresAt), tx.KeepReplay(later, r.ExpiresAt))
		})
		s.equal("written over", again, got(s, find("tok_a", "k", r.ExpiresAt)))
		s.write(func(tx directory.Tx) error { return tx.DropReplays(later.ExpiresAt) })
		missing(s, "dropped", find("tok_b", "k", start))
		s.equal("not dropped yet", again, got(s, find("tok_a", "k", start)))
	}},
}
