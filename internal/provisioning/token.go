package provisioning

import "github.com/rosterhq/roster/internal/authz"

// TokenCapabilities are what the API token of a directory needs: to create, read, update
// and delete users and groups.
func TokenCapabilities() authz.Set {
	var s authz.Set
	for _, resource := range []string{"users", "rbac"} {
		for _, action := range []authz.Action{authz.Create, authz.Read, authz.Update, authz.Delete} {
			if g, ok := authz.Org.Grant(authz.Pair{Resource: resource, Action: action}); ok {
				s.Org |= g
			}
		}
	}
	return s
}
