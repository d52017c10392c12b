package directory

import (
	"context"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
)

// PersonalTokenRecord is a personal token as it is kept: it belongs to an account
// and acts with whatever the account may do. Only a hash of its value is stored.
type PersonalTokenRecord struct {
	ID          TokenID    `json:"id"`
	AccountID   AccountID  `json:"accountId"`
	Name        string     `json:"name"`
	Description string     `json:"description,omitempty"`
	ExpiresAt   time.Time  `json:"expiresAt,omitzero"` // zero: never
	Networks    Networks   `json:"networks,omitempty"` // none: from anywhere
	CreatedAt   time.Time  `json:"createdAt"`
	Hash        SecretHash `json:"-"`
}

// Target is the token as the target of an entry.
func (t PersonalTokenRecord) Target() Target {
	return Target{Type: "personalToken", ID: string(t.ID), Name: t.Name}
}

// IssuedPersonalToken is a new personal token with its value, which is shown this once.
type IssuedPersonalToken struct {
	PersonalTokenRecord
	Secret string `json:"-"`
}

// ShownOnce is the error of a retried create, whose secret is gone.
func (t IssuedPersonalToken) ShownOnce() error { return errShownOnce(t.ID) }

// NewPersonalToken is what it takes to make a personal token. With the zero
// ExpiresAt it never ends, and without networks it works from anywhere, as far as
// the token that makes it allows.
type NewPersonalToken struct {
	Name        string
	Description string
	ExpiresAt   time.Time
	Networks    Networks
}

// ListPersonalTokens returns the account's own personal tokens, expired ones included.
func (s *Service) ListPersonalTokens(ctx context.Context, call Call) ([]PersonalTokenRecord, error) {
	return Read(ctx, s, call, OpListPersonalTokens, func(tx Tx) ([]PersonalTokenRecord, error) {
		return tx.PersonalTokens(call.Principal.AccountID)
	})
}

// CreatePersonalToken creates a personal token for the account itself. Needs a
// personal token; the new one ends no later and works only from where that does.
// Audit entry createPersonalToken in each of the account's organizations. Errors:
// [Invalid]; [Forbidden] for wider networks; [LimitExceeded].
func (s *Service) CreatePersonalToken(ctx context.Context, call Call, in NewPersonalToken) (IssuedPersonalToken, error) {
	return Write(ctx, s, call, OpCreatePersonalToken, func(c *Change) (IssuedPersonalToken, error) {
		if err := c.OneMoreOfAccount(c.actor.AccountID, limits.PersonalTokens); err != nil {
			return IssuedPersonalToken{}, err
		}
		bound, err := c.boundsOf("expiresAt", bounds{in.ExpiresAt, in.Networks}, 0)
		if err != nil {
			return IssuedPersonalToken{}, err
		}
		in.ExpiresAt, in.Networks = bound.expiresAt, bound.networks
		t, err := IssuePersonalToken(c, c.actor.AccountID, in, c.now)
		if err != nil {
			return IssuedPersonalToken{}, err
		}
		if c.actor.Kind == PersonalToken { // a token that an organization revoked makes none that acts there
			if err := c.CopyRevocations(c.actor.AccountID, c.actor.TokenID, t.ID); err != nil {
				return IssuedPersonalToken{}, err
			}
		}
		if c.actor.Kind == Session { // nor does a session that an organization has ended
			if err := c.RevokeWhereEnded(c.actor.AccountID, c.actor.TokenID, t.ID); err != nil {
				return IssuedPersonalToken{}, err
			}
		}
		if call.DryRun != nil {
			t.Secret = "" // there will be no such token
		}
		return t, c.RecordForAccount(c.actor.AccountID, t.Target(), nil, t.PersonalTokenRecord)
	})
}

// IssuePersonalToken creates and stores a token of an account. The caller records it.
// Errors: [Invalid].
func IssuePersonalToken(tx Tx, account AccountID, in NewPersonalToken, now time.Time) (t IssuedPersonalToken, err error) {
	t = IssuedPersonalToken{Secret: ident.Secret(personalTokenPrefix), PersonalTokenRecord: PersonalTokenRecord{
		ID: TokenID(ident.New("pat", now)), AccountID: account, Networks: in.Networks, CreatedAt: now,
	}}
	t.Hash = HashSecret(t.Secret)
	if t.Name, err = CleanName("name", in.Name); err != nil {
		return t, err
	}
	if t.Description, err = CleanDescription(in.Description); err != nil {
		return t, err
	}
	if t.ExpiresAt, err = cleanExpiry("expiresAt", in.ExpiresAt, now); err != nil {
		return t, err
	}
	return t, tx.CreatePersonalToken(t.PersonalTokenRecord)
}

// DeletePersonalToken revokes and forgets one of the account's own personal
// tokens. Needs a personal token, which may be the one deleted. Audit entry
// deletePersonalToken in each of the account's organizations. Errors: [NotFound].
func (s *Service) DeletePersonalToken(ctx context.Context, call Call, id TokenID) error {
	return Do(ctx, s, call, OpDeletePersonalToken, func(c *Change) error {
		t, err := c.PersonalToken(c.actor.AccountID, id)
		if err != nil {
			return err
		}
		if err := c.Check(t); err != nil {
			return err
		}
		if err := c.Tx.DeletePersonalToken(t.AccountID, t.ID); err != nil {
			return err
		}
		return c.RecordForAccount(c.actor.AccountID, t.Target(), t, nil)
	})
}

// RecordForAccount appends an entry about an account to the log of each
// organization that the account is in: its personal tokens act in all of them.
func (c *Change) RecordForAccount(account AccountID, target Target, before, after any) error {
	users, err := c.AccountUsers(account)
	if err != nil {
		return err
	}
	for _, u := range users {
		if err := c.RecordIn(u.OrgID, target, before, after); err != nil {
			return err
		}
	}
	return nil
}

// ActsIn lists the organizations that a personal token acts in, in the order of their ids:
// its person is not suspended there, and the token not revoked.
func ActsIn(tx Tx, t PersonalTokenRecord) (orgs []OrgID, err error) {
	users, err := tx.AccountUsers(t.AccountID)
	if err != nil {
		return nil, err
	}
	for _, u := range users {
		revoked, err := tx.TokenRevoked(u.OrgID, t.AccountID, t.ID)
		if err != nil {
			return nil, err
		}
		if !u.Suspended && !revoked {
			orgs = append(orgs, u.OrgID)
		}
	}
	slices.Sort(orgs)
	return orgs, nil
}
