package directory

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/text"
)

// Record appends the audit entry of a change in the actor's organization.
// before and after are written as JSON; nil for what did not or does not exist.
func (c *Change) Record(target Target, before, after any) error {
	return c.RecordIn(c.actor.OrgID, target, before, after)
}

// RecordIn holds the organization's lock, so that its entries are committed in the
// order of their numbers. State that is changed in another organization must also be
// read under that organization's lock.
func (c *Change) RecordIn(org OrgID, target Target, before, after any) error {
	if err := c.Lock(LockOrg(org)); err != nil {
		return err
	}
	if c.call.DryRun != nil { // the transaction is undone
		c.call.DryRun.Record(c, org, target, before, after)
		return nil
	}
	e := c.entry(org, target)
	e.subject = AccountOf(before, after)
	if org != c.actor.OrgID {
		var err error
		if e.Actor.UserID, err = c.idIn(org, before, after); err != nil {
			return err
		}
	}
	sequence, err := record(c.Tx, c.keys, e, before, after)
	if err == nil {
		c.written.note(LogEnd{org, sequence})
	}
	return err
}

// RecordRefused records that an operation was refused to the call's principal, in the log of
// the organization that it acts in, with the outcome [Refused]. The principal needs no
// permission and is not read again.
func RecordRefused(ctx context.Context, s *Service, call Call, op Operation, target Target, reason string) error {
	org := call.Principal.OrgID
	begin := func(tx Tx) *Change { return s.change(tx, call, op, call.Principal) }
	_, err := writeAs(ForTenant(ctx, OrgTenant(org)), s, op, begin, func(c *Change) (struct{}, error) {
		return struct{}{}, c.RecordRefused(org, target, reason)
	})
	return err
}

// RecordRefused appends an entry with the outcome [Refused] to an organization's log.
func (c *Change) RecordRefused(org OrgID, target Target, reason string) error {
	if err := c.Lock(LockOrg(org)); err != nil {
		return err
	}
	if _, err := c.Org(org); err != nil {
		return err // it was deleted meanwhile: no log begins anew
	}
	e := c.entry(org, target)
	e.Outcome, e.Reason = Refused, reason
	_, err := appendEntry(c.Tx, c.keys, e)
	return err
}

// noteEnd notes how the log of the actor's organization ends if the change has written
// nothing to it: what it was asked for is that way already, and may have become so a moment
// ago.
func (c *Change) noteEnd() error {
	org := c.actor.OrgID
	if c.written == nil || org == "" || c.written.in(org) {
		return nil
	}
	last, _, err := c.LastOrgEntry(org)
	if err == nil && last > 0 {
		c.written.note(LogEnd{org, last})
	}
	return err
}

// Record appends an entry with the states before and after a change, which are
// written as JSON; nil for what did not or does not exist. It sets the entry's
// sequence and authenticator, and its time if that would go back. The organization's
// lock must be held. Calls record their changes by themselves; Record is for changes
// that the server or the operator makes without a call.
func Record(tx Tx, keys *audit.Keyring, e Entry, before, after any) error {
	_, err := record(tx, keys, e, before, after)
	return err
}

// record is [Record], and returns the entry's sequence.
func record(tx Tx, keys *audit.Keyring, e Entry, before, after any) (sequence int64, err error) {
	if e.Before, err = entryJSON(before); err != nil {
		return 0, err
	}
	if e.After, err = entryJSON(after); err != nil {
		return 0, err
	}
	return appendEntry(tx, keys, e)
}

// entry begins an entry of an organization's log by the change's actor, or by
// the server if it acts for them.
func (c *Change) entry(org OrgID, target Target) Entry {
	actor := c.actor.Actor()
	if c.byServer {
		actor = SystemPrincipal(org).Actor()
	}
	return Entry{
		At: c.now, OrgID: org, Actor: actor, Action: c.op.Name, Target: target,
		TraceID: c.call.TraceID, RemoteAddr: loggable(c.call.RemoteAddr), UserAgent: loggable(c.call.UserAgent),
	}
}

// MaxLogged is how many bytes of a text from outside an entry has.
const MaxLogged = 512

func loggable(s string) string { return text.Loggable(s, MaxLogged) }

// userState is a user's state, of whatever kind.
type userState interface{ membership() (AccountID, UserID) }

// AccountOf is the account of the user whose states these are, "" if they are not a user's.
func AccountOf(states ...any) AccountID {
	for _, state := range states {
		if u, ok := state.(userState); ok {
			if account, _ := u.membership(); account != "" {
				return account
			}
		}
	}
	return ""
}

// idIn is the actor's id in another organization than the one they act in: theirs
// there is nothing for its log. states may hold a user who is not there any more.
func (c *Change) idIn(org OrgID, states ...any) (UserID, error) {
	if c.actor.AccountID == "" {
		return "", nil
	}
	for _, state := range states {
		if u, ok := state.(userState); ok {
			if account, id := u.membership(); account == c.actor.AccountID {
				return id, nil
			}
		}
	}
	u, err := c.AccountUser(org, c.actor.AccountID)
	return u.ID, IgnoreNotFound(err)
}

// appendEntry gives an entry its number, its place in time and its authenticator
// and appends it. The organization's lock is held: without it, another entry
// would have the same number.
func appendEntry(tx Tx, keys *audit.Keyring, e Entry) (sequence int64, err error) {
	last, at, err := tx.LastOrgEntry(e.OrgID)
	if err != nil {
		return 0, err
	}
	e.Sequence = last + 1
	if e.At.Before(at) { // clocks may go back, and differ between nodes
		e.At = at
	}
	e.Secrets = audit.NewSecrets()
	_, leaf, err := e.Record()
	if err != nil {
		return 0, fmt.Errorf("encode audit entry: %w", err)
	}
	e.Leaf, e.MAC = leaf[:], keys.MAC(string(e.OrgID), e.Sequence, leaf)
	return e.Sequence, tx.AppendEntry(e)
}

func entryJSON(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode audit entry: %w", err)
	}
	return b, nil
}
