package store

import (
	"context"
	"database/sql"
	"fmt"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// feed tells a node what all nodes commit, by looking: a query that finds nothing
// is cheap, works through a pooler, and its answer is also the sign of life
// that remembered values need. NOTIFY would add a lock that all commits of the
// cluster take turns at (docs/adr).
//
// Entries get their numbers before they are committed, so that a later number
// can be seen while an earlier one is still on its way. Two bounds follow:
// up to safe, nothing is missing; above it, what was told is kept by number.
type feed struct {
	db   *sql.DB
	news *news

	safe  atomic.Int64
	touch touch

	mu      sync.Mutex // held by a look
	pending mark
	told    map[int64]bool // entries above safe

	closing chan struct{}
	close   sync.Once // of closing
	done    chan struct{}
}

// mark is an entry's number, and the first number that a transaction can have
// that began after it was given. When all earlier transactions have ended, no
// entry up to seq is missing.
type mark struct {
	seq  int64
	xact uint64
}

const (
	// lookEvery is how often a node looks for the commits of others, a tenth of
	// the second within which they have to show.
	lookEvery = 100 * time.Millisecond
	// lookTimeout bounds a look; by then the node is out of touch.
	lookTimeout = silence
)

func startFeed(db *sql.DB, n *news) *feed {
	f := &feed{
		db: db, news: n, touch: newTouch(), told: make(map[int64]bool), closing: make(chan struct{}), done: make(chan struct{}),
	}
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

// look tells of what was committed since the last look.
func (f *feed) look(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	f.mu.Lock()
	defer f.mu.Unlock()
	asked := time.Now()
	now, oldest, err := f.mark(ctx)
	if err != nil {
		return err
	}
	safe := f.safe.Load()
	if now.seq < safe { // the database is another one: restored, or failed over to one that lacks something
		f.news.unknown()
		safe, f.pending = now.seq, mark{}
		clear(f.told)
	}
	fresh, err := f.entriesAfter(ctx, safe)
	if err != nil {
		return err
	}
	f.news.committed(fresh)
	for _, e := range fresh { // only now: what an error cut off comes again
		f.told[e.Seq] = true
	}
	f.touch.at(asked)
	// What was pending at an earlier look is safe once all of its time has ended,
	// and so is what is there now if nothing is under way.
	switch {
	case oldest >= now.xact:
		f.settle(now.seq, safe)
		f.pending = mark{}
	case f.pending.seq > 0 && oldest >= f.pending.xact:
		f.settle(f.pending.seq, safe)
		f.pending = now
	case f.pending.seq == 0:
		f.pending = now
	}
	return nil
}

// settle moves the bound on, and wakes who reads up to it.
func (f *feed) settle(seq, before int64) {
	f.safe.Store(seq)
	for n := range f.told {
		if n <= seq {
			delete(f.told, n)
		}
	}
	if seq > before {
		f.news.changed.send()
	}
}

const lastNumberSQL = "SELECT CASE WHEN is_called THEN last_value ELSE 0 END FROM entries_seq_seq"

// mark reads the last number that was given, and only then which transactions
// are under way: whichever was given a number before is among them or has ended.
func (f *feed) mark(ctx context.Context) (m mark, oldest uint64, err error) {
	err = f.db.QueryRowContext(ctx, lastNumberSQL).Scan(&m.seq)
	if err == nil {
		err = f.db.QueryRowContext(ctx, `SELECT pg_snapshot_xmin(s)::text::bigint, pg_snapshot_xmax(s)::text::bigint
			FROM pg_current_snapshot() AS s`).Scan(&oldest, &m.xact)
	}
	if err != nil {
		return m, 0, fmt.Errorf("look at the log: %w", err)
	}
	return m, oldest, nil
}

// entriesAfter reads the entries that were not told of yet.
func (f *feed) entriesAfter(ctx context.Context, seq int64) (fresh []directory.Entry, err error) {
	rows, err := f.db.QueryContext(ctx, selectEntries+`WHERE seq > $1 ORDER BY seq`, seq)
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	for rows.Next() {
		e, err := scanEntry(rows)
		if err != nil {
			return nil, err
		}
		if !f.told[e.Seq] {
			fresh = append(fresh, e)
		}
	}
	return fresh, rows.Err()
}

// horizon is the bound for what tx sees: all, if nothing was under way when its
// snapshot was taken.
func (f *feed) horizon(ctx context.Context, tx *sql.Tx) (int64, error) {
	safe := f.safe.Load()
	var quiet bool
	err := tx.QueryRowContext(ctx, "SELECT pg_snapshot_xmin(s) = pg_snapshot_xmax(s) FROM pg_current_snapshot() AS s").Scan(&quiet)
	if quiet {
		return math.MaxInt64, err
	}
	return safe, err
}

// settled waits until the bound has passed what is there now.
func (f *feed) settled(ctx context.Context) error {
	now, _, err := f.mark(ctx)
	for err == nil && f.safe.Load() < now.seq {
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
