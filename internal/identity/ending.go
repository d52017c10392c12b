package identity

import "github.com/rosterhq/roster/internal/directory"

// endPasskey deletes a passkey. Audit entry deletePasskey in each of the account's
// organizations.
func endPasskey(c *directory.Change, p directory.Passkey) error {
	if err := c.Tx.DeletePasskey(p.AccountID, p.ID); err != nil {
		return err
	}
	return c.As(directory.OpDeletePasskey).RecordForAccount(p.AccountID, p.Target(), p, nil)
}

// endSession deletes a session. Audit entry in each of the organizations where the session
// acts.
func endSession(c *directory.Change, t directory.SessionRecord) error {
	if err := c.Tx.DeleteSession(t.AccountID, t.ID); err != nil {
		return err
	}
	_, err := recordSession(c, t, t, nil)
	return err
}

// recordSession appends an entry about a session to the log of each organization where the
// session acts, and counts these. A session of one organization alone does not act there
// while its user is suspended.
func recordSession(c *directory.Change, t directory.SessionRecord, before, after any) (n int, err error) {
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
