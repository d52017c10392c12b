package directory

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/rosterhq/roster/internal/text"
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

// ValuesIn are the attribute's values that a holder with these attributes has, each once.
// Letter case is not significant in names, because v2 keeps them as they are given.
func (a UniqueAttribute) ValuesIn(attributes map[string]any, h Holder) (values []UniqueValue) {
	var digests []string
	a.collect(attributes, a.Path, &digests)
	for _, digest := range slices.Compact(slices.Sorted(slices.Values(digests))) {
		values = append(values, UniqueValue{a.Name(), digest, h})
	}
	return values
}

func (a UniqueAttribute) collect(v any, path Path, digests *[]string) {
	switch v := v.(type) {
	case nil:
	case []any:
		for _, element := range v {
			a.collect(element, path, digests)
		}
	case map[string]any:
		if len(path) == 0 {
			return
		}
		for name, inner := range v {
			if strings.EqualFold(name, path[0]) {
				a.collect(inner, path[1:], digests)
			}
		}
	default:
		if s := a.key(v); s != "" && len(path) == 0 {
			sum := sha256.Sum256([]byte(s))
			*digests = append(*digests, base64.RawURLEncoding.EncodeToString(sum[:]))
		}
	}
}

// key is the text by which values are compared. A number is the same however it is
// written, and as the text that SCIM takes for it.
func (a UniqueAttribute) key(v any) string {
	s, ok := v.(string)
	if !ok {
		s = fmt.Sprint(v)
	}
	if n, ok := v.(json.Number); ok && strings.ContainsAny(s, ".eE") {
		if f, err := n.Float64(); err == nil {
			s = strconv.FormatFloat(f, 'f', -1, 64)
		}
	}
	if !a.CaseExact {
		s = text.FoldKey(s)
	}
	return s
}
