package directory

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/rosterhq/roster/internal/audit"
)

const (
	// sealer is the name under which the log remembers how far it was looked
	// through for what is to be sealed.
	sealer = "seal"
	// sealPause lets entries gather, and is well under the second within which they
	// are sealed.
	sealPause = 250 * time.Millisecond
	// sealAhead is how many entries are looked at together for whose they are,
	// sealTogether how many organisations are sealed in one transaction, and sealBatch how
	// many entries of one at a time.
	sealAhead    = 1_000_000
	sealTogether = 64
	sealBatch    = 10_000
)

// Seal seals the organisations' logs, each within a second of its last entry, until
// ctx ends. Of all processes one does it; the others wait to take over. failed is
// told of what could not be sealed: of a log that is not as it was written an
// [*audit.Fault].
func (s *Service) Seal(ctx context.Context, failed func(error)) {
	for ctx.Err() == nil {
		err := s.store.Lead(ctx, sealer, func(ctx context.Context) error { return s.seal(ctx, failed) })
		if ctx.Err() != nil {
			return
		}
		if err != nil {
			failed(fmt.Errorf("seal the audit log: %w", err))
		}
		pause(ctx, feedPoll)
	}
}

func (s *Service) seal(ctx context.Context, failed func(error)) error {
	for {
		changed := s.store.Changed()
		n, err := s.SealOnce(ctx, failed)
		if err != nil {
			return err
		}
		if n == 0 {
			select {
			case <-ctx.Done():
			case <-changed:
			case <-time.After(feedPoll):
			}
		}
		if pause(ctx, sealPause); ctx.Err() != nil {
			return ctx.Err()
		}
	}
}

func pause(ctx context.Context, d time.Duration) {
	select {
	case <-ctx.Done():
	case <-time.After(d):
	}
}

// SealOnce seals what was appended since it was last called, and says to how many
// organisations.
func (s *Service) SealOnce(ctx context.Context, failed func(error)) (n int, err error) {
	var orgs []OrgID
	var upTo int64
	err = s.store.Read(ctx, func(tx Tx) error {
		after, err := cursor(tx, sealer)
		if err != nil {
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
	return n, s.store.Write(ctx, func(tx Tx) error { return tx.SetCursor(sealer, upTo) })
}

// sealOrgs seals some logs whole, as far as they were written when it looks.
func (s *Service) sealOrgs(ctx context.Context, orgs []OrgID, failed func(error)) error {
	for len(orgs) > 0 {
		var ready []*growth
		var more []OrgID
		err := s.store.Read(ctx, func(tx Tx) error {
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

// growth is a log's tree with what was appended to it.
type growth struct {
	org   OrgID
	from  int64 // size before
	last  Leaf  // sealed
	cut   bool  // there are more entries
	tiles map[audit.TileID][]byte
	to    SignedCheckpoint
}

// grow computes an organisation's tree with the entries that are not in it yet;
// nil if there are none. It trusts nothing it finds: the tree so far must have the
// root that was signed, and each entry its authenticator.
func (s *Service) grow(tx Tx, org OrgID) (*growth, error) {
	tiles := tilesOf(tx, org)
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
	g.to = SignedCheckpoint{Size: tree.N, SealedAt: s.now()}
	g.to.Note, err = s.keys.Sign(string(org), tree)
	return g, err
}

// sealedSize is the size of an organisation's tree, which must be the one that
// was signed.
func (s *Service) sealedSize(tx Tx, org OrgID) (int64, error) {
	last, err := tx.Checkpoint(org, 0)
	if CodeOf(err) == NotFound {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	signed, err := s.keys.Open(string(org), last.Note)
	if err != nil || signed.N != last.Size {
		return 0, &audit.Fault{
			Sequence: 1, Last: last.Size,
			Problem: "the newest checkpoint is not signed with this deployment's key: the key file is another than it was, or the checkpoint was changed",
		}
	}
	tree, err := audit.Head(tilesOf(tx, org), last.Size)
	if err != nil && !errors.Is(err, audit.ErrTiles) {
		return 0, err
	}
	if err != nil || tree.Hash != signed.Hash {
		return 0, &audit.Fault{Sequence: 1, Last: last.Size, Problem: "the tree in the database is not the one that was signed"}
	}
	return last.Size, nil
}

func tilesOf(tx Tx, org OrgID) audit.Tiles {
	return func(id audit.TileID) ([]byte, error) { return tx.Tile(org, id) }
}

// keepGrown keeps the trees whose logs are still those that they were computed
// of: another process may have sealed, and an organisation may have been deleted.
func (s *Service) keepGrown(ctx context.Context, all []*growth) error {
	if len(all) == 0 {
		return nil
	}
	return s.store.Write(ctx, func(tx Tx) error {
		for _, g := range all {
			if err := g.keep(tx); err != nil {
				return err
			}
		}
		return nil
	})
}

func (g *growth) keep(tx Tx) error {
	if err := tx.Lock(LockOrg(g.org)); err != nil {
		return err
	}
	now, err := tx.Checkpoint(g.org, 0)
	if err != nil && CodeOf(err) != NotFound {
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

// faults are the logs that were found to be other than they were written.
type faults struct {
	mu   sync.Mutex
	logs map[OrgID]bool
}

func (f *faults) note(org OrgID, faulty bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !faulty {
		delete(f.logs, org)
		return
	}
	if f.logs == nil {
		f.logs = make(map[OrgID]bool)
	}
	f.logs[org] = true
}

// FaultyLogs counts the logs that this process would not seal when it last tried.
func (s *Service) FaultyLogs() int {
	s.faults.mu.Lock()
	defer s.faults.mu.Unlock()
	return len(s.faults.logs)
}
