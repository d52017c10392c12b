package identity

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/ident"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/refusals"
)

// NewPasskey is a credential that a browser has made and internal/signin has checked.
type NewPasskey struct {
	Name         string
	CredentialID []byte
	Credential   []byte
	Ceremony     Ceremony // that the browser made it in
}

// ListPasskeys returns the account's own passkeys. Needs a personal token or session.
func (s *Proofs) ListPasskeys(ctx context.Context, call directory.Call) ([]directory.Passkey, error) {
	return directory.Read(ctx, s.directory, call, directory.OpListPasskeys, func(tx directory.Tx) ([]directory.Passkey, error) {
		return tx.Passkeys(call.Principal.AccountID)
	})
}

// CreatePasskey adds a passkey to the account of a session with a fresh sign-in. A
// personal token can't: it would outlive its own end by the passkey. Audit entry
// createPasskey in each of the account's organizations. Errors: [directory.Invalid];
// [directory.Forbidden]; [directory.Reauthenticate]; [directory.Conflict] for a credential
// that is there; [directory.LimitExceeded].
func (s *Proofs) CreatePasskey(ctx context.Context, call directory.Call, in NewPasskey) (directory.Passkey, error) {
	return directory.Write(ctx, s.directory, call, directory.OpCreatePasskey, func(c *directory.Change) (p directory.Passkey, err error) {
		if c.Actor().Kind != directory.Session {
			return p, directory.Errorf(directory.Forbidden, "a passkey is added in a browser; sign in there")
		}
		name, err := directory.CleanName("name", in.Name)
		if err != nil {
			return p, err
		}
		if err := finish(c, in.Ceremony); err != nil {
			return p, err
		}
		if err := c.OneMoreOfAccount(c.Actor().AccountID, limits.Passkeys); err != nil {
			return p, err
		}
		p = directory.Passkey{
			ID: directory.PasskeyID(ident.New("pky", c.Now())), AccountID: c.Actor().AccountID, Name: name, CreatedAt: c.Now(),
			CredentialID: in.CredentialID, Credential: in.Credential,
		}
		if _, err := c.PasskeyByCredential(p.CredentialID); directory.CodeOf(err) != directory.NotFound {
			if err == nil {
				err = directory.Errorf(directory.Conflict, "this passkey is added already")
			}
			return p, err
		}
		if err := c.Tx.CreatePasskey(p); err != nil {
			return p, err
		}
		return p, c.RecordForAccount(p.AccountID, p.Target(), nil, p)
	})
}

// RenamePasskey renames one of the account's own passkeys. Needs a personal token or
// session. Audit entry updatePasskey in each of the account's organizations. Errors:
// [directory.NotFound]; [directory.Invalid].
func (s *Proofs) RenamePasskey(ctx context.Context, call directory.Call, id directory.PasskeyID, name string) (directory.Passkey, error) {
	return directory.Write(ctx, s.directory, call, directory.OpUpdatePasskey, func(c *directory.Change) (directory.Passkey, error) {
		name, err := directory.CleanName("name", name)
		if err != nil {
			return directory.Passkey{}, err
		}
		before, err := c.Passkey(c.Actor().AccountID, id)
		if err != nil {
			return directory.Passkey{}, err
		}
		before.CredentialID, before.Credential = nil, nil // don't change, and are not shown
		if err := c.Check(before); err != nil || name == before.Name {
			return before, err
		}
		after := before
		after.Name = name
		if err := c.Tx.RenamePasskey(after.AccountID, after.ID, name); err != nil {
			return directory.Passkey{}, err
		}
		return after, c.RecordForAccount(after.AccountID, after.Target(), before, after)
	})
}

// DeletePasskey removes one of the account's own passkeys; sessions that it started stay.
// Needs a personal token, or a session with a fresh sign-in. Audit entry deletePasskey in
// each of the account's organizations. Errors: [directory.NotFound].
func (s *Proofs) DeletePasskey(ctx context.Context, call directory.Call, id directory.PasskeyID) error {
	return directory.Do(ctx, s.directory, call, directory.OpDeletePasskey, func(c *directory.Change) error {
		p, err := c.Passkey(c.Actor().AccountID, id)
		if err != nil {
			return err
		}
		if err := c.Check(p); err != nil {
			return err
		}
		return endPasskey(c, p)
	})
}

// PasskeyCheck checks a response of an authenticator against a passkey and returns the
// credential to store from now on. An error rejects the sign-in.
type PasskeyCheck func(directory.Passkey) (credential []byte, err error)

var errBadPasskey = directory.Errorf(directory.Unauthenticated, "the passkey is unknown here, or could not be checked; sign in by mail, or try another one")

// SignInWithPasskey signs in the account of a credential that check accepts. replaced is
// the value of the session that the browser has, which ends. Audit entry signIn in each
// of the account's organizations. Errors: [directory.Unauthenticated], which is recorded
// there too if the credential is known, up to a limit.
func (s *Proofs) SignInWithPasskey(ctx context.Context, call directory.Call, credentialID []byte, ceremony Ceremony, replaced string, check PasskeyCheck) (session IssuedSession, err error) {
	return s.signIn(ctx, call, func(c *directory.Change) (session IssuedSession, err error) {
		p, err := c.PasskeyByCredential(credentialID)
		if err == nil {
			if err = c.Lock(directory.LockAccount(p.AccountID)); err == nil {
				p, err = c.PasskeyByCredential(credentialID) // as it is now that nobody else is at it
			}
		}
		if err != nil {
			if directory.CodeOf(err) == directory.NotFound {
				err = errBadPasskey
			}
			return session, err
		}
		credential, err := check(p)
		if err != nil {
			return session, &refusals.RefusedSignIn{Account: p.AccountID, Method: directory.SignInPasskey, Err: errBadPasskey}
		}
		if err := finish(c, ceremony); err != nil {
			return session, &refusals.RefusedSignIn{Account: p.AccountID, Method: directory.SignInPasskey, Err: err}
		}
		if err := c.UsePasskey(p.AccountID, p.ID, credential, c.Now()); err != nil {
			return session, err
		}
		account, err := c.Account(p.AccountID)
		if err != nil {
			return session, err
		}
		return startSession(c, call, account, newSession{method: directory.SignInPasskey, fresh: true, replaces: replaced})
	})
}
