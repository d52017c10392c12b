package directory

import (
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/text"
)

// inText returns [text]'s verdict on a member of the input as an [Error].
func inText(field string, err error) error {
	if err != nil {
		return InvalidField(field, "%v", err)
	}
	return nil
}

// CleanName trims a name and checks it, as [text.Name] does. Errors: [Invalid].
func CleanName(field, name string) (string, error) {
	name, err := text.Name(name)
	return name, inText(field, err)
}

// CleanDescription trims a description and checks it, as [text.Description] does.
// Errors: [Invalid].
func CleanDescription(description string) (string, error) {
	description, err := text.Description(description)
	return description, inText("description", err)
}

// CheckEmail checks an email address. Errors: [Invalid].
func CheckEmail(field, email string) error { return inText(field, text.Email(email)) }

// checkScopes requires names of datasets and views, and of what applications have, to be as
// other names are.
func checkScopes(s authz.Set) error {
	for field, named := range map[string]map[string]authz.Grants{"datasetCapabilities": s.Datasets, "viewCapabilities": s.Views} {
		for name := range named {
			if err := inText(field, text.Check(name, text.MaxName)); err != nil {
				return err
			}
		}
	}
	for g := range s.Apps.Each() {
		if g.On == "" {
			continue
		}
		if err := inText("appCapabilities", text.Check(string(g.On), text.MaxName)); err != nil {
			return err
		}
	}
	return nil
}
