// Package expiry announces tokens that expire soon.
package expiry

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// Notices are how long before its end a token is announced to expire, the first notice
// first.
var Notices = []time.Duration{14 * 24 * time.Hour, 3 * 24 * time.Hour}

// batch is how many tokens are read at a time.
const batch = 100

// Announce adds an entry for each token that expires soon, once for each of [Notices], from
// which webhooks and mails are made. A token that was made to work no longer than that, or
// that was replaced, is not announced. Audit entry announceTokenExpiry, by the server
// itself: for an API token in its organization, for a personal token in each organization
// that it acts in. A token that can't be announced ends the call; the next one tries again.
func Announce(ctx context.Context, s *directory.Service) error {
	for notice := len(Notices); notice > 0; notice-- { // the last first: a token gets one notice at a time
		err := announce(ctx, s, notice, directory.Tx.ExpiringAPITokens, announceAPIToken)
		if err := errors.Join(err, announce(ctx, s, notice, directory.Tx.ExpiringPersonalTokens, announcePersonalToken)); err != nil {
			return err
		}
	}
	return nil
}

// announce announces the tokens that are due for a notice, each in a transaction of its own.
func announce[T interface{ Target() directory.Target }](ctx context.Context, s *directory.Service, notice int,
	find func(directory.Tx, directory.ExpiringQuery) ([]T, error), one func(*directory.Change, T, int) error,
) error {
	within := Notices[notice-1]
	for {
		var soon []T
		now := s.Now()
		q := directory.ExpiringQuery{After: now, UpTo: now.Add(within), Notices: notice, Within: within, Limit: batch}
		err := directory.ReadAsOperator(ctx, s, func(tx directory.Tx) (err error) {
			soon, err = find(tx, q)
			return err
		})
		for _, t := range soon {
			failed := directory.DoAsOperator(ctx, s, directory.OpAnnounceTokenExpiry, func(c *directory.Change) error { return one(c, t, notice) })
			if failed != nil {
				err = errors.Join(err, fmt.Errorf("announce that the token %s expires: %w", t.Target().ID, failed))
			}
		}
		if err != nil || len(soon) < batch {
			return err
		}
	}
}

// announceAPIToken announces a token, unless that was done, or its end has changed, meanwhile.
func announceAPIToken(c *directory.Change, seen directory.APITokenRecord, notice int) error {
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

// announcePersonalToken announces a token in the organizations that it acts in.
func announcePersonalToken(c *directory.Change, seen directory.PersonalTokenRecord, notice int) error {
	if err := c.Lock(directory.LockAccount(seen.AccountID)); err != nil {
		return err
	}
	t, err := c.PersonalToken(seen.AccountID, seen.ID)
	if directory.CodeOf(err) == directory.NotFound || (err == nil && !t.ExpiresAt.Equal(seen.ExpiresAt)) {
		return nil
	}
	if err != nil {
		return err
	}
	first, err := c.NotePersonalExpiryNotice(t.AccountID, t.ID, notice)
	if err != nil || !first {
		return err
	}
	orgs, err := directory.ActsIn(c, t)
	if err != nil {
		return err
	}
	for _, org := range orgs {
		if err := c.AsSystem(org, directory.OpAnnounceTokenExpiry).Record(t.Target(), t, t); err != nil {
			return err
		}
	}
	return nil
}
