package storetest

import (
	"encoding/json"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
)

func orgEntry(org directory.OrgID, number int64) func(directory.Tx) ([]directory.Entry, error) {
	return func(tx directory.Tx) ([]directory.Entry, error) {
		return collect(tx.OrgEntries(org, directory.EntryQuery{After: number - 1, Limit: 1}))
	}
}

var auditTests = []test{
	{"what proves an entry comes back", func(s suite) {
		h := audit.Hash{1, 2, 3}
		e := newEntry(acme, "proven")
		e.Sequence, e.Outcome, e.Reason = 1, directory.Refused, "no"
		e.Secrets, e.Leaf, e.MAC = audit.NewSecrets(), h[:], []byte{9, 8}
		bare := newEntry(other, "bare")
		bare.Sequence = 1
		s.write(func(tx directory.Tx) error { return all(tx.AppendEntry(e), tx.AppendEntry(bare)) })
		for org, want := range map[directory.OrgID]directory.Entry{acme: e, other: bare} {
			list := got(s, orgEntry(org, 1))
			want.Position = list[0].Position
			s.equal("entry", []directory.Entry{want}, list)
		}
		leaves := got(s, func(tx directory.Tx) ([]directory.Leaf, error) { return tx.Leaves(acme, 0, 10) })
		s.equal("leaves", []directory.Leaf{{Sequence: 1, Hash: h[:], MAC: []byte{9, 8}}}, leaves)
		s.fails("the same number again", directory.Conflict, func(tx directory.Tx) error { return tx.AppendEntry(e) })
	}},
	{"entries are erased, renumbered and dropped one by one", func(s suite) {
		for range 4 {
			s.write(func(tx directory.Tx) error {
				return all(appendEntry(tx, newEntry(acme, "x")), appendEntry(tx, newEntry(other, "x")))
			})
		}
		theirs := got(s, orgEntries(other))
		h := audit.Hash{7}
		e := got(s, orgEntry(acme, 2))[0]
		e.Actor.Name, e.Target.Name, e.RemoteAddr, e.After = "", "", "", json.RawMessage(`{"id":"usr_a"}`)
		e.Secrets = audit.Secrets{Internal: audit.NewSecrets().Internal, TargetHash: &h}
		s.write(func(tx directory.Tx) error { return tx.EraseEntry(e) })
		s.equal("erased", []directory.Entry{e}, got(s, orgEntry(acme, 2)))
		s.write(func(tx directory.Tx) error { return tx.DropEntries(acme, 1) })
		e.Sequence, e.At, e.Leaf, e.MAC = 1, e.At.Add(time.Microsecond), []byte{1}, []byte{2}
		s.write(func(tx directory.Tx) error { return tx.RenumberEntry(2, e) })
		s.equal("renumbered", []directory.Entry{e}, got(s, orgEntry(acme, 1)))
		s.equal("left", 3, len(got(s, orgEntries(acme))))
		s.equal("another organization's", theirs, got(s, orgEntries(other)))
		e.Sequence = 77
		s.fails("erase what is not there", directory.NotFound, func(tx directory.Tx) error { return tx.EraseEntry(e) })
		s.fails("renumber what is not there", directory.NotFound, func(tx directory.Tx) error { return tx.RenumberEntry(77, e) })
	}},
	{"logs with something new are told of", func(s suite) {
		s.write(func(tx directory.Tx) error { return appendEntry(tx, newEntry(acme, "x")) })
		first := got(s, directory.Tx.LastEntry)
		s.write(func(tx directory.Tx) error { return appendEntry(tx, newEntry(other, "x")) })
		last := got(s, directory.Tx.LastEntry)
		for after, want := range map[int64]int{0: 2, first: 1, last: 0} {
			s.eventually("the log to settle", func() bool {
				var orgs []directory.OrgID
				upTo := int64(0)
				s.read(func(tx directory.Tx) (err error) {
					orgs, upTo, err = tx.OrgsAfter(after, 10)
					return err
				})
				return len(orgs) == want && upTo == last
			})
		}
		var upTo int64
		orgs := got(s, func(tx directory.Tx) (orgs []directory.OrgID, err error) {
			orgs, upTo, err = tx.OrgsAfter(0, 1)
			return orgs, err
		})
		s.equal("the first", []directory.OrgID{acme}, orgs)
		s.equal("up to the first", first, upTo)
	}},
	{"tiles and checkpoints", func(s suite) {
		tile := func(org directory.OrgID, id audit.TileID) func(directory.Tx) ([]byte, error) {
			return func(tx directory.Tx) ([]byte, error) { return tx.Tile(org, id) }
		}
		id := audit.TileID{Level: 1, Index: 5}
		s.equal("no tile", 0, len(got(s, tile(acme, id))))
		s.write(func(tx directory.Tx) error {
			return all(tx.PutTile(acme, id, []byte{1}), tx.PutTile(other, id, []byte{3}))
		})
		s.write(func(tx directory.Tx) error { return tx.PutTile(acme, id, []byte{1, 0, 2}) })
		s.equal("tile", []byte{1, 0, 2}, got(s, tile(acme, id)))
		s.equal("another organization's", []byte{3}, got(s, tile(other, id)))
		s.equal("another level", 0, len(got(s, tile(acme, audit.TileID{Level: 0, Index: 5}))))

		checkpoint := func(size int64) func(directory.Tx) (directory.SignedCheckpoint, error) {
			return func(tx directory.Tx) (directory.SignedCheckpoint, error) { return tx.Checkpoint(acme, size) }
		}
		missing(s, "no checkpoint", checkpoint(0))
		a := directory.SignedCheckpoint{Size: 9, Note: "nine\n\n— x", SealedAt: start}
		b := directory.SignedCheckpoint{Size: 10, Note: "ten", SealedAt: start.Add(time.Second)}
		s.write(func(tx directory.Tx) error {
			return all(tx.CreateCheckpoint(acme, b), tx.CreateCheckpoint(acme, a), tx.CreateCheckpoint(other, directory.SignedCheckpoint{Size: 99, SealedAt: start}))
		})
		s.equal("newest", b, got(s, checkpoint(0)))
		s.equal("by size", a, got(s, checkpoint(9)))
		missing(s, "another size", checkpoint(8))
		list := func(after int64, limit int) func(directory.Tx) ([]directory.SignedCheckpoint, error) {
			return func(tx directory.Tx) ([]directory.SignedCheckpoint, error) { return tx.Checkpoints(acme, after, limit) }
		}
		s.equal("all", []directory.SignedCheckpoint{a, b}, got(s, list(0, 10)))
		s.equal("one", []directory.SignedCheckpoint{a}, got(s, list(0, 1)))
		s.equal("after", []directory.SignedCheckpoint{b}, got(s, list(9, 10)))
		s.fails("a size again", directory.Conflict, func(tx directory.Tx) error { return tx.CreateCheckpoint(acme, a) })
	}},
	{"retention", func(s suite) {
		retention := func(tx directory.Tx) (int, error) { return tx.Retention(acme) }
		s.write(func(tx directory.Tx) error {
			return all(tx.CreateOrg(directory.Org{ID: acme, CreatedAt: start}), tx.CreateOrg(directory.Org{ID: other, CreatedAt: start}))
		})
		missing(s, "for ever", retention)
		s.write(func(tx directory.Tx) error { return all(tx.SetRetention(acme, 30), tx.SetRetention(other, 5)) })
		s.write(func(tx directory.Tx) error { return tx.SetRetention(acme, 40) })
		s.equal("set", 40, got(s, retention))
		s.equal("of all", map[directory.OrgID]int{acme: 40, other: 5}, got(s, directory.Tx.Retentions))
		s.write(func(tx directory.Tx) error { return tx.SetRetention(acme, 0) })
		missing(s, "for ever again", retention)
		s.write(func(tx directory.Tx) error { return tx.DeleteOrg(other) })
		s.equal("gone with the organization", 0, len(got(s, directory.Tx.Retentions)))
	}},
}
