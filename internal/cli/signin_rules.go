package cli

import (
	"context"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var signInRuleColumns = []column[client.SignInRules]{
	{"require issuer", func(r client.SignInRules) string { return yes(r.RequireIssuer) }},
	{"tokens", func(r client.SignInRules) string { return secondsText(r.TokenSeconds) }},
}

func (s *session) orgSignInRules() *cobra.Command {
	var require, tokens string
	cmd := s.write("sign-in-rules ID", `Show or change the sign-in rules of an organization
With --require-issuer, people with addresses in the organization's verified domains must
sign in by its issuer. Owners are excepted. Changing the rules needs the personal token of
an owner.`, "roster orgs sign-in-rules acme-x7q2\nroster orgs sign-in-rules acme-x7q2 --require-issuer --token-lifetime 7d", cobra.ExactArgs(1),
		one(s, signInRuleColumns, func(ctx context.Context, c *client.Client, args []string) (client.SignInRules, error) {
			r, err := c.GetSignInRules(ctx, args[0])
			if err != nil || (require == "" && tokens == "") {
				return r, err
			}
			if require != "" {
				if r.RequireIssuer, err = strconv.ParseBool(require); err != nil {
					return r, usagef("--require-issuer: %q is neither true nor false", require)
				}
			}
			if err := setSeconds(&r.TokenSeconds, "--token-lifetime", tokens); err != nil {
				return r, err
			}
			return c.UpdateSignInRules(ctx, args[0], r)
		}))
	cmd.Flags().StringVar(&require, "require-issuer", "", "whether to require the organization's issuer: true or false")
	cmd.Flags().Lookup("require-issuer").NoOptDefVal = "true"
	cmd.Flags().StringVar(&tokens, "token-lifetime", "", "how long after a sign-in by the issuer personal tokens may be used: 1h to 366d, or default (30d)")
	return cmd
}
