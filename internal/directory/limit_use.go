package directory

import (
	"context"
	"errors"
	"sync/atomic"

	"github.com/rosterhq/roster/internal/limits"
)

// LimitUse is how much of a limit is used.
type LimitUse struct {
	Limit   limits.Name
	Most    int // 0: no limit
	Used    int
	Counted bool // false for what bounds a single object or request, and for users without a limit
}

// ListLimits returns the limits of the principal's organization and how much of each is
// used. With a personal token, the limits of the account come first. Any principal of the
// organization may read them.
func (s *Service) ListLimits(ctx context.Context, call Call) ([]LimitUse, error) {
	return Read(ctx, s, call, OpListLimits, func(tx Tx) (list []LimitUse, err error) {
		counted := make(map[limits.Name]int)
		if account := call.Principal.AccountID; account != "" {
			for _, name := range limits.OfAccount {
				if counted[name], err = tx.CountOfAccount(account, name); err != nil {
					return nil, err
				}
			}
		}
		for _, name := range limits.OfOrganization {
			if !s.limits.Counts(name) {
				continue
			}
			if counted[name], err = tx.CountOf(call.Principal.OrgID, name); err != nil {
				return nil, err
			}
		}
		for _, name := range limits.Names() {
			used, ok := counted[name]
			list = append(list, LimitUse{Limit: name, Most: s.limits.Of(name), Used: used, Counted: ok})
		}
		return list, nil
	})
}

// HighestLimitUses returns, for each limit that is set and counted, the use of the
// organization or account that uses the most of it. It is for the operator's metrics and
// reads every organization's rows of an index.
func (s *Service) HighestLimitUses(ctx context.Context) (list []LimitUse, err error) {
	err = s.store.Read(ctx, func(tx Tx) error {
		for _, name := range limits.Names() {
			most := s.limits.Of(name)
			if most == 0 || !name.IsCounted() {
				continue
			}
			used, err := tx.HighestCount(name)
			if err != nil {
				return err
			}
			list = append(list, LimitUse{Limit: name, Most: most, Used: used, Counted: true})
		}
		return nil
	})
	return list, err
}

// Totals is how much the whole deployment holds. Users counts the invited and suspended
// ones too.
type Totals struct {
	Orgs, Users, Invited, Suspended, APITokens, PersonalTokens int
}

// Totals counts for the operator's metrics. It reads whole indexes.
func (s *Service) Totals(ctx context.Context) (t Totals, err error) {
	err = s.store.Read(ctx, func(tx Tx) error {
		t, err = tx.Totals()
		return err
	})
	return t, err
}

// exceededCounts counts what each limit has refused since the process began.
type exceededCounts map[limits.Name]*atomic.Int64

func newExceededCounts() exceededCounts {
	counts := make(exceededCounts)
	for _, name := range limits.Names() {
		counts[name] = new(atomic.Int64)
	}
	return counts
}

func (counts exceededCounts) count(err error) {
	if name, ok := errors.AsType[exceeded](err); ok {
		counts[limits.Name(name)].Add(1)
	}
}

// LimitRefusals returns how often each limit has refused something in this process.
func (s *Service) LimitRefusals() map[limits.Name]int64 {
	all := make(map[limits.Name]int64, len(s.exceeded))
	for name, n := range s.exceeded {
		all[name] = n.Load()
	}
	return all
}
