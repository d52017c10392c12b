package directory

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// ExpiryNotices are how long before its end an API token is announced to expire, the
// first notice first.
var ExpiryNotices = []time.Duration{14 * 24 * time.Hour, 3 * 24 * time.Hour}

// expiringBatch is how many tokens are read at a time.
const expiringBatch = 100

// ExpiringQuery selects API tokens of all organizations that expire after a time and no
// later than another, and that have fewer notices. It leaves out tokens that were made
// to work no longer than Within, and tokens that were replaced.
type ExpiringQuery struct {
	After, UpTo time.Time
	Notices     int
	Within      time.Duration
	Limit       int
}

// AnnounceExpiring adds an entry for each API token that expires soon, once for each of
// [ExpiryNotices], from which webhooks and mails are made. A token that was made to work
// no longer than that, or that was replaced, is not announced. Audit entry
// announceTokenExpiry, by the server itself. A token that can't be announced ends the
// call; the next one tries again.
func (s *Service) AnnounceExpiring(ctx context.Context) error {
	for notice := len(ExpiryNotices); notice > 0; notice-- { // the last first: a token gets one notice at a time
		if err := s.announce(ctx, notice); err != nil {
			return err
		}
	}
	return nil
}

func (s *Service) announce(ctx context.Context, notice int) error {
	within := ExpiryNotices[notice-1]
	for {
		var soon []APITokenRecord
		now := s.now()
		q := ExpiringQuery{After: now, UpTo: now.Add(within), Notices: notice, Within: within, Limit: expiringBatch}
		err := s.store.Read(ctx, func(tx Tx) (err error) {
			soon, err = tx.ExpiringAPITokens(q)
			return err
		})
		for _, t := range soon {
			one := s.store.Write(ctx, func(tx Tx) error { return s.operate(tx, Call{}, OpAnnounceTokenExpiry).announceExpiry(t, notice) })
			if one != nil {
				err = errors.Join(err, fmt.Errorf("announce that the token %s expires: %w", t.ID, one))
			}
		}
		if err != nil || len(soon) < expiringBatch {
			return err
		}
	}
}

// announceExpiry announces a token, unless that was done, or its end has changed, meanwhile.
func (c *Change) announceExpiry(seen APITokenRecord, notice int) error {
	if err := c.Lock(LockOrg(seen.OrgID)); err != nil {
		return err
	}
	t, err := c.APIToken(seen.OrgID, seen.ID)
	if err != nil || !t.ExpiresAt.Equal(seen.ExpiresAt) {
		return ignoreNotFound(err)
	}
	first, err := c.NoteExpiryNotice(t.OrgID, t.ID, notice)
	if err != nil || !first {
		return err
	}
	return c.AsSystem(t.OrgID, OpAnnounceTokenExpiry).Record(t.Target(), t, t)
}
