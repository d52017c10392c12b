package schema

import (
	"regexp"
	"slices"
	"strings"

	jsonv2 "github.com/go-json-experiment/json"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/text"
)

// Limits on the schema extensions of an organization.
const (
	MaxExtensions      = 10    // of a resource type
	MaxExtensionBytes  = 65536 // as JSON
	MaxAttributes      = 100   // of an extension, with sub-attributes
	MaxCanonicalValues = 100   // of an attribute
	maxURN             = 200
	maxAttributeName   = 64
	maxCanonicalValue  = 200
)

var (
	urnPattern  = regexp.MustCompile(`^(?i:urn:[a-z0-9][a-z0-9-]{0,31}):[A-Za-z0-9._~%!$&'*+,;=@/:-]*[A-Za-z0-9._-]$`)
	namePattern = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9_-]*$`)
)

// ParseExtension parses and checks a schema that an organization defines, in the form of
// /Schemas (RFC 7643 section 7). Characteristics that are left out get the defaults of
// section 2.2. The canonical values of such a schema are the only ones that its
// attributes accept. Errors have the type invalidValue or invalidSyntax.
func ParseExtension(body []byte) (*Schema, error) {
	if len(body) > MaxExtensionBytes {
		return nil, Errorf(InvalidValue, "the schema has %d bytes; at most %d are allowed", len(body), MaxExtensionBytes)
	}
	var s Schema
	if err := jsonv2.Unmarshal(body, &s, jsonv2.MatchCaseInsensitiveNames(true)); err != nil {
		return nil, Errorf(InvalidSyntax, "the schema must be one JSON object as /Schemas shows it: %s", quote.Cut(err.Error()))
	}
	s.Schemas = []string{schemaSchema}
	if len(s.ID) > maxURN || !urnPattern.MatchString(s.ID) {
		return nil, Errorf(InvalidValue, "id: %s must be a URN of at most %d bytes, as in urn:example:params:scim:schemas:2.0:User", quote.Input(s.ID), maxURN)
	}
	if lower := strings.ToLower(s.ID); strings.HasPrefix(lower, "urn:ietf:params:scim:schemas:core:") ||
		strings.HasPrefix(lower, "urn:ietf:params:scim:api:") || equalFold(s.ID, EnterpriseUser) {
		return nil, Errorf(InvalidValue, "id: %s is defined by RFC 7643; use a URN of your own", quote.Input(s.ID))
	}
	if s.Name == "" {
		s.Name = s.ID
	}
	if err := text.Check(s.Name, text.MaxName); err != nil {
		return nil, Errorf(InvalidValue, "name: %s", err)
	}
	if _, err := text.Description(s.Description); err != nil {
		return nil, Errorf(InvalidValue, "description: %s", err)
	}
	count := 0
	if err := checkAttributes(s.Attributes, "attributes", &count, false); err != nil {
		return nil, err
	}
	return &s, nil
}

// CheckExtensions checks that an organization's extensions of one resource type can be
// used together.
func CheckExtensions(extensions []*Schema) error {
	if len(extensions) > MaxExtensions {
		return Errorf(InvalidValue, "there are %d schemas; a resource type can have at most %d", len(extensions), MaxExtensions)
	}
	for i, extension := range extensions {
		if slices.ContainsFunc(extensions[:i], func(other *Schema) bool { return equalFold(other.ID, extension.ID) }) {
			return Errorf(InvalidValue, "id: there is already a schema %s", quote.Input(extension.ID))
		}
	}
	return nil
}

func checkAttributes(attributes []*Attribute, at string, count *int, nested bool) error {
	if len(attributes) == 0 {
		return Errorf(InvalidValue, "%s: must have at least one attribute", at)
	}
	for i, a := range attributes {
		if a == nil {
			return Errorf(InvalidValue, "%s: must not contain null", at)
		}
		if *count++; *count > MaxAttributes {
			return Errorf(InvalidValue, "%s: has more than %d attributes and sub-attributes", at, MaxAttributes)
		}
		if isReference := nested && a.Name == "$ref"; len(a.Name) > maxAttributeName || !isReference && !namePattern.MatchString(a.Name) {
			return Errorf(InvalidValue, "%s: the name %s must be a letter followed by letters, digits, - or _, %d bytes at most",
				at, quote.Input(a.Name), maxAttributeName)
		}
		if Find(attributes[:i], a.Name) != nil {
			return Errorf(InvalidValue, "%s: the name %s is given more than once; letter case is not significant in names", at, quote.Input(a.Name))
		}
		path := at + "." + a.Name
		if err := a.check(path, nested); err != nil {
			return err
		}
		if a.Type == Complex {
			if err := checkAttributes(a.SubAttributes, path, count, true); err != nil {
				return err
			}
		}
	}
	return nil
}

// check sets the defaults of one attribute and checks its characteristics.
func (a *Attribute) check(path string, nested bool) error {
	for _, c := range []struct {
		name    string
		value   *string
		initial string
		allowed []string
	}{
		{"type", (*string)(&a.Type), string(String), []string{
			string(String), string(Boolean), string(Decimal), string(Integer), string(DateTime), string(Binary), string(Reference), string(Complex),
		}},
		{"mutability", &a.Mutability, ReadWrite, []string{ReadOnly, ReadWrite, Immutable, WriteOnly}},
		{"returned", &a.Returned, Default, []string{Always, Never, Default, Request}},
		{"uniqueness", &a.Uniqueness, None, []string{None, Server, Global}},
	} {
		if *c.value == "" {
			*c.value = c.initial
		}
		i := slices.IndexFunc(c.allowed, func(allowed string) bool { return equalFold(allowed, *c.value) })
		if i < 0 {
			return Errorf(InvalidValue, "%s: %s is not a %s; use one of %s", path, quote.Input(*c.value), c.name, strings.Join(c.allowed, ", "))
		}
		*c.value = c.allowed[i]
	}
	switch {
	case nested && a.Type == Complex:
		return Errorf(InvalidValue, "%s: a sub-attribute can't be complex", path)
	case nested && a.MultiValued:
		return Errorf(InvalidValue, "%s: a sub-attribute can't be multi-valued", path)
	case a.Type != Complex && len(a.SubAttributes) > 0:
		return Errorf(InvalidValue, "%s: only a complex attribute has sub-attributes", path)
	case a.Mutability == WriteOnly && a.Returned != Never && a.Returned != Default:
		return Errorf(InvalidValue, "%s: a writeOnly attribute can't be returned; set returned to never", path)
	case a.Uniqueness != None && (a.Type == Complex || a.Type == Boolean):
		return Errorf(InvalidValue, "%s: values of the type %s can't be unique; set uniqueness to none, or make a sub-attribute unique", path, a.Type)
	case a.Required && a.Mutability == ReadOnly:
		return Errorf(InvalidValue, "%s: no client can give a readOnly attribute; set required to false", path)
	case len(a.CanonicalValues) > 0 && a.Type != String && a.Type != Reference:
		return Errorf(InvalidValue, "%s: only strings have canonical values", path)
	case len(a.CanonicalValues) > MaxCanonicalValues:
		return Errorf(InvalidValue, "%s: has more than %d canonical values", path, MaxCanonicalValues)
	}
	if a.Mutability == WriteOnly {
		a.Returned = Never
	}
	if a.Type == Binary || a.Type == Reference {
		a.CaseExact = true // RFC 7643 sections 2.3.6 and 2.3.7
	}
	for _, value := range append(slices.Clone(a.CanonicalValues), a.ReferenceTypes...) {
		if value == "" {
			return Errorf(InvalidValue, "%s: a canonical value or reference type must not be empty", path)
		}
		if err := text.Check(value, maxCanonicalValue); err != nil {
			return Errorf(InvalidValue, "%s: the value %s %s", path, quote.Input(value), err)
		}
	}
	if _, err := text.Description(a.Description); err != nil {
		return Errorf(InvalidValue, "%s: description: %s", path, err)
	}
	a.closed = true
	return nil
}
