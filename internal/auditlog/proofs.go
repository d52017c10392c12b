package auditlog

import (
	"context"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/directory"
)

// errUnsealed is the error if a log has no checkpoint yet.
var errUnsealed = directory.Errorf(directory.NotFound, "the log is not sealed yet; its first entries are within a second")

// GetCheckpoint returns the signed head of the organization's log: the newest, or the
// one of a size. Permission auditLog|read. Errors: [directory.NotFound].
func (l *Trail) GetCheckpoint(ctx context.Context, call directory.Call, size int64) (directory.SignedCheckpoint, error) {
	return directory.Read(ctx, l.directory, call, directory.OpGetCheckpoint, func(tx directory.Tx) (directory.SignedCheckpoint, error) {
		c, err := tx.Checkpoint(call.Principal.OrgID, size)
		if directory.CodeOf(err) == directory.NotFound && size == 0 {
			err = errUnsealed
		}
		return c, err
	})
}

// ListCheckpoints lists signed heads of sizes greater than after, smallest first.
// Permission auditLog|read.
func (l *Trail) ListCheckpoints(ctx context.Context, call directory.Call, after int64, limit int) ([]directory.SignedCheckpoint, error) {
	return directory.Read(ctx, l.directory, call, directory.OpListCheckpoints, func(tx directory.Tx) ([]directory.SignedCheckpoint, error) {
		return tx.Checkpoints(call.Principal.OrgID, after, limit)
	})
}

// AuditKeys returns the keys that verify the organization's checkpoints.
// Permission auditLog|read.
func (l *Trail) AuditKeys(_ context.Context, call directory.Call) ([]string, error) {
	if err := directory.OpGetAuditKeys.Authorize(call.Principal); err != nil {
		return nil, err
	}
	return l.keys.VerifierKeys(string(call.Principal.OrgID))
}

// Inclusion proves that an entry is in the log of a size (RFC 6962 section 2.1.1).
type Inclusion struct {
	Sequence int64
	Size     int64
	Proof    audit.RecordProof
}

// ProveInclusion proves that the entry of a number is in the tree of a size, the
// newest's for 0. Permission auditLog|read. Errors: [directory.NotFound] for a size that was not
// signed; [directory.Invalid] for an entry that is not in it.
func (l *Trail) ProveInclusion(ctx context.Context, call directory.Call, number, size int64) (Inclusion, error) {
	return directory.Read(ctx, l.directory, call, directory.OpProveInclusion, func(tx directory.Tx) (p Inclusion, err error) {
		org := call.Principal.OrgID
		if size, err = signedSize(tx, org, size); err != nil {
			return p, err
		}
		if number < 1 || number > size {
			return p, directory.InvalidField("sequence", "must be from 1 to %d, the size of the tree", size)
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
// that of size from. Permission auditLog|read. Errors: as [Trail.ProveInclusion].
func (l *Trail) ProveConsistency(ctx context.Context, call directory.Call, from, to int64) (Consistency, error) {
	return directory.Read(ctx, l.directory, call, directory.OpProveConsistency, func(tx directory.Tx) (p Consistency, err error) {
		org := call.Principal.OrgID
		if to, err = signedSize(tx, org, to); err != nil {
			return p, err
		}
		if from < 1 || from > to {
			return p, directory.InvalidField("from", "must be from 1 to %d, the size of the tree", to)
		}
		p = Consistency{From: from, To: to}
		p.Proof, err = audit.Consistency(Tiles(tx, org), from, to)
		return p, err
	})
}

func signedSize(tx directory.Tx, org directory.OrgID, size int64) (int64, error) {
	c, err := tx.Checkpoint(org, size)
	if directory.CodeOf(err) == directory.NotFound && size == 0 {
		err = errUnsealed
	}
	return c.Size, err
}
