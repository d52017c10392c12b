package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// feed polls for the commits of all nodes. A query without results is cheap, works
// through a pooler, and shows that the database is alive, which the cache depends on.
// NOTIFY would serialize all commits of the cluster by a lock (docs/adr).
//
// Entries get their numbers before they are committed, so a later number may be
// visible before an earlier one. A skipped number counts as missing until its entry
// is visible, or until every transaction that could have it has ended.
type feed struct {
	db       *sql.DB
	notifier *notifier

	safe  atomic.Int64 // all entries up to it are visible
	touch *touch

	mu      sync.Mutex // held during a poll
	joined  bool       // the fields below are valid
	seen    int64      // entries up to it were reported, except the missing ones
	missing map[int64]bool
	pending mark // after which the missing entries can't come anymore, if set

	closing chan struct{}
	close   sync.Once // of closing
	done    chan struct{}
}

// mark is the last position assigned at some time, and the id of a transaction that
// began later. When all earlier transactions have ended, no entry up to the position can
// be committed anymore.
type mark struct {
	position int64
	xact     uint64
}

const (
	// lookEvery is how often a node polls for the commits of others, a tenth of the
	// second within which they must take effect.
	lookEvery = 100 * time.Millisecond
	// lookTimeout bounds a poll. After it the cache is not used anyway.
	lookTimeout = silence
	// lookMost limits the entries that are reported one by one. If there are more, as
	// after a copy, the whole cache is invalidated instead.
	lookMost = 10_000
)

func startFeed(db *sql.DB, n *notifier) *feed {
	f := &feed{db: db, notifier: n, touch: newTouch(), missing: make(map[int64]bool), closing: make(chan struct{}), done: make(chan struct{})}
	f.touch.at(f.touch.started.Add(-silence)) // nothing is heard yet
	go f.run()
	return f
}

// stop waits for a poll under way, because a poll is short and canceling a statement
// needs another connection.
func (f *feed) stop() {
	f.close.Do(func() { close(f.closing) })
	<-f.done
}

func (f *feed) run() {
	defer close(f.done)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		// After an error touch is not updated, so the cache soon goes unused.
		_ = f.look(context.Background())
		select {
		case <-f.closing:
			return
		case <-tick.C:
		case <-f.touch.ask:
		}
	}
}

// look reports the commits since the last look.
func (f *feed) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.joined && !f.touch.recent() {
		f.leave() // the next answer may come from another server, which may lag behind
	}
	if err := f.join(ctx); err != nil || !f.joined {
		return err
	}
	asked := time.Now()
	last, oldest, err := f.state(ctx)
	if err != nil {
		return err
	}
	fresh, err := f.unseen(ctx)
	if err != nil {
		return err
	}
	if last < f.seen || last-f.seen > lookMost || len(fresh) > lookMost {
		f.leave()
		return nil
	}
	f.notifier.committed(fresh)
	f.touch.at(asked)
	return f.advance(ctx, last, oldest, fresh)
}

// leave discards the state of the log, which [feed.join] reads again.
func (f *feed) leave() {
	f.joined, f.pending = false, mark{}
	f.safe.Store(0)
}

// join finds the position from which entries can be reported, and invalidates the whole
// cache. The node stays out of touch while an open transaction may still add an entry
// below that position.
func (f *feed) join(ctx context.Context) (err error) {
	if f.joined {
		return nil
	}
	if f.pending.xact == 0 {
		if f.pending, err = f.mark(ctx); err != nil {
			return err
		}
	}
	_, oldest, err := f.state(ctx)
	if err != nil || oldest <= f.pending.xact {
		return err
	}
	f.joined, f.seen, f.pending = true, f.pending.position, mark{}
	clear(f.missing)
	f.notifier.unknown()
	return nil
}

// advance records the reported entries. last and oldest were read before fresh.
func (f *feed) advance(ctx context.Context, last int64, oldest uint64, fresh []directory.Entry) (err error) {
	before := f.seen
	for _, e := range fresh {
		last = max(last, e.Position)
	}
	for n := before + 1; n <= last; n++ {
		f.missing[n] = true
	}
	f.seen = last
	for _, e := range fresh {
		delete(f.missing, e.Position)
	}
	if f.pending.xact > 0 && oldest > f.pending.xact {
		maps.DeleteFunc(f.missing, func(n int64, _ bool) bool { return n <= f.pending.position })
		f.pending = mark{}
	}
	safe := last
	for n := range f.missing {
		safe = min(safe, n-1)
	}
	if f.safe.Swap(safe) < safe {
		f.notifier.changed.send()
	}
	// Most missing entries are visible at the next poll. Only for the rest find out
	// whether they can still come.
	if safe < before && f.pending.xact == 0 {
		f.pending, err = f.mark(ctx)
	}
	return err
}

const lastPositionSQL = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM entries_position_seq"

// state reads the last assigned position, and the oldest transaction under way, before
// which all have ended. A snapshot's xmax would not do: it follows the last transaction
// that has ended, and younger ones may be under way.
func (f *feed) state(ctx context.Context) (last int64, oldest uint64, err error) {
	err = f.db.QueryRowContext(ctx, lastPositionSQL).Scan(&last)
	if err == nil {
		err = f.db.QueryRowContext(ctx, "SELECT pg_snapshot_xmin(pg_current_snapshot())::text::bigint").Scan(&oldest)
	}
	if err != nil {
		return 0, 0, fmt.Errorf("look at the log: %w", err)
	}
	return last, oldest, nil
}

// mark reads the last assigned position, and then takes a transaction id. Every
// transaction that assigned a position up to it has an earlier id.
func (f *feed) mark(ctx context.Context) (m mark, err error) {
	err = f.db.QueryRowContext(ctx, lastPositionSQL).Scan(&m.position)
	if err == nil {
		err = f.db.QueryRowContext(ctx, "SELECT pg_current_xact_id()::text::bigint").Scan(&m.xact)
	}
	if err != nil {
		return mark{}, fmt.Errorf("mark the log: %w", err)
	}
	return m, nil
}

// unseen reads the entries that were not reported yet. After seen it reads at most one
// more than lookMost.
func (f *feed) unseen(ctx context.Context) (fresh []directory.Entry, err error) {
	if len(f.missing) > 0 {
		fresh, err = f.entries(ctx, fresh, `WHERE position = ANY($1) ORDER BY position`, slices.Collect(maps.Keys(f.missing)))
		if err != nil {
			return nil, err
		}
	}
	return f.entries(ctx, fresh, `WHERE position > $1 ORDER BY position LIMIT $2`, f.seen, lookMost+1)
}

func (f *feed) entries(ctx context.Context, list []directory.Entry, where string, args ...any) ([]directory.Entry, error) {
	rows, err := f.db.QueryContext(ctx, selectEntries+where, args...)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		list = append(list, e)
	}
	return list, rows.Err()
}

// settled waits until safe has reached the last position assigned before the call. A poll
// that takes too long for the cache is repeated.
func (f *feed) settled(ctx context.Context) error {
	now, _, err := f.state(ctx)
	for err == nil && f.safe.Load() < now {
		if err = f.look(ctx); err != nil && !errors.Is(err, context.DeadlineExceeded) {
			break
		}
		select {
		case <-ctx.Done():
			err = ctx.Err()
		case <-time.After(time.Millisecond):
		}
	}
	return storageError(err)
}
