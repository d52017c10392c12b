package store

import (
	"context"
	"database/sql"
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
// Entries get their numbers before they are committed, so that a later number
// can be seen while an earlier one is on its way. A number that was passed over
// stays missing until its entry shows, or until every transaction that could
// have it has ended.
type feed struct {
	db       *sql.DB
	notifier *notifier

	safe  atomic.Int64 // up to it nothing is missing, and nothing will come
	touch touch

	mu      sync.Mutex // held by a look
	joined  bool       // what follows is known
	seen    int64      // entries up to it were told of, but for those missing
	missing map[int64]bool
	pending mark // which the missing wait for, if there is one

	closing chan struct{}
	close   sync.Once // of closing
	done    chan struct{}
}

// mark is the last number that was given at a time, and the number of a
// transaction that began after it. When all earlier transactions have ended, no
// entry up to position is to come.
type mark struct {
	position int64
	xact     uint64
}

const (
	// lookEvery is how often a node looks for the commits of others, a tenth of
	// the second within which they have to show.
	lookEvery = 100 * time.Millisecond
	// lookTimeout bounds a look; by then the node is out of touch.
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

// stop lets a look under way end by itself: it is short, and to cancel a
// statement takes another connection.
func (f *feed) stop() {
	f.close.Do(func() { close(f.closing) })
	<-f.done
}

func (f *feed) run() {
	defer close(f.done)
	tick := time.NewTicker(lookEvery)
	defer tick.Stop()
	for {
		// An error leaves touch as it is: out of touch before long.
		_ = f.look(context.Background())
		select {
		case <-f.closing:
			return
		case <-tick.C:
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
		f.leave() // what answers next may be another server, which lacks something
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
	// Most of what is missing shows at the next look; only for the rest is it worth
	// finding out whether it ever will.
	if safe < before && f.pending.xact == 0 {
		f.pending, err = f.mark(ctx)
	}
	return err
}

const lastPositionSQL = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM entries_position_seq"

// state reads the last number that was given, and the oldest transaction that is
// under way: all before it have ended. The other end of a snapshot says nothing:
// it is one after the last that has ended, and younger ones may be under way.
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

// mark takes a transaction's number, after reading the last of an entry: whichever
// transaction had given one before has an earlier one.
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

// settled waits until the bound has passed what is there now.
func (f *feed) settled(ctx context.Context) error {
	now, _, err := f.state(ctx)
	for err == nil && f.safe.Load() < now {
		if err = f.look(ctx); err != nil {
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
