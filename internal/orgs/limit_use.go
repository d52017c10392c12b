package orgs

import (
	"context"

	"github.com/rosterhq/roster/internal/directory"
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
func (r *Registry) ListLimits(ctx context.Context, call directory.Call) ([]LimitUse, error) {
	return directory.Read(ctx, r.directory, call, directory.OpListLimits, func(tx directory.Tx) (list []LimitUse, err error) {
		counted := make(map[limits.Name]int)
		if account := call.Principal.AccountID; account != "" {
			for _, name := range limits.OfAccount {
				if counted[name], err = tx.CountOfAccount(account, name); err != nil {
					return nil, err
				}
			}
		}
		most := r.directory.Limits()
		for _, name := range limits.OfOrganization {
			if !most.Counts(name) {
				continue
			}
			if counted[name], err = tx.CountOf(call.Principal.OrgID, name); err != nil {
				return nil, err
			}
		}
		for _, name := range limits.Names() {
			used, ok := counted[name]
			list = append(list, LimitUse{Limit: name, Most: most.Of(name), Used: used, Counted: ok})
		}
		return list, nil
	})
}

// HighestLimitUses returns, for each limit that is set and counted, the use of the
// organization or account that uses the most of it. It is for the operator's metrics and
// reads every organization's rows of an index.
func (r *Registry) HighestLimitUses(ctx context.Context) (list []LimitUse, err error) {
	err = directory.ReadAsOperator(ctx, r.directory, func(tx directory.Tx) error {
		for _, name := range limits.Names() {
			most := r.directory.Limits().Of(name)
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

// Totals counts what the whole deployment holds, for the operator's metrics. It reads whole
// indexes.
func (r *Registry) Totals(ctx context.Context) (t directory.Totals, err error) {
	err = directory.ReadAsOperator(ctx, r.directory, func(tx directory.Tx) error {
		t, err = tx.Totals()
		return err
	})
	return t, err
}
