package store

import (
	"bytes"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
)

// The salts of an entry's parts are stored as one value, and so are the hashes that
// replace erased parts. Zeros stand for a missing one.
const (
	saltSize = 16
	parts    = 3 // the actor, the target, and the internal part
)

// saltsOf returns the column salts of an entry: nil, which is NULL, if it has none.
func saltsOf(s audit.Secrets) any {
	if s.Actor == nil && s.Target == nil && s.Internal == nil {
		return nil
	}
	b := make([]byte, parts*saltSize)
	for i, salt := range [][]byte{s.Actor, s.Target, s.Internal} {
		copy(b[i*saltSize:(i+1)*saltSize], salt)
	}
	return b
}

// erasedOf returns the column erased of an entry: nil, which is NULL, if nothing was
// erased.
func erasedOf(s audit.Secrets) any {
	if s.ActorHash == nil && s.TargetHash == nil && s.InternalHash == nil {
		return nil
	}
	b := make([]byte, parts*len(audit.Hash{}))
	for i, h := range []*audit.Hash{s.ActorHash, s.TargetHash, s.InternalHash} {
		if h != nil {
			copy(b[i*len(h):], h[:])
		}
	}
	return b
}

func secretsOf(salts, erased []byte) (s audit.Secrets) {
	for i, to := range []*[]byte{&s.Actor, &s.Target, &s.Internal} {
		if len(salts) == parts*saltSize {
			if salt := salts[i*saltSize : (i+1)*saltSize]; !bytes.Equal(salt, make([]byte, saltSize)) {
				*to = salt
			}
		}
	}
	const size = len(audit.Hash{})
	for i, to := range []**audit.Hash{&s.ActorHash, &s.TargetHash, &s.InternalHash} {
		if len(erased) == parts*size {
			if h := audit.Hash(erased[i*size : (i+1)*size]); h != (audit.Hash{}) {
				*to = &h
			}
		}
	}
	return s
}

func (t *tx) OrgsAfter(position int64, limit int) (orgs []directory.OrgID, upTo int64, err error) {
	type last struct {
		org      directory.OrgID
		position int64
	}
	found, err := list(t, func(row scanner) (l last, err error) {
		err = row.Scan(&l.org, &l.position)
		return l, err
	}, `SELECT org_id, max(position) FROM (SELECT org_id, position FROM entries WHERE position > $1 AND position <= $2 ORDER BY position LIMIT $3) AS next GROUP BY org_id`,
		position, t.db.horizon(), limit)
	upTo = position
	for _, l := range found {
		orgs, upTo = append(orgs, l.org), max(upTo, l.position)
	}
	return orgs, upTo, err
}

func (t *tx) Leaves(org directory.OrgID, after int64, limit int) ([]directory.Leaf, error) {
	return list(t, func(row scanner) (l directory.Leaf, err error) {
		err = row.Scan(&l.Sequence, &l.Hash, &l.MAC)
		return l, err
	}, `SELECT sequence, leaf, mac FROM entries WHERE org_id = $1 AND sequence > $2 ORDER BY sequence LIMIT $3`, org, after, limit)
}

func (t *tx) Tile(org directory.OrgID, id audit.TileID) ([]byte, error) {
	b, err := one(t, "tile", scanValue[[]byte], `SELECT hashes FROM audit_tiles WHERE org_id = $1 AND level = $2 AND tile = $3`, org, id.Level, id.Index)
	if directory.CodeOf(err) == directory.NotFound {
		return nil, nil
	}
	return b, err
}

func (t *tx) PutTile(org directory.OrgID, id audit.TileID, hashes []byte) error {
	return t.exec(`INSERT INTO audit_tiles (org_id, level, tile, hashes) VALUES ($1, $2, $3, $4)
		ON CONFLICT (org_id, level, tile) DO UPDATE SET hashes = excluded.hashes`, org, id.Level, id.Index, hashes)
}

const selectCheckpoints = `SELECT size, note, sealed_at FROM audit_checkpoints WHERE org_id = $1 `

func scanCheckpoint(row scanner) (c directory.SignedCheckpoint, err error) {
	var sealed int64
	err = row.Scan(&c.Size, &c.Note, &sealed)
	c.SealedAt = fromMicros(sealed)
	return c, err
}

func (t *tx) Checkpoint(org directory.OrgID, size int64) (directory.SignedCheckpoint, error) {
	if size == 0 {
		return one(t, "checkpoint", scanCheckpoint, selectCheckpoints+`ORDER BY size DESC LIMIT 1`, org)
	}
	return one(t, "checkpoint", scanCheckpoint, selectCheckpoints+`AND size = $2`, org, size)
}

func (t *tx) Checkpoints(org directory.OrgID, after int64, limit int) ([]directory.SignedCheckpoint, error) {
	return list(t, scanCheckpoint, selectCheckpoints+`AND size > $2 ORDER BY size LIMIT $3`, org, after, limit)
}

func (t *tx) CreateCheckpoint(org directory.OrgID, c directory.SignedCheckpoint) error {
	return t.exec(`INSERT INTO audit_checkpoints (org_id, size, note, sealed_at) VALUES ($1, $2, $3, $4)`, org, c.Size, c.Note, micros(c.SealedAt))
}

func (t *tx) Retention(org directory.OrgID) (int, error) {
	return one(t, "retention", scanValue[int], `SELECT days FROM audit_retention WHERE org_id = $1`, org)
}

func (t *tx) SetRetention(org directory.OrgID, days int) error {
	if days == 0 {
		return t.exec(`DELETE FROM audit_retention WHERE org_id = $1`, org)
	}
	return t.exec(`INSERT INTO audit_retention (org_id, days) VALUES ($1, $2)
		ON CONFLICT (org_id) DO UPDATE SET days = excluded.days`, org, days)
}

func (t *tx) Retentions() (map[directory.OrgID]int, error) {
	all := make(map[directory.OrgID]int)
	type row struct {
		org  directory.OrgID
		days int
	}
	rows := each(t, func(r scanner) (v row, err error) {
		err = r.Scan(&v.org, &v.days)
		return v, err
	}, `SELECT org_id, days FROM audit_retention`)
	for v, err := range rows {
		if err != nil {
			return nil, err
		}
		all[v.org] = v.days
	}
	return all, nil
}
