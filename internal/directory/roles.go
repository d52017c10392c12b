package directory

import (
	"time"

	"github.com/rosterhq/roster/internal/authz"
)

// RoleRef is a role as users show it.
type RoleRef struct {
	ID   RoleID `json:"id"`
	Name string `json:"name"`
}

// Role is a named set of capabilities. Built-in roles are the same everywhere;
// custom ones belong to an organization, where their names are unique without
// regard to letter case.
type Role struct {
	ID           RoleID    `json:"id"`
	OrgID        OrgID     `json:"orgId"`
	Name         string    `json:"name"`
	Description  string    `json:"description,omitempty"`
	Capabilities authz.Set `json:"capabilities"`
	CreatedAt    time.Time `json:"createdAt"`
	// Members are the users whose base role this is, in order of their ids. It
	// is filled where a role is answered, not stored with it.
	Members []UserID `json:"members,omitempty"`
}

// Ref is the role as users show it.
func (r Role) Ref() RoleRef { return RoleRef{ID: r.ID, Name: r.Name} }

// Target is the role as the target of an entry.
func (r Role) Target() Target { return Target{Type: "role", ID: string(r.ID), Name: r.Name} }

func builtinRole(org OrgID, id RoleID) (Role, bool) {
	set, ok := authz.Builtin(string(id))
	return Role{ID: id, OrgID: org, Name: string(id), Capabilities: set}, ok
}

// LookupRole finds a built-in or custom role.
func LookupRole(tx Snapshot, org OrgID, id RoleID) (Role, error) {
	if r, ok := builtinRole(org, id); ok {
		return r, nil
	}
	return tx.Role(org, id)
}
