package directory

import "time"

// Group is members × roles: its roles add to what its members may do anyway.
type Group struct {
	ID          GroupID   `json:"id"`
	OrgID       OrgID     `json:"orgId"`
	Name        string    `json:"name"`
	Description string    `json:"description,omitempty"`
	Managed     bool      `json:"managed,omitempty"` // a directory (SCIM) owns the members
	Members     []UserID  `json:"members"`           // in byte order
	Roles       []RoleID  `json:"roles"`             // in byte order
	CreatedAt   time.Time `json:"createdAt"`
	Version     int64     `json:"-"` // goes up with every change, of its members too
}

// RecordedGroup is the state of a group in entries. An entry about a change has only the
// members who are added and removed, so that its size does not depend on the group's.
// Entries about a group that is created or deleted have all members, without which its
// past could not be read.
type RecordedGroup struct {
	Group
	Members []UserID `json:"members,omitempty"` // of a group that is made or deleted
	Added   []UserID `json:"addedMembers,omitempty"`
	Removed []UserID `json:"removedMembers,omitempty"`
	// Profile is what a directory keeps with the group, if that changes.
	Profile *GroupProfile `json:"profile,omitempty"`
}

// RecordGroup is the state of a group that is created or deleted, with all members.
func RecordGroup(g Group) RecordedGroup { return RecordedGroup{Group: g, Members: g.Members} }

// Target is the group as the target of an entry.
func (g Group) Target() Target { return Target{Type: "group", ID: string(g.ID), Name: g.Name} }
