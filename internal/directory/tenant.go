package directory

import (
	"context"

	"github.com/rosterhq/roster/internal/networks"
)

// Tenant is the party that the store works for: an organization, an account that acts for
// itself, or an address that has shown no token. Tenants take turns.
// The zero Tenant is Roster itself and its operator.
type Tenant string

type tenantKey struct{}

// ForTenant sets the tenant that a [Store] works for under the context.
func ForTenant(ctx context.Context, t Tenant) context.Context {
	return context.WithValue(ctx, tenantKey{}, t)
}

// TenantOf is the tenant that [ForTenant] has set.
func TenantOf(ctx context.Context) Tenant {
	t, _ := ctx.Value(tenantKey{}).(Tenant)
	return t
}

// OrgTenant is an organization as a tenant.
func OrgTenant(id OrgID) Tenant { return Tenant("org:" + id) }

// AccountTenant is an account that acts for itself.
func AccountTenant(id AccountID) Tenant { return Tenant("account:" + id) }

// AppTenant is an application of the deployment.
func AppTenant(id AppID) Tenant { return Tenant("app:" + id) }

// AddrTenant is an address that requests without a token come from.
func AddrTenant(addr string) Tenant { return Tenant("addr:" + networks.Source(addr)) }

// Tenant is the tenant of a call. Operations of accounts on what is their own count for the
// account, whichever organization the request names: otherwise an account in many
// organizations would have as many turns.
func (call Call) Tenant(op Operation) Tenant {
	switch p := call.Principal; {
	case p == nil:
		return AddrTenant(call.RemoteAddr)
	case p.AccountID != "" && (p.OrgID == "" || op.Need.ofAccount()):
		return AccountTenant(p.AccountID)
	case p.OrgID != "":
		return OrgTenant(p.OrgID)
	case p.App != "":
		return AppTenant(p.App)
	default:
		return ""
	}
}
