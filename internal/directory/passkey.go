package directory

import (
	"context"
	"time"

	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
)

// PasskeyID is "pky_…".
type PasskeyID string

// Passkey is a WebAuthn credential that an account signs in with.
type Passkey struct {
	ID        PasskeyID `json:"id"`
	AccountID AccountID `json:"accountId"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`

	LastUsedAt   time.Time `json:"-"` // zero: never
	CredentialID []byte    `json:"-"`
	// Credential is what internal/signin checks a sign-in with: the public key, the
	// signature counter and the flags. It holds no secret.
	Credential []byte `json:"-"`
}

// Target is how the audit log names the passkey.
func (p Passkey) Target() Target { return Target{Type: "passkey", ID: string(p.ID), Name: p.Name} }

// NewPasskey is a credential that a browser has made and internal/signin has checked.
type NewPasskey struct {
	Name         string
	CredentialID []byte
	Credential   []byte
	Ceremony     Ceremony // that the browser made it in
}

// ListPasskeys gives the account's own passkeys. Needs a personal token or session.
func (s *Service) ListPasskeys(ctx context.Context, call Call) ([]Passkey, error) {
	return Read(ctx, s, call, OpListPasskeys, func(tx Tx) ([]Passkey, error) {
		return tx.Passkeys(call.Principal.AccountID)
	})
}

// CreatePasskey adds a passkey to the account of a session with a fresh sign-in. A
// personal token can't: it would outlive its own end by the passkey. Audit entry
// createPasskey in each of the account's organizations. Errors: [Invalid]; [Forbidden];
// [Reauthenticate]; [Conflict] for a credential that is there; [LimitExceeded].
func (s *Service) CreatePasskey(ctx context.Context, call Call, in NewPasskey) (Passkey, error) {
	return Write(ctx, s, call, OpCreatePasskey, func(c *Change) (p Passkey, err error) {
		if c.actor.Kind != Session {
			return p, Errorf(Forbidden, "a passkey is added in a browser; sign in there")
		}
		name, err := CleanName("name", in.Name)
		if err != nil {
			return p, err
		}
		if err := c.finish(in.Ceremony); err != nil {
			return p, err
		}
		if err := c.oneMoreOfAccount(c.actor.AccountID, limits.Passkeys); err != nil {
			return p, err
		}
		p = Passkey{
			ID: PasskeyID(ident.New("pky", c.now)), AccountID: c.actor.AccountID, Name: name, CreatedAt: c.now,
			CredentialID: in.CredentialID, Credential: in.Credential,
		}
		if _, err := c.PasskeyByCredential(p.CredentialID); CodeOf(err) != NotFound {
			if err == nil {
				err = Errorf(Conflict, "this passkey is added already")
			}
			return p, err
		}
		if err := c.Tx.CreatePasskey(p); err != nil {
			return p, err
		}
		return p, c.recordForAccount(p.AccountID, p.Target(), nil, p)
	})
}

// RenamePasskey renames one of the account's own passkeys. Needs a personal token or
// session. Audit entry updatePasskey in each of the account's organizations. Errors:
// [NotFound]; [Invalid].
func (s *Service) RenamePasskey(ctx context.Context, call Call, id PasskeyID, name string) (Passkey, error) {
	return Write(ctx, s, call, OpUpdatePasskey, func(c *Change) (Passkey, error) {
		name, err := CleanName("name", name)
		if err != nil {
			return Passkey{}, err
		}
		before, err := c.Passkey(c.actor.AccountID, id)
		if err != nil {
			return Passkey{}, err
		}
		before.CredentialID, before.Credential = nil, nil // don't change, and are not shown
		if err := c.Check(before); err != nil || name == before.Name {
			return before, err
		}
		after := before
		after.Name = name
		if err := c.Tx.RenamePasskey(after.AccountID, after.ID, name); err != nil {
			return Passkey{}, err
		}
		return after, c.recordForAccount(after.AccountID, after.Target(), before, after)
	})
}

// DeletePasskey removes one of the account's own passkeys; sessions that it started stay.
// Needs a personal token, or a session with a fresh sign-in. Audit entry deletePasskey in
// each of the account's organizations. Errors: [NotFound].
func (s *Service) DeletePasskey(ctx context.Context, call Call, id PasskeyID) error {
	_, err := Write(ctx, s, call, OpDeletePasskey, func(c *Change) (struct{}, error) {
		p, err := c.Passkey(c.actor.AccountID, id)
		if err != nil {
			return struct{}{}, err
		}
		if err := c.Check(p); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, c.dropPasskey(p)
	})
	return err
}

func (c *Change) dropPasskey(p Passkey) error {
	if err := c.Tx.DeletePasskey(p.AccountID, p.ID); err != nil {
		return err
	}
	return c.as(OpDeletePasskey).recordForAccount(p.AccountID, p.Target(), p, nil)
}

// PasskeyCheck checks a response of an authenticator against a passkey and gives its
// credential as it is to be kept from now on. An error refuses the sign-in.
type PasskeyCheck func(Passkey) (credential []byte, err error)

var errBadPasskey = Errorf(Unauthenticated, "the passkey is unknown here, or could not be checked; sign in by mail, or try another one")

// SignInWithPasskey signs in the account of a credential that check accepts. replaced is
// the value of the session that the browser has, which ends. Audit entry signIn in each
// of the account's organizations. Errors: [Unauthenticated], which is recorded there too
// if the credential is known, up to a limit.
func (s *Service) SignInWithPasskey(ctx context.Context, call Call, credentialID []byte, ceremony Ceremony, replaced string, check PasskeyCheck) (session IssuedSession, err error) {
	call.Principal = nil
	return s.signIn(ctx, call, func(c *Change) (session IssuedSession, err error) {
		p, err := c.PasskeyByCredential(credentialID)
		if err == nil {
			if err = c.Lock(LockAccount(p.AccountID)); err == nil {
				p, err = c.PasskeyByCredential(credentialID) // as it is now that nobody else is at it
			}
		}
		if err != nil {
			if CodeOf(err) == NotFound {
				err = errBadPasskey
			}
			return session, err
		}
		credential, err := check(p)
		if err != nil {
			return session, &failedSignIn{account: p.AccountID, method: SignInPasskey, err: errBadPasskey}
		}
		if err := c.finish(ceremony); err != nil {
			return session, &failedSignIn{account: p.AccountID, method: SignInPasskey, err: err}
		}
		if err := c.UsePasskey(p.AccountID, p.ID, credential, c.now); err != nil {
			return session, err
		}
		account, err := c.Account(p.AccountID)
		if err != nil {
			return session, err
		}
		return c.startSession(account, newSession{method: SignInPasskey, fresh: true, replaces: replaced})
	})
}
