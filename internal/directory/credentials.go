package directory

// Verify stores that the address of an account was shown to be its person's. The first
// time, everything that the account could act or sign in with is deleted: somebody else
// may have made it, for an address that is not theirs. The account is locked.
// Audit entries deletePersonalToken, deleteSession and deletePasskey, by the server, in
// each of the account's organizations.
func (c *Change) Verify(a *Account) error {
	if !a.VerifiedAt.IsZero() {
		return nil
	}
	if err := c.By(SystemPrincipal(""), c.op).dropCredentials(a.ID); err != nil {
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
		if err := c.As(OpDeletePersonalToken).RecordForAccount(account, t.Target(), t, nil); err != nil {
			return err
		}
	}
	passkeys, err := c.Passkeys(account)
	if err != nil {
		return err
	}
	for _, p := range passkeys {
		if err := c.EndPasskey(p); err != nil {
			return err
		}
	}
	sessions, err := c.Sessions(account)
	if err != nil {
		return err
	}
	for _, t := range sessions {
		if err := c.As(OpDeleteSession).EndSession(t); err != nil {
			return err
		}
	}
	return nil
}

// NeedVerified rejects an account whose address was not shown to be its person's. Errors:
// [Forbidden].
func NeedVerified(tx Tx, account AccountID) error {
	a, err := tx.Account(account)
	if err != nil || !a.VerifiedAt.IsZero() {
		return err
	}
	return Errorf(Forbidden, "the email address of your account is not verified; sign in with a link mailed to it, "+
		"or ask the operator for one (roster admin sign-in-link)")
}

// EndPasskey deletes a passkey. Audit entry deletePasskey in each of the account's
// organizations.
func (c *Change) EndPasskey(p Passkey) error {
	if err := c.Tx.DeletePasskey(p.AccountID, p.ID); err != nil {
		return err
	}
	return c.As(OpDeletePasskey).RecordForAccount(p.AccountID, p.Target(), p, nil)
}

// EndSession deletes a session. Audit entry in each of the organizations where the session
// acts.
func (c *Change) EndSession(t SessionRecord) error {
	if err := c.Tx.DeleteSession(t.AccountID, t.ID); err != nil {
		return err
	}
	_, err := c.RecordSession(t, t, nil)
	return err
}

// RecordSession appends an entry about a session to the log of each organization where the
// session acts, and counts these. A session of one organization alone does not act there
// while its user is suspended.
func (c *Change) RecordSession(t SessionRecord, before, after any) (n int, err error) {
	users, err := c.AccountUsers(t.AccountID)
	if err != nil {
		return 0, err
	}
	for _, u := range users {
		if t.OnlyOrg != "" && (u.OrgID != t.OnlyOrg || u.Suspended) {
			continue
		}
		if err := c.RecordIn(u.OrgID, t.Target(), before, after); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
