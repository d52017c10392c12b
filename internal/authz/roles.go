// Package authz decides who may do what: capability sets, the built-in roles
// and the rules on handing capabilities on. It is pure: no I/O, no clock, so
// that every rule can be tested against a table and called inside a transaction.
package authz

import "slices"

// The built-in base roles; id and name are the same.
const (
	RoleOwner    = "owner"
	RoleAdmin    = "admin"
	RoleUser     = "user"
	RoleReadOnly = "read-only"
	RoleNone     = "none"
)

// BuiltinRoles lists the built-in roles, strongest first.
func BuiltinRoles() []string {
	return []string{RoleOwner, RoleAdmin, RoleUser, RoleReadOnly, RoleNone}
}

var builtin = map[string]Set{
	RoleOwner:    Everything(),
	RoleAdmin:    adminSet(),
	RoleUser:     userSet(),
	RoleReadOnly: readOnlySet(),
	RoleNone:     {},
}

// Builtin gives the capabilities of a built-in role.
func Builtin(role string) (Set, bool) {
	s, ok := builtin[role]
	return s, ok
}

// adminSet is everything but the organization's billing.
func adminSet() Set {
	s := Everything()
	s.Org = Org.where(func(r string, _ Action) bool { return r != "billing" })
	return s
}

// userSet is the standard access of somebody who works with the data: they make
// and change what they work with, see who else is there, and administer nothing.
func userSet() Set {
	work := []string{"annotations", "dashboards", "flows", "monitors", "notifiers", "views"}
	see := []string{"datasets", "endpoints", "integrations", "users"}
	return Set{
		Org: Org.where(func(r string, a Action) bool {
			return slices.Contains(work, r) || (a == Read && slices.Contains(see, r))
		}),
		Datasets: map[string]Grants{Wildcard: Dataset.where(func(r string, _ Action) bool {
			return r != "data" && r != "trim" && r != "vacuum"
		})},
		Views: map[string]Grants{Wildcard: View.All()},
	}
}

// readOnlySet reads everything that is neither money nor a secret nor a record
// of others' doings.
func readOnlySet() Set {
	hidden := []string{"auditLog", "billing", "sharedAccessKeys"}
	return Set{
		Org:      Org.where(func(r string, a Action) bool { return a == Read && !slices.Contains(hidden, r) }),
		Datasets: map[string]Grants{Wildcard: Dataset.where(func(_ string, a Action) bool { return a == Read })},
		Views:    map[string]Grants{Wildcard: View.where(func(_ string, a Action) bool { return a == Read })},
	}
}
