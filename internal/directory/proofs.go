package directory

import (
	"context"

	"github.com/rosterhq/roster/internal/audit"
)

// errUnsealed is for a log that has no checkpoint yet.
var errUnsealed = Errorf(NotFound, "the log is not sealed yet; its first entries are within a second")

// GetCheckpoint gives the signed head of the organization's log: the newest, or
// that of a size. Permission auditLog|read. Errors: [NotFound].
func (s *Service) GetCheckpoint(ctx context.Context, call Call, size int64) (SignedCheckpoint, error) {
	return Read(ctx, s, call, OpGetCheckpoint, func(tx Tx) (SignedCheckpoint, error) {
		c, err := tx.Checkpoint(call.Principal.OrgID, size)
		if CodeOf(err) == NotFound && size == 0 {
			err = errUnsealed
		}
		return c, err
	})
}

// ListCheckpoints lists signed heads of sizes greater than after, smallest first.
// Permission auditLog|read.
func (s *Service) ListCheckpoints(ctx context.Context, call Call, after int64, limit int) ([]SignedCheckpoint, error) {
	return Read(ctx, s, call, OpListCheckpoints, func(tx Tx) ([]SignedCheckpoint, error) {
		return tx.Checkpoints(call.Principal.OrgID, after, limit)
	})
}

// AuditKeys gives the keys that the organization's checkpoints are verified with.
// Permission auditLog|read.
func (s *Service) AuditKeys(_ context.Context, call Call) ([]string, error) {
	if err := OpGetAuditKeys.Authorize(call.Principal); err != nil {
		return nil, err
	}
	return s.keys.VerifierKeys(string(call.Principal.OrgID))
}

// Inclusion proves that an entry is in the log of a size (RFC 6962 section 2.1.1).
type Inclusion struct {
	Sequence int64
	Size     int64
	Proof    audit.RecordProof
}

// ProveInclusion proves that the entry of a number is in the tree of a size, the
// newest's for 0. Permission auditLog|read. Errors: [NotFound] for a size that was not
// signed; [Invalid] for an entry that is not in it.
func (s *Service) ProveInclusion(ctx context.Context, call Call, number, size int64) (Inclusion, error) {
	return Read(ctx, s, call, OpProveInclusion, func(tx Tx) (p Inclusion, err error) {
		org := call.Principal.OrgID
		if size, err = signedSize(tx, org, size); err != nil {
			return p, err
		}
		if number < 1 || number > size {
			return p, InvalidField("sequence", "must be from 1 to %d, the size of the tree", size)
		}
		p = Inclusion{Sequence: number, Size: size}
		p.Proof, err = audit.Inclusion(Tiles(tx, org), size, number)
		return p, err
	})
}

// Consistency proves that a log only grew from a size to another (RFC 6962 section 2.1.2).
type Consistency struct {
	From, To int64
	Proof    audit.TreeProof
}

// ProveConsistency proves that the tree of size to, the newest's for 0, begins with
// that of size from. Permission auditLog|read. Errors: as [Service.ProveInclusion].
func (s *Service) ProveConsistency(ctx context.Context, call Call, from, to int64) (Consistency, error) {
	return Read(ctx, s, call, OpProveConsistency, func(tx Tx) (p Consistency, err error) {
		org := call.Principal.OrgID
		if to, err = signedSize(tx, org, to); err != nil {
			return p, err
		}
		if from < 1 || from > to {
			return p, InvalidField("from", "must be from 1 to %d, the size of the tree", to)
		}
		p = Consistency{From: from, To: to}
		p.Proof, err = audit.Consistency(Tiles(tx, org), from, to)
		return p, err
	})
}

func signedSize(tx Tx, org OrgID, size int64) (int64, error) {
	c, err := tx.Checkpoint(org, size)
	if CodeOf(err) == NotFound && size == 0 {
		err = errUnsealed
	}
	return c.Size, err
}

// Tiles reads the tiles of an organization's tree.
func Tiles(tx Tx, org OrgID) audit.Tiles {
	return func(id audit.TileID) ([]byte, error) { return tx.Tile(org, id) }
}
