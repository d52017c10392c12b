package directory

import "context"

// HashSecret is what is kept of a token's value.
var HashSecret = hashSecret

// StartSession signs an account in for one organization alone, as an issuer would.
func (s *Service) StartSession(ctx context.Context, account AccountID, org OrgID) (IssuedSession, error) {
	return s.signIn(ctx, Call{}, func(c *Change) (IssuedSession, error) {
		a, err := c.Account(account)
		if err != nil {
			return IssuedSession{}, err
		}
		return c.startSession(a, newSession{method: SignInIssuer, onlyOrg: org, fresh: true})
	})
}

// SetSearched sets how many users a page of a list examines, until restore.
func (s *Service) SetSearched(n int) (restore func()) {
	was := s.listSizes
	s.listSizes.searched = n
	return func() { s.listSizes = was }
}

// SetBatches sets how many users of a list are read at once, until restore.
func (s *Service) SetBatches(first, later int) (restore func()) {
	was := s.listSizes
	s.listSizes.firstBatch, s.listSizes.laterBatches = first, later
	return func() { s.listSizes = was }
}
