// Package sealing owns what is sealed of the audit log. It alone seals entries into
// an organization's signed tree, accepts entries that were changed outside Roster,
// and prunes what an organization keeps no longer. It trusts nothing it finds in the
// database: a log that is not as this deployment's key wrote it is not sealed.
package sealing

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/auditlog"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/follow"
)

const (
	// follower is the name of the sealer's cursor.
	follower = "seal"
	// sealPause lets entries gather, and is well under the second within which they
	// are sealed.
	sealPause = 250 * time.Millisecond
	// sealAhead is how many entries are read at once to find their organizations,
	// sealTogether how many organizations are sealed in one transaction, and sealBatch
	// how many entries of one at a time.
	sealAhead    = 1_000_000
	sealTogether = 64
	sealBatch    = 10_000
)

// Sealer seals, accepts and prunes the logs of all organizations. Its methods are
// safe for concurrent use.
type Sealer struct {
	store  directory.Store
	keys   *audit.Keyring
	clock  func() time.Time
	faults faults
}

// New returns a sealer that signs with keys.
func New(store directory.Store, keys *audit.Keyring, clock func() time.Time) *Sealer {
	return &Sealer{store: store, keys: keys, clock: clock}
}

// now is the clock in UTC, to the microsecond that storage keeps.
func (s *Sealer) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// Run seals the logs of all organizations, each within a second of its last entry,
// until ctx ends. One process at a time does so; the others wait to take over. failed
// is called with what went wrong: an [*audit.Fault] for a log that is not as it was
// written.
func (s *Sealer) Run(ctx context.Context, failed func(error)) {
	for ctx.Err() == nil {
		err := s.store.Lead(ctx, follower, func(ctx context.Context) error { return s.lead(ctx, failed) })
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			failed(fmt.Errorf("seal the audit log: %w", err))
		}
		follow.Pause(ctx, follow.Poll)
	}
}

func (s *Sealer) lead(ctx context.Context, failed func(error)) error {
	for {
		changed := s.store.Changed()
		n, err := s.Once(ctx, failed)
		if err != nil {
			return err
		}
		if n == 0 {
			follow.Wait(ctx, changed)
		}
		if follow.Pause(ctx, sealPause); ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

// Once seals what was appended since it was last called, and returns to how many
// organizations' logs.
func (s *Sealer) Once(ctx context.Context, failed func(error)) (n int, err error) {
	var orgs []directory.OrgID
	var after, upTo int64
	err = s.store.Read(ctx, func(tx directory.Tx) error {
		if after, err = follow.Cursor(tx, follower); err != nil {
			return err
		}
		orgs, upTo, err = tx.OrgsAfter(after, sealAhead)
		return err
	})
	if err != nil || len(orgs) == 0 {
		return 0, err
	}
	for len(orgs[n:]) > 0 {
		together := orgs[n:min(len(orgs), n+sealTogether)]
		if err := s.sealOrgs(ctx, together, failed); err != nil {
			return n, err
		}
		n += len(together)
	}
	err = s.store.Write(ctx, func(tx directory.Tx) error { return follow.Move(tx, follower, after, upTo) })
	return n, follow.IgnoreOvertaken(err)
}

// sealOrgs seals all entries that some logs have by now.
func (s *Sealer) sealOrgs(ctx context.Context, orgs []directory.OrgID, failed func(error)) error {
	for len(orgs) > 0 {
		var ready []*growth
		var more []directory.OrgID
		err := s.store.Read(ctx, func(tx directory.Tx) error {
			for _, org := range orgs {
				g, err := s.grow(tx, org)
				fault, faulty := errors.AsType[*audit.Fault](err)
				if s.faults.note(org, faulty); faulty {
					failed(fmt.Errorf("the audit log of %s is not as it was written and is not sealed any further: %w", org, fault))
					continue
				}
				if err != nil {
					return err
				}
				if g == nil {
					continue
				}
				if ready = append(ready, g); g.cut {
					more = append(more, org)
				}
			}
			return nil
		})
		if err != nil {
			return err
		}
		if err := s.keepGrown(ctx, ready); err != nil {
			return err
		}
		orgs = more
	}
	return nil
}

// growth is what a log's tree grows by.
type growth struct {
	org   directory.OrgID
	from  int64          // size before
	last  directory.Leaf // sealed
	cut   bool           // there are more entries
	tiles map[audit.TileID][]byte
	to    directory.SignedCheckpoint
}

// grow computes an organization's tree with the entries that are not in it yet;
// nil if there are none. The tree so far must have the root that was signed, and each
// entry its authenticator.
func (s *Sealer) grow(tx directory.Tx, org directory.OrgID) (*growth, error) {
	tiles := auditlog.Tiles(tx, org)
	from, err := s.sealedSize(tx, org)
	if err != nil {
		return nil, err
	}
	leaves, err := tx.Leaves(org, from, sealBatch)
	if err != nil || len(leaves) == 0 {
		return nil, err
	}
	hashes := make([]audit.Hash, len(leaves))
	for i, leaf := range leaves {
		number := from + int64(i) + 1
		switch {
		case leaf.Sequence != number:
			return nil, &audit.Fault{Sequence: number, Last: leaf.Sequence - 1, Problem: "missing"}
		case len(leaf.Hash) != len(hashes[i]) || !s.keys.CheckMAC(string(org), number, audit.Hash(leaf.Hash), leaf.MAC):
			return nil, &audit.Fault{
				Sequence: number, Last: number,
				Problem: "it was not written with this deployment's key: by hand, or by a server with another key file",
			}
		}
		hashes[i] = audit.Hash(leaf.Hash)
	}
	g := &growth{org: org, from: from, last: leaves[len(leaves)-1], cut: len(leaves) == sealBatch}
	changed, tree, err := audit.Grow(tiles, from, hashes)
	if err != nil {
		return nil, err
	}
	g.tiles = changed
	g.to = directory.SignedCheckpoint{Size: tree.N, SealedAt: s.now()}
	g.to.Note, err = s.keys.Sign(string(org), tree)
	return g, err
}

// sealedSize returns the size of an organization's tree, which must be the one that
// was signed.
func (s *Sealer) sealedSize(tx directory.Tx, org directory.OrgID) (int64, error) {
	last, err := tx.Checkpoint(org, 0)
	if directory.CodeOf(err) == directory.NotFound {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	signed, err := s.keys.Open(string(org), last.Note)
	if err != nil || signed.N != last.Size {
		return 0, &audit.Fault{
			Sequence: 1, Last: last.Size,
			Problem: "the newest checkpoint is not signed with this deployment's key: either the key file was replaced or the checkpoint was changed",
		}
	}
	tree, err := audit.Head(auditlog.Tiles(tx, org), last.Size)
	if err != nil && !errors.Is(err, audit.ErrTiles) {
		return 0, err
	}
	if err != nil || tree.Hash != signed.Hash {
		return 0, &audit.Fault{Sequence: 1, Last: last.Size, Problem: "the tree in the database differs from the signed one"}
	}
	return last.Size, nil
}

// keepGrown stores the trees whose logs have not changed since: another process may
// have sealed, and an organization may have been deleted.
func (s *Sealer) keepGrown(ctx context.Context, all []*growth) error {
	if len(all) == 0 {
		return nil
	}
	return s.store.Write(ctx, func(tx directory.Tx) error {
		for _, g := range all {
			if err := g.keep(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

func (g *growth) keep(tx directory.Tx) error {
	if err := tx.Lock(directory.LockOrg(g.org)); err != nil {
		return err
	}
	now, err := tx.Checkpoint(g.org, 0)
	if err != nil && directory.CodeOf(err) != directory.NotFound {
		return err
	}
	last, err := tx.Leaves(g.org, g.last.Sequence-1, 1)
	if err != nil {
		return err
	}
	if now.Size != g.from || len(last) == 0 || last[0].Sequence != g.last.Sequence || string(last[0].MAC) != string(g.last.MAC) {
		return nil
	}
	for id, hashes := range g.tiles {
		if err := tx.PutTile(g.org, id, hashes); err != nil {
			return err
		}
	}
	return tx.CreateCheckpoint(g.org, g.to)
}

// faults are the logs that were found not to be as they were written.
type faults struct {
	mu   sync.Mutex
	logs map[directory.OrgID]bool
}

func (f *faults) note(org directory.OrgID, faulty bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !faulty {
		delete(f.logs, org)
		return
	}
	if f.logs == nil {
		f.logs = make(map[directory.OrgID]bool)
	}
	f.logs[org] = true
}

// Faulty counts the logs that this process refused to seal when it last tried.
func (s *Sealer) Faulty() int {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return len(s.faults.logs)
}
