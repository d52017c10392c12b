package mail

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"

	gomail "github.com/wneessen/go-mail"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
)

const (
	// maxOwners is how many owners are mailed about a hold.
	maxOwners = 20
	// maxHolds is how many holds of an organization are mailed within a day. Owners need
	// not have confirmed their addresses, so others must not be mailed without end.
	maxHolds = 3
)

// Hold tells an owner that their organization's directory is held.
type Hold struct {
	Email, Name string
	OrgID       directory.OrgID
	WouldLose   int `json:"wouldLose"`
	Present     int `json:"present"`
}

// HoldSender is a [Sender] that delivers mails about holds too.
type HoldSender interface {
	SendHold(ctx context.Context, h Hold) error
}

// deliverHold mails the owners that their directory is held. It reports whether that is
// done; if no mail could be sent because the mail server does not respond, it is not.
func (m *Mailer) deliverHold(ctx context.Context, log *slog.Logger, e directory.Entry) (done bool, err error) {
	sender, ok := m.sender.(HoldSender)
	if !ok {
		return true, nil
	}
	owners, err := m.toldOf(ctx, e)
	if err != nil {
		return false, err
	}
	for i, h := range owners {
		err := sender.SendHold(ctx, h)
		if err != nil && (i > 0 || errors.Is(err, ErrNotYet)) { // a retry would mail the first owners twice
			err = fmt.Errorf("%w: %w", ErrRejected, err)
		}
		if done, err := m.settle(ctx, log, "mail about a hold", e, err); !done {
			return false, err
		}
	}
	return true, nil
}

// toldOf lists the owners to mail about the hold of an entry.
func (m *Mailer) toldOf(ctx context.Context, e directory.Entry) (owners []Hold, err error) {
	var h Hold
	if err := json.Unmarshal(e.After, &h); err != nil {
		return nil, fmt.Errorf("read entry %d: %w", e.Position, err)
	}
	err = m.feed.Store.Read(ctx, func(tx directory.Tx) error {
		owners = nil
		holds := 0
		q := directory.EntryQuery{Action: directory.OpHoldProvisioning.Name, Before: e.Sequence, NewestFirst: true, Limit: maxHolds}
		for earlier, err := range tx.OrgEntries(e.OrgID, q) {
			if err != nil {
				return err
			}
			if e.At.Sub(earlier.At) < limits.MailWindow {
				holds++
			}
		}
		if holds >= maxHolds {
			return nil
		}
		for u, err := range tx.Users(e.OrgID, directory.UserQuery{Role: authz.RoleOwner, Status: directory.Active, Limit: maxOwners}) {
			if err != nil {
				return err
			}
			owners = append(owners, Hold{Email: u.Email, Name: u.Name, OrgID: e.OrgID, WouldLose: h.WouldLose, Present: h.Present})
		}
		return nil
	})
	return owners, err
}

// SendHold implements [HoldSender].
func (s *SMTP) SendHold(ctx context.Context, h Hold) error {
	m, err := s.message(h.Email, h.Name)
	if err != nil {
		return err
	}
	m.Subject("The directory of " + string(h.OrgID) + " is held")
	greeting := "Hello"
	if name := plainName(h.Name); name != "" {
		greeting += " " + name
	}
	m.SetBodyString(gomail.TypeTextPlain, fmt.Sprintf(`%s,

the identity provider of the organization %s was about to suspend, remove or take out of groups
%d of its %d users within an hour. That is more than the organization allows, so Roster refuses
such changes until an owner decides.

To see what happened:                        roster scim status
If the changes are wanted, for an hour:      roster scim approve
If they are not, after setting it right:     roster scim end-hold
`, greeting, h.OrgID, h.WouldLose, h.Present))
	return s.deliver(ctx, m)
}
