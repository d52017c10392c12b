// Package expiry announces API tokens that expire soon.
package expiry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// Notices are how long before its end an API token is announced to expire, the first notice
// first.
var Notices = []time.Duration{14 * 24 * time.Hour, 3 * 24 * time.Hour}

// batch is how many tokens are read at a time.
const batch = 100

// Announce adds an entry for each API token that expires soon, once for each of [Notices],
// from which webhooks and mails are made. A token that was made to work no longer than that,
// or that was replaced, is not announced. Audit entry announceTokenExpiry, by the server
// itself. A token that can't be announced ends the call; the next one tries again.
func Announce(ctx context.Context, s *directory.Service) error {
	for notice := len(Notices); notice > 0; notice-- { // the last first: a token gets one notice at a time
		if err := announce(ctx, s, notice); err != nil {
			return err
		}
	}
	return nil
}

func announce(ctx context.Context, s *directory.Service, notice int) error {
	within := Notices[notice-1]
	for {
		var soon []directory.APITokenRecord
		now := s.Now()
		q := directory.ExpiringQuery{After: now, UpTo: now.Add(within), Notices: notice, Within: within, Limit: batch}
		err := directory.ReadAsOperator(ctx, s, func(tx directory.Tx) (err error) {
			soon, err = tx.ExpiringAPITokens(q)
			return err
		})
		for _, t := range soon {
			one := directory.DoAsOperator(ctx, s, directory.OpAnnounceTokenExpiry, func(c *directory.Change) error {
				return announceOne(c, t, notice)
			})
			if one != nil {
				err = errors.Join(err, fmt.Errorf("announce that the token %s expires: %w", t.ID, one))
			}
		}
		if err != nil || len(soon) < batch {
			return err
		}
	}
}

// announceOne announces a token, unless that was done, or its end has changed, meanwhile.
func announceOne(c *directory.Change, seen directory.APITokenRecord, notice int) error {
	if err := c.Lock(directory.LockOrg(seen.OrgID)); err != nil {
		return err
	}
	t, err := c.APIToken(seen.OrgID, seen.ID)
	if directory.CodeOf(err) == directory.NotFound || (err == nil && !t.ExpiresAt.Equal(seen.ExpiresAt)) {
		return nil
	}
	if err != nil {
		return err
	}
	first, err := c.NoteExpiryNotice(t.OrgID, t.ID, notice)
	if err != nil || !first {
		return err
	}
	return c.AsSystem(t.OrgID, directory.OpAnnounceTokenExpiry).Record(t.Target(), t, t)
}
