package provisioning

import (
	"slices"

	"github.com/rosterhq/roster/internal/directory"
)

const (
	// MaxUniqueAttributes is how many attributes an organization can make unique.
	MaxUniqueAttributes = 20
	// MaxUniqueValues is how many values a user or group can have of all unique attributes.
	MaxUniqueValues = 100
)

// keepUnique stores the values of unique attributes that a user or group has from now on.
// Errors: [directory.Conflict] for a value that another one has.
func (c change) keepUnique(h directory.Holder, attributes map[string]any) error {
	org := c.Actor().OrgID
	settings, err := c.ProvisioningSettings(org)
	if err != nil || !hasUnique(settings.Unique, h) {
		return err
	}
	is, err := valuesOf(settings.Unique, h, attributes)
	if err != nil {
		return err
	}
	was, err := c.UniqueValues(org, h)
	if err != nil {
		return err
	}
	if err := c.DropUniqueValues(org, valuesWithout(was, is)); err != nil {
		return err
	}
	taken, err := c.AddUniqueValues(org, valuesWithout(is, was))
	if err != nil || taken == nil {
		return err
	}
	kind := "user"
	if h.Group != "" {
		kind = "group"
	}
	return &directory.Error{
		Code: directory.Conflict, Field: taken.Attribute,
		Message: "another " + kind + " of the organization has this value, which must be unique",
	}
}

func hasUnique(unique []directory.UniqueAttribute, h directory.Holder) bool {
	return slices.ContainsFunc(unique, func(a directory.UniqueAttribute) bool { return a.OfGroups == (h.Group != "") })
}

func valuesOf(unique []directory.UniqueAttribute, h directory.Holder, attributes map[string]any) (values []directory.UniqueValue, err error) {
	for _, a := range unique {
		if a.OfGroups == (h.Group != "") {
			values = append(values, valuesIn(a, attributes, h)...)
		}
	}
	if len(values) > MaxUniqueValues {
		return nil, directory.InvalidField("attributes", "%s has %d values of unique attributes; at most %d are allowed", h, len(values), MaxUniqueValues)
	}
	return values, nil
}

func valuesWithout(values, others []directory.UniqueValue) []directory.UniqueValue {
	return slices.DeleteFunc(slices.Clone(values), func(v directory.UniqueValue) bool { return slices.Contains(others, v) })
}

// makeUnique makes the attributes of an organization unique that are to be, and no others.
// Errors: [directory.Conflict] if users or groups have the same value already.
func (c change) makeUnique(was, is []directory.UniqueAttribute) error {
	org := c.Actor().OrgID
	for _, a := range attributesWithout(was, is) {
		if err := c.DropUnique(org, a.Name()); err != nil {
			return err
		}
	}
	added := attributesWithout(is, was)
	if hasUnique(added, directory.Holder{User: "any"}) {
		err := eachPage(func(q directory.ProfileQuery) (*directory.ProfileCursor, error) {
			users, next, err := c.Profiles(org, q)
			if err != nil {
				return nil, err
			}
			var values []directory.UniqueValue
			for _, u := range users {
				some, err := valuesOf(added, directory.Holder{User: u.ID}, u.Profile.Attributes)
				if err != nil {
					return nil, err
				}
				values = append(values, some...)
			}
			return next, c.addExisting(values)
		})
		if err != nil {
			return err
		}
	}
	if !hasUnique(added, directory.Holder{Group: "any"}) {
		return nil
	}
	return eachPage(func(q directory.ProfileQuery) (*directory.ProfileCursor, error) {
		groups, next, err := c.GroupProfiles(org, q)
		if err != nil {
			return nil, err
		}
		var values []directory.UniqueValue
		for _, g := range groups {
			some, err := valuesOf(added, directory.Holder{Group: g.ID}, g.Profile.Attributes)
			if err != nil {
				return nil, err
			}
			values = append(values, some...)
		}
		return next, c.addExisting(values)
	})
}

// eachPage reads pages until none follows.
func eachPage(read func(directory.ProfileQuery) (*directory.ProfileCursor, error)) error {
	var q directory.ProfileQuery
	for {
		next, err := read(q)
		if err != nil || next == nil {
			return err
		}
		q.After = next
	}
}

// addExisting adds values that users or groups have had before.
func (c change) addExisting(values []directory.UniqueValue) error {
	taken, err := c.AddUniqueValues(c.Actor().OrgID, values)
	if err != nil || taken == nil {
		return err
	}
	i := slices.IndexFunc(values, func(v directory.UniqueValue) bool {
		return v.Attribute == taken.Attribute && v.Digest == taken.Digest && v.Holder != taken.Holder
	})
	return &directory.Error{
		Code: directory.Conflict, Field: "schemas",
		Message: taken.Attribute + " can't be unique, because " + taken.Holder.String() + " and " + values[i].Holder.String() +
			" have the same value; change one of them first",
	}
}

func attributesWithout(all, others []directory.UniqueAttribute) []directory.UniqueAttribute {
	return slices.DeleteFunc(slices.Clone(all), func(a directory.UniqueAttribute) bool {
		return slices.ContainsFunc(others, func(b directory.UniqueAttribute) bool {
			return a.CaseExact == b.CaseExact && a.OfGroups == b.OfGroups && slices.Equal(a.Path, b.Path)
		})
	})
}
