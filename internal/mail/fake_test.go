package mail_test

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// fakeLog is a store that holds a log and how far it was followed; time and waiting
// are the test's.
type fakeLog struct {
	directory.Store
	cursors map[string]int64
	entries []directory.Entry
}

type fakeTx struct {
	directory.Tx
	log *fakeLog
}

func (l *fakeLog) Observe(directory.Observer) {}
func (l *fakeLog) Changed() <-chan struct{}   { return nil }

func (l *fakeLog) Lead(ctx context.Context, _ string, fn func(context.Context) error) error {
	return fn(ctx)
}

func (l *fakeLog) Read(_ context.Context, fn func(directory.Tx) error) error {
	return fn(fakeTx{log: l})
}

func (l *fakeLog) Write(_ context.Context, fn func(directory.Tx) error) error {
	return fn(fakeTx{log: l})
}

func (tx fakeTx) Lock(directory.Lock) error { return nil }

// User is the one that an entry tells of.
func (tx fakeTx) User(_ directory.OrgID, id directory.UserID) (u directory.User, err error) {
	for _, e := range tx.log.entries {
		if e.Target.ID == string(id) {
			err = json.Unmarshal(e.After, &u)
			return u, err
		}
	}
	return u, directory.Errorf(directory.NotFound, "no such user")
}

func (tx fakeTx) MailReserved(int64) (bool, error)            { return false, nil }
func (tx fakeTx) ReserveMail(directory.MailReservation) error { return nil }
func (tx fakeTx) CountMails(directory.OrgID, string, time.Time) (int, time.Time, error) {
	return 0, time.Time{}, nil
}

func (tx fakeTx) Account(directory.AccountID) (directory.Account, error) {
	return directory.Account{}, nil
}
func (tx fakeTx) CreateSignInLink(directory.SignInLink) error { return nil }

func (tx fakeTx) SetInvitationMailed(directory.OrgID, directory.UserID, time.Time) error { return nil }

func (tx fakeTx) Cursor(follower string) (int64, error) {
	seq, ok := tx.log.cursors[follower]
	if !ok {
		return 0, directory.Errorf(directory.NotFound, "no such cursor")
	}
	return seq, nil
}

func (tx fakeTx) SetCursor(follower string, seq int64) error {
	if tx.log.cursors == nil {
		tx.log.cursors = make(map[string]int64)
	}
	tx.log.cursors[follower] = seq
	return nil
}

func (tx fakeTx) Entries(after int64, _ int) ([]directory.Entry, error) {
	var rest []directory.Entry
	for _, e := range tx.log.entries {
		if e.Position > after {
			rest = append(rest, e)
		}
	}
	return rest, nil
}

// invited is an entry that asks for an invitation.
func invited(seq int64, name string) directory.Entry {
	return directory.Entry{
		Position: seq, At: time.Now(), OrgID: "acme", Action: directory.OpCreateUser.Name,
		Target: directory.Target{Type: "user", ID: "usr_" + name},
		After:  fmt.Appendf(nil, `{"id":"usr_%s","email":"%[1]s@example.com","name":"%[1]s","accountId":"acc_%d"}`, name, seq),
		Actor:  directory.Actor{Kind: directory.ActorAPIToken},
	}
}
