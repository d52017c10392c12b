package cli

import (
	"encoding/json"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var userProfileColumns = []column[client.UserProfile]{
	{"user name", func(p client.UserProfile) string { return p.UserName }},
	{"external id", func(p client.UserProfile) string {
		if p.ExternalID == nil {
			return ""
		}
		return *p.ExternalID
	}},
	{"status", func(p client.UserProfile) string { return p.Status }},
	{"last active", func(p client.UserProfile) string { return when(p.LastActiveAt) }},
	{"created", func(p client.UserProfile) string { return when(&p.CreatedAt) }},
	{"updated", func(p client.UserProfile) string { return when(&p.UpdatedAt) }},
	{"attributes", func(p client.UserProfile) string {
		b, _ := json.Marshal(p.Attributes) // came as JSON
		return string(b)
	}},
}

func (s *session) usersProfile() *cobra.Command {
	var externalID, attributes string
	cmd := s.write("profile USER", "Show or change the organization's own view of a user\nIt has an external id and attributes, which a directory (SCIM) may keep too.",
		"roster users profile jane.doe@example.com\nroster users profile jane.doe@example.com --external-id 4711 --attributes '{\"costCenter\":\"R&D\"}'", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			id, err := userID(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			p, err := c.GetUserProfile(cmd.Context(), id)
			if err != nil {
				return err
			}
			if cmd.Flags().Changed("external-id") || cmd.Flags().Changed("attributes") {
				in := client.SetUserProfile{ExternalID: p.ExternalID, Attributes: p.Attributes}
				if cmd.Flags().Changed("external-id") {
					in.ExternalID = &externalID
				}
				if cmd.Flags().Changed("attributes") {
					in.Attributes = nil
					if err := json.Unmarshal([]byte(attributes), &in.Attributes); err != nil {
						return usagef("--attributes: %q is not a JSON object", attributes)
					}
				}
				if p, err = c.SetUserProfile(cmd.Context(), id, in); err != nil {
					return err
				}
			}
			return printOne(s, cmd, p, userProfileColumns)
		})
	cmd.Flags().StringVar(&externalID, "external-id", "", "`ID` that another system has for the user")
	cmd.Flags().StringVar(&attributes, "attributes", "", "`JSON` object that replaces the attributes")
	return cmd
}
