package console

import (
	"net/url"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// form is a form of a page: new, or refused with what was typed and why.
type form struct {
	name    string
	values  url.Values
	refusal *directory.Error
	shown   bool // the refusal, beside its field
	// Again is the page that signs in again, if the action needs a fresh sign-in.
	Again string
}

// Refused reports whether the form was sent and refused.
func (f *form) Refused() bool { return f.refusal != nil }

// Value is what was typed into a field.
func (f *form) Value(field string) string { return f.values.Get(field) }

// Values are what was chosen of a field.
func (f *form) Values(field string) []string { return f.values[field] }

// Wrong is why a field was refused. Members of a list, such as networks.0, count as their list.
func (f *form) Wrong(field string) string {
	if f.refusal == nil {
		return ""
	}
	if at := f.refusal.Field; at != field && !strings.HasPrefix(at, field+".") && !strings.HasPrefix(at, field+"[") {
		return ""
	}
	f.shown = true
	return sentence(f.refusal.Message)
}

// Refusal is why the form was refused, if it is shown beside none of its fields. A
// template calls it after its fields.
func (f *form) Refusal() string {
	if f.refusal == nil || f.shown {
		return ""
	}
	return sentence(f.refusal.Error())
}

// sentence makes a sentence of an error's message.
func sentence(message string) string {
	if message == "" {
		return ""
	}
	return strings.ToUpper(message[:1]) + message[1:] + "."
}

// field is a field of a form as its template draws it.
type field struct {
	Form              *form
	Name, Label, Type string
	Value, Hint, Fill string // Fill is what browsers fill in, as autocomplete has it
	Required, Focus   bool
	Placeholder       string
}

// newField makes a field. Options are words (required, focus) and settings such as
// type=email, value=x or hint=text.
func newField(f *form, name, label string, options ...string) field {
	fd := field{Form: f, Name: name, Label: label, Type: "text", Fill: "off"}
	for _, option := range options {
		key, value, _ := strings.Cut(option, "=")
		switch key {
		case "type":
			fd.Type = value
		case "value":
			fd.Value = value
		case "hint":
			fd.Hint = value
		case "fill":
			fd.Fill = value
		case "placeholder":
			fd.Placeholder = value
		case "required":
			fd.Required = true
		case "focus":
			fd.Focus = true
		}
	}
	if f.Refused() && fd.Type != "password" { // a secret is not sent back
		fd.Value = f.Value(name)
	}
	return fd
}

// ID is the field's id, unique on a page with several forms.
func (f field) ID() string { return f.Form.name + "-" + f.Name }

// Wrong is why the field was refused.
func (f field) Wrong() string { return f.Form.Wrong(f.Name) }

// DescribedBy are the ids of the texts that belong to the field.
func (f field) DescribedBy() string {
	var ids []string
	if f.Wrong() != "" {
		ids = append(ids, f.ID()+"-wrong")
	}
	if f.Hint != "" {
		ids = append(ids, f.ID()+"-hint")
	}
	return strings.Join(ids, " ")
}
