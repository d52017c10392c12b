package directory

import (
	"context"
	"fmt"

	"github.com/rosterhq/roster/internal/authz"
)

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

// MaxPaths bounds a page of an explanation.
const MaxPaths = maxPaths

// ExplainPage gives a page of what sources grant.
func ExplainPage(sources []Source, q AccessQuery) []AccessCapability {
	list, _ := explain(sources).page(q)
	return list
}

// WideSources are roles with many names, each given by several groups.
func WideSources(roles, groups, names int) (all []Source) {
	set := authz.Set{Datasets: make(map[string]authz.Grants)}
	for n := range names {
		set.Datasets[fmt.Sprintf("dataset-%05d", n)] = authz.Dataset.All()
	}
	for r := range roles {
		for range groups {
			all = append(all, Source{Role: Role{ID: RoleID(fmt.Sprint("role_", r)), Capabilities: set}, Group: &Group{}})
		}
	}
	return all
}
