package cli

import (
	"context"
	"time"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var settingsColumns = []column[client.OrgSettings]{
	{"max token lifetime", func(o client.OrgSettings) string {
		if o.MaxTokenLifetimeSeconds == nil {
			return "any"
		}
		return (time.Duration(*o.MaxTokenLifetimeSeconds) * time.Second).String()
	}},
}

func (s *session) orgSettings() *cobra.Command {
	var lifetime string
	cmd := s.write("settings ID", "Show or change the settings of an organization\nChanging them needs the personal token of an owner or admin.",
		"roster orgs settings acme-x7q2\nroster orgs settings acme-x7q2 --max-token-lifetime 90d", cobra.ExactArgs(1),
		one(s, settingsColumns, func(ctx context.Context, c *client.Client, args []string) (client.OrgSettings, error) {
			switch lifetime {
			case "":
				return c.GetOrgSettings(ctx, args[0])
			case "any":
				return c.UpdateOrgSettings(ctx, args[0], client.OrgSettings{})
			}
			d, err := parseDays("--max-token-lifetime", lifetime)
			if err != nil {
				return client.OrgSettings{}, err
			}
			seconds := int64(d / time.Second)
			return c.UpdateOrgSettings(ctx, args[0], client.OrgSettings{MaxTokenLifetimeSeconds: &seconds})
		}))
	cmd.Flags().StringVar(&lifetime, "max-token-lifetime", "", "maximum lifetime of tokens: 12h, 90d, or any")
	return cmd
}
