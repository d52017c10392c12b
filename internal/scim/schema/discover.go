package schema

// SchemasOf returns the value of a resource's attribute schemas: the core schema, and the
// extensions that the resource has attributes of.
func (t *ResourceType) SchemasOf(resource map[string]any) []any {
	urns := []any{t.Core.ID}
	for _, extension := range t.Extensions {
		if _, ok := resource[extension.ID]; ok {
			urns = append(urns, extension.ID)
		}
	}
	return urns
}

// Description is a resource type in the form that /ResourceTypes shows, without meta
// (RFC 7643 section 6).
type Description struct {
	Schemas     []string    `json:"schemas"`
	ID          string      `json:"id"`
	Name        string      `json:"name"`
	Endpoint    string      `json:"endpoint"`
	Description string      `json:"description"`
	Schema      string      `json:"schema"`
	Extensions  []Extension `json:"schemaExtensions,omitempty"`
}

// Extension names an extension in a [Description].
type Extension struct {
	Schema   string `json:"schema"`
	Required bool   `json:"required"`
}

// Describe returns the type in the form that /ResourceTypes shows.
func (t *ResourceType) Describe() Description {
	d := Description{
		Schemas: []string{"urn:ietf:params:scim:schemas:core:2.0:ResourceType"},
		ID:      t.Name, Name: t.Name, Endpoint: t.Endpoint, Description: t.Core.Description, Schema: t.Core.ID,
	}
	for _, extension := range t.Extensions {
		d.Extensions = append(d.Extensions, Extension{Schema: extension.ID})
	}
	return d
}
