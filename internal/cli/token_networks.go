package cli

import (
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var networkColumns = []column[client.TokenNetworks]{
	{"id", func(t client.TokenNetworks) string { return t.ID }},
	{"networks", func(t client.TokenNetworks) string {
		if len(t.Networks) == 0 {
			return "any"
		}
		return strings.Join(t.Networks, " ")
	}},
}

// addNetworks adds the flag for the networks that a new token may be used from.
func addNetworks(cmd *cobra.Command, networks *[]string) {
	cmd.Flags().StringSliceVar(networks, "network", nil, "`NETWORK` that the token may be used from, such as 10.0.0.0/8; repeatable")
}

// tokenNetworks makes the command that shows or changes the networks of a token.
func (s *session) tokenNetworks(l lookup, example string, get func(*client.Client, context.Context, string) (client.TokenNetworks, error),
	update func(*client.Client, context.Context, string, []string) (client.TokenNetworks, error),
) *cobra.Command {
	var networks []string
	var anywhere bool
	cmd := s.write("networks TOKEN", "Show or change where a token may be used from\nWithout flags, shows the networks. Changes apply from the next request on.",
		example+"\n"+example+" --network 10.0.0.0/8 --network 2001:db8::/32", cobra.ExactArgs(1),
		l.found(one(s, networkColumns, func(ctx context.Context, c *client.Client, args []string) (client.TokenNetworks, error) {
			if len(networks) == 0 && !anywhere {
				return get(c, ctx, args[0])
			}
			return update(c, ctx, args[0], networks)
		})))
	addNetworks(cmd, &networks)
	cmd.Flags().BoolVar(&anywhere, "anywhere", false, "allow use from any network")
	cmd.MarkFlagsMutuallyExclusive("network", "anywhere")
	return l.argument(s, cmd)
}
