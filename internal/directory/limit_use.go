package directory

import (
	"context"
	"slices"
)

// LimitUse is how much of a limit is used.
type LimitUse struct {
	Limit   Limit
	Most    int // 0: no limit
	Used    int
	Counted bool // false for what bounds a single object or request, and for users without a limit
}

// orgLimits and accountLimits are counted for an organization and for an account. The
// other limits bound a single object or request.
var (
	orgLimits     = []Limit{LimitUsers, LimitInvitations, LimitRoles, LimitGroups, LimitAPITokens, LimitWebhooks, LimitNames}
	accountLimits = []Limit{LimitOrganizations, LimitPersonalTokens, LimitSessions, LimitPasskeys}
)

// counts reports whether use of a limit is counted: to count users takes time that grows
// with the organization, which is spent only if they are limited.
func (l Limits) counts(name Limit) bool { return name != LimitUsers || l.Users > 0 }

// ListLimits returns the limits of the principal's organization and how much of each is
// used. With a personal token, the limits of the account come first. Any principal of the
// organization may read them.
func (s *Service) ListLimits(ctx context.Context, call Call) ([]LimitUse, error) {
	return Read(ctx, s, call, OpListLimits, func(tx Tx) (list []LimitUse, err error) {
		counted := make(map[Limit]int)
		if account := call.Principal.AccountID; account != "" {
			for _, name := range accountLimits {
				if counted[name], err = tx.CountOfAccount(account, name); err != nil {
					return nil, err
				}
			}
		}
		for _, name := range orgLimits {
			if !s.limits.counts(name) {
				continue
			}
			if counted[name], err = tx.CountOf(call.Principal.OrgID, name); err != nil {
				return nil, err
			}
		}
		for _, k := range limitKinds {
			used, ok := counted[k.name]
			list = append(list, LimitUse{Limit: k.name, Most: s.limits.Of(k.name), Used: used, Counted: ok})
		}
		return list, nil
	})
}

// HighestLimitUses returns, for each limit that is set and counted, the use of the
// organization or account that uses the most of it. It is for the operator's metrics and
// reads every organization's rows of an index.
func (s *Service) HighestLimitUses(ctx context.Context) (list []LimitUse, err error) {
	err = s.store.Read(ctx, func(tx Tx) error {
		for _, k := range limitKinds {
			most := s.limits.Of(k.name)
			if most == 0 || !k.name.isCounted() {
				continue
			}
			used, err := tx.HighestCount(k.name)
			if err != nil {
				return err
			}
			list = append(list, LimitUse{Limit: k.name, Most: most, Used: used, Counted: true})
		}
		return nil
	})
	return list, err
}

func (name Limit) isCounted() bool {
	return slices.Contains(orgLimits, name) || slices.Contains(accountLimits, name)
}
