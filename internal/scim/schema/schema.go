// Package schema holds the schemas of SCIM as data (RFC 7643): those of users and
// groups, and extensions that an organization defines. By them it decodes, checks and
// projects resources.
//
// A resource is a JSON object as encoding/json represents it: map[string]any with
// strings, float64, bool, []any and further maps. Its attributes have their canonical
// names. Those of an extension are in an object of their own, under the schema's URN.
// An attribute without a value is absent: null, an empty list and an empty object are the
// same as no value (RFC 7643 section 2.5).
package schema

import "iter"

// The URNs of the core schemas and of the schemas' own schema.
const (
	User           = "urn:ietf:params:scim:schemas:core:2.0:User"
	Group          = "urn:ietf:params:scim:schemas:core:2.0:Group"
	EnterpriseUser = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User"
)

// Type is the type of an attribute's value (RFC 7643 section 2.3).
type Type string

// The types.
const (
	String    Type = "string"
	Boolean   Type = "boolean"
	Decimal   Type = "decimal"
	Integer   Type = "integer"
	DateTime  Type = "dateTime"
	Binary    Type = "binary"
	Reference Type = "reference"
	Complex   Type = "complex"
)

// Values of [Attribute.Mutability].
const (
	ReadOnly  = "readOnly"
	ReadWrite = "readWrite"
	Immutable = "immutable"
	WriteOnly = "writeOnly"
)

// Values of [Attribute.Returned].
const (
	Always  = "always"
	Never   = "never"
	Default = "default"
	Request = "request"
)

// Values of [Attribute.Uniqueness].
const (
	None   = "none"
	Server = "server"
	Global = "global"
)

// Attribute describes an attribute or sub-attribute (RFC 7643 section 7). As JSON it has
// the form that /Schemas shows.
type Attribute struct {
	Name            string       `json:"name"`
	Type            Type         `json:"type"`
	SubAttributes   []*Attribute `json:"subAttributes,omitempty"`
	MultiValued     bool         `json:"multiValued"`
	Description     string       `json:"description"`
	Required        bool         `json:"required"`
	CanonicalValues []string     `json:"canonicalValues,omitempty"`
	CaseExact       bool         `json:"caseExact"`
	Mutability      string       `json:"mutability"`
	Returned        string       `json:"returned"`
	Uniqueness      string       `json:"uniqueness"`
	ReferenceTypes  []string     `json:"referenceTypes,omitempty"`

	// closed makes canonicalValues the only ones. The core schemas only suggest theirs.
	closed bool
}

// Schema is a set of attributes under a URN. As JSON it has the form that /Schemas
// shows, without meta.
type Schema struct {
	Schemas     []string     `json:"schemas"`
	ID          string       `json:"id"`
	Name        string       `json:"name"`
	Description string       `json:"description"`
	Attributes  []*Attribute `json:"attributes"`
}

// ResourceType is a kind of resource with the schemas that describe it.
type ResourceType struct {
	Name       string // User or Group
	Endpoint   string // /Users or /Groups
	Core       *Schema
	Extensions []*Schema
}

// UserType returns the type of users with an organization's own extensions, beside the
// enterprise extension.
func UserType(extensions ...*Schema) *ResourceType {
	return &ResourceType{"User", "/Users", userSchema, append([]*Schema{enterpriseSchema}, extensions...)}
}

// GroupType returns the type of groups with an organization's own extensions.
func GroupType(extensions ...*Schema) *ResourceType {
	return &ResourceType{"Group", "/Groups", groupSchema, extensions}
}

// Schemas returns all schemas of the type, the core schema first.
func (t *ResourceType) Schemas() []*Schema {
	return append([]*Schema{t.Core}, t.Extensions...)
}

// Find returns the attribute with a name, whose letter case is not significant, or nil.
func Find(attributes []*Attribute, name string) *Attribute {
	for _, a := range attributes {
		if equalFold(a.Name, name) {
			return a
		}
	}
	return nil
}

// Sub returns the sub-attribute with a name, or nil.
func (a *Attribute) Sub(name string) *Attribute { return Find(a.SubAttributes, name) }

// Ref is an attribute, and possibly a sub-attribute, of a resource type.
type Ref struct {
	URN  string     // the extension's, or "" for core and common attributes
	Attr *Attribute // nil for an extension as a whole
	Sub  *Attribute // or nil
}

// Refs yields the schema's attributes and sub-attributes, as those of an extension.
func (s *Schema) Refs() iter.Seq[Ref] {
	return func(yield func(Ref) bool) {
		for _, a := range s.Attributes {
			if !yield(Ref{s.ID, a, nil}) {
				return
			}
			for _, sub := range a.SubAttributes {
				if !yield(Ref{s.ID, a, sub}) {
					return
				}
			}
		}
	}
}

// Last returns the sub-attribute if there is one, else the attribute.
func (r Ref) Last() *Attribute {
	if r.Sub != nil {
		return r.Sub
	}
	return r.Attr
}

// String returns the reference in its canonical spelling.
func (r Ref) String() string {
	s := r.URN
	if r.Attr != nil {
		if s != "" {
			s += ":"
		}
		s += r.Attr.Name
	}
	if r.Sub != nil {
		s += "." + r.Sub.Name
	}
	return s
}
