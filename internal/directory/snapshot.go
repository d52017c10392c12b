package directory

import (
	"errors"
	"iter"
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// Snapshot is what decides who may do what: a [Tx] for the present, or an
// organization's past.
type Snapshot interface {
	User(OrgID, UserID) (User, error)
	Users(OrgID, UserQuery) iter.Seq2[User, error]
	Role(OrgID, RoleID) (Role, error)
	GroupsOf(OrgID, UserID) ([]Group, error)
	TemporaryRole(OrgID, UserID) (TemporaryRole, error)
}

// Past returns the principal's organization as it was after the entry of a sequence,
// 0 for before all of them. See the package history.
type Past func(tx Tx, sequence int64) Snapshot

// NextQuery selects the first entry about each of some targets.
type NextQuery struct {
	Type  string // of the targets: entries of other types may have their ids
	Since int64  // only entries with greater numbers
	After string // only targets with greater ids
	Until string // and none beyond this one
	Limit int    // 0: no limit
}

// AsOf is the principal's organization as it was at a time, or for the zero time as
// it is. A past time also requires auditLog|read, because it is answered from the
// log. Errors: [Forbidden]; [Invalid] for a time to come, and for one of which
// retention has dropped the entries.
func (s *Service) AsOf(tx Tx, call Call, at time.Time) (Snapshot, error) {
	if at.IsZero() {
		return tx, nil
	}
	need := authz.Pair{Resource: "auditLog", Action: authz.Read}
	if !call.Principal.Capabilities.Allows(need) {
		return nil, Errorf(Forbidden, "querying a past time requires permission %s", need)
	}
	if now := s.now(); at.After(now) {
		return nil, InvalidField("at", "must not be in the future; it is %s", now.Format(time.RFC3339Nano))
	}
	if s.past == nil {
		return nil, errors.New("query a past time: the service was made without WithPast")
	}
	since, err := lastEntryBy(tx, call.Principal.OrgID, at)
	if err != nil {
		return nil, err
	}
	return s.past(tx, since), nil
}

// lastEntryBy is the number of an organization's last entry up to a time, which
// its entries have microseconds of; 0 if it did not exist then.
func lastEntryBy(tx Tx, org OrgID, at time.Time) (int64, error) {
	first, err := FirstEntry(tx, org)
	if err != nil {
		return 0, err
	}
	if first.Sequence > 1 && at.Before(first.At) {
		return 0, InvalidField("at", "the audit log is kept from %s on; ask for that time or a later one", first.At.Format(time.RFC3339Nano))
	}
	last, _, err := tx.LastOrgEntry(org)
	if err != nil {
		return 0, err
	}
	next, err := SequenceSince(tx, org, last, at.Add(time.Microsecond))
	return next - 1, err
}

// SequenceSince is the sequence of the first entry at a time or later, the one after
// last if there is none. As times never go back within a log, halving finds it.
func SequenceSince(tx Tx, org OrgID, last int64, at time.Time) (int64, error) {
	low, high := int64(1), last+1
	for low < high {
		middle := low + (high-low)/2
		earlier := false
		// Retention may have dropped this entry; the next one will do.
		for e, err := range tx.OrgEntries(org, EntryQuery{After: middle - 1, Limit: 1}) {
			if err != nil {
				return 0, err
			}
			earlier = e.At.Before(at)
		}
		if earlier {
			low = middle + 1
		} else {
			high = middle
		}
	}
	return low, nil
}

// FirstEntry returns the first entry of an organization that is kept. Errors: [NotFound].
func FirstEntry(tx Tx, org OrgID) (Entry, error) {
	for e, err := range tx.OrgEntries(org, EntryQuery{Limit: 1}) {
		return e, err
	}
	return Entry{}, Missing("organization")
}
