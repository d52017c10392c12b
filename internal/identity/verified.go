package identity

import "github.com/rosterhq/roster/internal/directory"

// Verify stores that the address of an account was shown to be its person's. The first
// time, everything that the account could act or sign in with is deleted: somebody else
// may have made it, for an address that is not theirs. The account is locked.
// Audit entries deletePersonalToken, deleteSession and deletePasskey, by the server, in
// each of the account's organizations.
func Verify(c *directory.Change, a *directory.Account) error {
	if !a.VerifiedAt.IsZero() {
		return nil
	}
	if err := dropCredentials(c.By(directory.SystemPrincipal(""), directory.OpDeletePersonalToken), a.ID); err != nil {
		return err
	}
	a.VerifiedAt = c.Now()
	return c.MarkAccount(a.ID, a.VerifiedAt, a.SignedInAt)
}

// dropCredentials deletes everything that an account can act or sign in with.
func dropCredentials(c *directory.Change, account directory.AccountID) error {
	tokens, err := c.PersonalTokens(account)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if err := c.Tx.DeletePersonalToken(t.AccountID, t.ID); err != nil {
			return err
		}
		if err := c.As(directory.OpDeletePersonalToken).RecordForAccount(account, t.Target(), t, nil); err != nil {
			return err
		}
	}
	passkeys, err := c.Passkeys(account)
	if err != nil {
		return err
	}
	for _, p := range passkeys {
		if err := endPasskey(c, p); err != nil {
			return err
		}
	}
	sessions, err := c.Sessions(account)
	if err != nil {
		return err
	}
	for _, t := range sessions {
		if err := endSession(c.As(directory.OpDeleteSession), t); err != nil {
			return err
		}
	}
	return nil
}

// NeedVerified rejects an account whose address was not shown to be its person's. Errors:
// [directory.Forbidden].
func NeedVerified(tx directory.Tx, account directory.AccountID) error {
	a, err := tx.Account(account)
	if err != nil || !a.VerifiedAt.IsZero() {
		return err
	}
	return directory.Errorf(directory.Forbidden, "the email address of your account is not verified; sign in with a link mailed to it, "+
		"or ask the operator for one (roster admin sign-in-link)")
}
