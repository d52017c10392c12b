package directory

import (
	"context"

	"github.com/rosterhq/roster/internal/networks"
)

// Tenant is whom the store works for. Tenants take turns at it: an organization,
// an account where it acts for itself, or an address that has shown no token.
// The zero Tenant is Roster itself and its operator.
type Tenant string

type tenantKey struct{}

// ForTenant says whom a [Store] works for under the context.
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

// AddrTenant is whoever comes from an address without a token.
func AddrTenant(addr string) Tenant { return Tenant("addr:" + networks.Source(addr)) }

// tenant is whom a call's operation is for. What accounts do with their own is
// theirs, whichever of their organizations a request names: else an account in
// many organizations had as many turns.
func (call Call) tenant(op Operation) Tenant {
	switch p := call.Principal; {
	case p == nil:
		return AddrTenant(call.RemoteAddr)
	case p.AccountID != "" && (p.OrgID == "" || op.Need == ownAccount):
		return AccountTenant(p.AccountID)
	case p.OrgID != "":
		return OrgTenant(p.OrgID)
	default:
		return ""
	}
}
