package schema

import "strings"

// MaxProjected limits the names in attributes and excludedAttributes.
const MaxProjected = 100

// Projection selects the attributes that a response contains, by their returned
// characteristic and by the parameters attributes and excludedAttributes (RFC 7644
// section 3.9).
type Projection struct {
	t        *ResourceType
	only     bool         // attributes was given
	included map[key]bool // by attributes
	excluded map[key]bool
}

// key names an attribute: an extension's URN or "", a name or "", a sub-attribute or "".
type key struct{ urn, name, sub string }

func keyOf(r Ref) key {
	k := key{urn: r.URN}
	if r.Attr != nil {
		k.name = r.Attr.Name
	}
	if r.Sub != nil {
		k.sub = r.Sub.Name
	}
	return k
}

// Projection reads the two parameters, each a list of names that may also be joined by
// commas. Names of no attribute are ignored: a search may cover several resource types.
// Filters in brackets are ignored too, as in emails[type eq "work"]. Only one of the two
// may be given. Errors have the type invalidValue.
func (t *ResourceType) Projection(attributes, excluded []string) (*Projection, error) {
	p := &Projection{t: t}
	names, but := split(attributes), split(excluded)
	if len(names) > 0 && len(but) > 0 {
		return nil, Errorf(InvalidValue, "attributes: can't be combined with excludedAttributes; give one of them")
	}
	if len(names) > MaxProjected || len(but) > MaxProjected {
		return nil, Errorf(InvalidValue, "attributes: has more than %d names; list fewer", MaxProjected)
	}
	p.only = len(names) > 0
	p.included, p.excluded = t.keys(names), t.keys(but)
	return p, nil
}

func split(lists []string) []string {
	var names []string
	for _, list := range lists {
		for name := range strings.SplitSeq(list, ",") {
			if name = strings.TrimSpace(name); name != "" {
				names = append(names, name)
			}
		}
	}
	return names
}

func (t *ResourceType) keys(names []string) map[key]bool {
	keys := make(map[key]bool, len(names))
	for _, name := range names {
		if start, end := strings.IndexByte(name, '['), strings.LastIndexByte(name, ']'); start >= 0 && end > start {
			name = name[:start] + name[end+1:]
		}
		if ref, err := t.named(name); err == nil {
			keys[keyOf(ref)] = true
		}
	}
	return keys
}

// named finds an attribute by its whole name, or an extension by its URN.
func (t *ResourceType) named(name string) (Ref, error) {
	urn := ""
	if colon := strings.LastIndexByte(name, ':'); colon >= 0 {
		if extension := t.Extension(name); extension != nil {
			return Ref{URN: extension.ID}, nil
		}
		urn, name = name[:colon], name[colon+1:]
	}
	name, sub, _ := strings.Cut(name, ".")
	return t.Lookup(urn, name, sub)
}

// Wants reports whether a response may contain the core attribute. A caller need not read
// what it does not contain.
func (p *Projection) Wants(name string) bool {
	attr := p.t.top(name)
	return attr != nil && p.returns(key{name: attr.Name}, attr)
}

// Apply returns the part of a resource that the response contains. The resource is not
// changed, and the result shares values with it.
func (p *Projection) Apply(resource map[string]any) map[string]any {
	result := make(map[string]any, len(resource))
	p.copy(result, resource, key{}, common)
	p.copy(result, resource, key{}, p.t.Core.Attributes)
	for _, extension := range p.t.Extensions {
		object, ok := resource[extension.ID].(map[string]any)
		if !ok {
			continue
		}
		part := make(map[string]any, len(object))
		if p.copy(part, object, key{urn: extension.ID}, extension.Attributes); len(part) > 0 {
			result[extension.ID] = part
		}
	}
	return result
}

// copy copies the attributes that are returned. The key names their holder.
func (p *Projection) copy(to, from map[string]any, holder key, attributes []*Attribute) {
	for _, a := range attributes {
		value, ok := from[a.Name]
		at := key{holder.urn, a.Name, ""}
		if !ok || !p.returns(at, a) {
			continue
		}
		if a.Type == Complex {
			if value = p.parts(value, at, a); value == nil {
				continue
			}
		}
		to[a.Name] = value
	}
}

// parts returns the sub-attributes that are returned, of an object or of each in a list.
func (p *Projection) parts(value any, at key, a *Attribute) any {
	switch v := value.(type) {
	case []any:
		list := make([]any, 0, len(v))
		for _, element := range v {
			if part := p.parts(element, at, a); part != nil {
				list = append(list, part)
			}
		}
		if len(list) == 0 {
			return nil
		}
		return list
	case map[string]any:
		object := make(map[string]any, len(v))
		for _, sub := range a.SubAttributes {
			if member, ok := v[sub.Name]; ok && p.returns(key{at.urn, at.name, sub.Name}, sub) {
				object[sub.Name] = member
			}
		}
		if len(object) == 0 {
			return nil
		}
		return object
	}
	return value
}

// returns decides for one attribute or sub-attribute.
func (p *Projection) returns(at key, a *Attribute) bool {
	whole, extension := key{at.urn, at.name, ""}, key{urn: at.urn}
	above := at.sub != "" && p.included[whole] || at.urn != "" && p.included[extension]
	switch a.Returned {
	case Never:
		return false
	case Always:
		return true
	case Request:
		return p.included[at] || at.sub == "" && p.below(at)
	}
	if !p.only {
		return !p.excluded[at] && (at.urn == "" || !p.excluded[extension])
	}
	return p.included[at] || above || at.sub == "" && p.below(at)
}

// below reports whether a sub-attribute of the attribute is included.
func (p *Projection) below(at key) bool {
	for included := range p.included {
		if included.urn == at.urn && included.name == at.name && included.sub != "" {
			return true
		}
	}
	return false
}
