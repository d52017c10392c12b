package provisioning

import (
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/text"
)

// checkUserName checks a user name, which is kept as it is given. Errors: [directory.Invalid].
func checkUserName(name string) error {
	if name == "" {
		return directory.InvalidField("userName", "is required")
	}
	return inText("userName", text.Check(name, maxUserName))
}

// checkExternalID checks an id that another system gave. Errors: [directory.Invalid].
func checkExternalID(id string) error {
	return inText("externalId", text.Check(id, maxExternalID))
}

// inText returns [text]'s verdict on a member of the input as a [directory.Error].
func inText(field string, err error) error {
	if err != nil {
		return directory.InvalidField(field, "%v", err)
	}
	return nil
}

func isEmail(s string) bool { return text.Email(s) == nil }

// clean checks a profile.
func clean(p Profile) (Profile, error) {
	if err := checkUserName(p.UserName); err != nil {
		return p, err
	}
	if err := checkExternalID(p.ExternalID); err != nil {
		return p, err
	}
	var err error
	p.Attributes, err = cleanAttributes(p.Attributes)
	return p, err
}

// addressOf is the address of a new user.
func addressOf(p Profile) (string, error) {
	if emails, ok := p.Attributes["emails"].([]any); ok {
		for _, e := range emails {
			email, _ := e.(map[string]any)
			value, _ := email["value"].(string)
			if primary, _ := email["primary"].(bool); !primary {
				continue
			}
			if !isEmail(value) {
				return "", directory.InvalidField("emails", "the primary email is not an address, as in jane.doe@example.com")
			}
			return value, nil
		}
	}
	if isEmail(p.UserName) {
		return p.UserName, nil
	}
	return "", directory.InvalidField("emails", "one of the emails must be primary, or userName must be an address: it becomes the user's address")
}

// nameOf is v2's name of a new user.
func nameOf(p Profile, address string) string {
	value := func(from map[string]any, name string) string {
		s, _ := from[name].(string)
		return s
	}
	name, _ := p.Attributes["name"].(map[string]any)
	for _, s := range []string{
		value(p.Attributes, "displayName"), value(name, "formatted"), value(name, "givenName") + " " + value(name, "familyName"), p.UserName,
	} {
		if s = strings.TrimSpace(s); s == "" {
			continue
		}
		if cleaned, err := directory.CleanName("name", s); err == nil {
			return cleaned
		}
	}
	return address
}
