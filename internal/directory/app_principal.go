package directory

// appPrincipal is the application that a credential is of. org is the organization that
// the request names: one of the deployment's applications serves it whichever it is.
func (s *Service) appPrincipal(tx Tx, hash SecretHash, org OrgID) (*Principal, error) {
	c, err := tx.AppCredentialByHash(hash)
	if err != nil {
		return nil, UnknownToken(err)
	}
	if !c.Hash.Equal(hash) {
		return nil, ErrBadToken
	}
	if org != "" && c.OrgID != "" && org != c.OrgID {
		return nil, ErrNotYours
	}
	p := c.principal()
	p.mark = s.usage.Of(c.key())
	return p, nil
}

// principal may do nothing but what operations admit applications to: it has no
// capabilities.
func (c AppCredential) principal() *Principal {
	return &Principal{Kind: AppClient, TokenID: c.ID, Name: string(c.AppID), OrgID: c.OrgID, App: c.AppID}
}

// AppCredentialUsed is when a credential was last used, exact while the process runs.
func (s *Service) AppCredentialUsed(c AppCredential) AppCredential {
	c.LastUsedAt = s.usage.Latest(c.key(), c.LastUsedAt)
	return c
}
