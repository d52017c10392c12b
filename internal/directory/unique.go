package directory

import (
	"strings"
)

// UniqueAttribute is an attribute of which no two users of an organization, or no two
// groups, have the same value.
type UniqueAttribute struct {
	Path      Path `json:"path"`
	CaseExact bool `json:"caseExact,omitempty"`
	OfGroups  bool `json:"ofGroups,omitempty"`
}

// Name is the attribute's name, as in urn:example:acme:2.0:User:desk.number.
func (a UniqueAttribute) Name() string {
	if len(a.Path) == 0 {
		return ""
	}
	return a.Path[0] + ":" + strings.Join(a.Path[1:], ".")
}

// Holder is a user or a group. The other id is empty.
type Holder struct {
	User  UserID
	Group GroupID
}

func (h Holder) String() string {
	if h.User != "" {
		return "the user " + string(h.User)
	}
	return "the group " + string(h.Group)
}

// UniqueValue is a value of a unique attribute with its holder. The value is hashed, so
// that its length is no matter.
type UniqueValue struct {
	Attribute string
	Digest    string
	Holder
}

// uniqueTx keeps the values of unique attributes.
type uniqueTx interface {
	// UniqueValues are those of a holder.
	UniqueValues(OrgID, Holder) ([]UniqueValue, error)
	// AddUniqueValues adds values. If others have some of them already, it returns one of
	// these with its holder, and the transaction must not be committed.
	AddUniqueValues(OrgID, []UniqueValue) (*UniqueValue, error)
	DropUniqueValues(OrgID, []UniqueValue) error
	// DropUnique drops all values of an attribute.
	DropUnique(org OrgID, attribute string) error
}
