package directory

import "context"

// verify notes that an account's address was shown to be the person's who acts. The
// first time, what was there before goes: somebody else may have made it, who gave an
// address that is not theirs. The account is locked.
// Audit entries deletePersonalToken, deleteSession and deletePasskey, by the server, in
// each of the account's organizations.
func (c *Change) verify(a *Account) error {
	if !a.VerifiedAt.IsZero() {
		return nil
	}
	asServer := *c
	asServer.actor = systemPrincipal("")
	if err := asServer.dropCredentials(a.ID); err != nil {
		return err
	}
	a.VerifiedAt = c.now
	return c.MarkAccount(a.ID, a.VerifiedAt, a.SignedInAt)
}

// dropCredentials deletes everything that an account can act or sign in with.
func (c *Change) dropCredentials(account AccountID) error {
	tokens, err := c.PersonalTokens(account)
	if err != nil {
		return err
	}
	for _, t := range tokens {
		if err := c.Tx.DeletePersonalToken(t.AccountID, t.ID); err != nil {
			return err
		}
		if err := c.as(OpDeletePersonalToken).recordForAccount(account, t.Target(), t, nil); err != nil {
			return err
		}
	}
	passkeys, err := c.Passkeys(account)
	if err != nil {
		return err
	}
	for _, p := range passkeys {
		if err := c.dropPasskey(p); err != nil {
			return err
		}
	}
	return c.dropSessions(account)
}

// needVerified refuses an account whose address nobody has shown to be theirs. Errors:
// [Forbidden].
func needVerified(tx Tx, account AccountID) error {
	a, err := tx.Account(account)
	if err != nil || !a.VerifiedAt.IsZero() {
		return err
	}
	return Errorf(Forbidden, "the email address of your account is not verified; sign in with a link mailed to it, "+
		"or ask the operator for one (roster admin sign-in-link)")
}

// IsVerified reports whether the address of the principal's account is verified. Needs a
// personal token or session.
func (s *Service) IsVerified(ctx context.Context, call Call) (bool, error) {
	return Read(ctx, s, call, OpGetSelf, func(tx Tx) (bool, error) {
		a, err := tx.Account(call.Principal.AccountID)
		return !a.VerifiedAt.IsZero(), err
	})
}
