package cli

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var tokenColumns = []column[client.APIToken]{
	{"id", func(t client.APIToken) string { return t.ID }},
	{"name", func(t client.APIToken) string { return t.Name }},
	{"expires", func(t client.APIToken) string { return when(t.ExpiresAt) }},
	{"capabilities", func(t client.APIToken) string { return capabilityNames(t.Capabilities) }},
}

// issuedColumns show the value, which is in the answer that made it alone.
var issuedColumns = append(tokenColumns[:3:3], column[client.APIToken]{"token", func(t client.APIToken) string { return t.Token }})

func (s *session) tokens() *cobra.Command {
	return group("tokens", "Manage API tokens", s.tokensList(), s.tokensCreate(), s.tokensRegenerate(), s.tokensExpiring(),
		s.command("get ID", "Show an API token", "roster tokens get tok_06h0tznb4b594f7wwhh8r01hcg", cobra.ExactArgs(1),
			func(cmd *cobra.Command, c *client.Client, args []string) error {
				t, err := c.GetAPIToken(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return printOne(s, cmd, t, tokenColumns)
			}),
		s.command("usage ID", "Show who made a token and when it was last used", "roster tokens usage tok_06h0tznb4b594f7wwhh8r01hcg", cobra.ExactArgs(1),
			func(cmd *cobra.Command, c *client.Client, args []string) error {
				u, err := c.GetTokenUsage(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return printOne(s, cmd, u, []column[client.TokenUsage]{
					{"id", func(u client.TokenUsage) string { return u.ID }},
					{"created", func(u client.TokenUsage) string { return when(&u.CreatedAt) }},
					{"by", func(u client.TokenUsage) string { return u.CreatedBy.Kind + " " + u.CreatedBy.Name }},
					{"last used", func(u client.TokenUsage) string { return when(u.LastUsedAt) }},
				})
			}),
		s.deletion("Revoke an API token", "roster tokens delete tok_06h0tznb4b594f7wwhh8r01hcg --yes", "token", (*client.Client).DeleteAPIToken))
}

func (s *session) tokensList() *cobra.Command {
	return s.command("list", "List API tokens", "roster tokens list", cobra.NoArgs,
		func(cmd *cobra.Command, c *client.Client, _ []string) error {
			all, err := c.ListAPITokens(cmd.Context())
			if err != nil {
				return err
			}
			return printList(s, cmd, all, tokenColumns)
		})
}

func (s *session) tokensExpiring() *cobra.Command {
	var within string
	cmd := s.command("expiring", "List the API tokens that end soon", "roster tokens expiring --within 30d", cobra.NoArgs,
		func(cmd *cobra.Command, c *client.Client, _ []string) error {
			d, err := parseDays(within)
			if err != nil {
				return usageError{fmt.Errorf("--within: %w", err)}
			}
			all, err := c.ListAPITokens(cmd.Context())
			if err != nil {
				return err
			}
			now := time.Now()
			var soon []client.APIToken
			for _, t := range all {
				if t.ExpiresAt != nil && t.ExpiresAt.After(now) && t.ExpiresAt.Before(now.Add(d)) {
					soon = append(soon, t)
				}
			}
			return printList(s, cmd, soon, tokenColumns)
		})
	cmd.Flags().StringVar(&within, "within", "30d", "how soon: 12h, 30d")
	return cmd
}

// parseDays reads a duration that may be in days, which Go's own can't be.
func parseDays(s string) (time.Duration, error) {
	if days, ok := strings.CutSuffix(s, "d"); ok {
		n, err := strconv.Atoi(days)
		if err != nil || n < 0 || n > 36500 {
			return 0, fmt.Errorf("%q is not a number of days, as in 30d", s)
		}
		return time.Duration(n) * 24 * time.Hour, nil
	}
	return time.ParseDuration(s)
}

// expiry is a --expires-in flag as a time; empty is never.
func expiry(in string) (*time.Time, error) {
	if in == "" {
		return nil, nil
	}
	d, err := parseDays(in)
	if err != nil {
		return nil, usageError{fmt.Errorf("--expires-in: %w", err)}
	}
	t := time.Now().Add(d)
	return &t, nil
}

func (s *session) tokensCreate() *cobra.Command {
	var in client.NewAPIToken
	var capabilities []string
	var expiresIn string
	cmd := s.command("create", "Create an API token; its value is shown this once",
		"roster tokens create --name Onboarding --capability 'users|create' --capability 'users|read' --expires-in 90d", cobra.NoArgs,
		func(cmd *cobra.Command, c *client.Client, _ []string) (err error) {
			if in.Capabilities, err = parseCapabilities(capabilities); err != nil {
				return err
			}
			if in.ExpiresAt, err = expiry(expiresIn); err != nil {
				return err
			}
			t, err := c.CreateAPIToken(cmd.Context(), in)
			if err != nil {
				return err
			}
			return printOne(s, cmd, t, issuedColumns)
		})
	cmd.Flags().StringVar(&in.Name, "name", "", "`NAME` of the token")
	cmd.Flags().StringVar(&in.Description, "description", "", "what it is for")
	cmd.Flags().StringVar(&expiresIn, "expires-in", "", "how long it works: 12h, 90d; by default for ever")
	addCapabilityFlag(cmd, &capabilities)
	require(cmd, "name")
	return cmd
}

func (s *session) tokensRegenerate() *cobra.Command {
	var grace, expiresIn string
	cmd := s.command("regenerate ID", "Make a new token in place of one", "roster tokens regenerate tok_06h0tznb4b594f7wwhh8r01hcg --grace 24h", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			d, err := parseDays(grace)
			if err != nil {
				return usageError{fmt.Errorf("--grace: %w", err)}
			}
			ends, err := expiry(expiresIn)
			if err != nil {
				return err
			}
			t, err := c.RegenerateAPIToken(cmd.Context(), args[0], time.Now().Add(d), ends)
			if err != nil {
				return err
			}
			return printOne(s, cmd, t, issuedColumns)
		})
	cmd.Flags().StringVar(&grace, "grace", "0s", "how long the old one still works: 1h, 7d")
	cmd.Flags().StringVar(&expiresIn, "expires-in", "", "how long the new one works; by default for ever")
	return cmd
}

var personalColumns = []column[client.PersonalToken]{
	{"id", func(t client.PersonalToken) string { return t.ID }},
	{"name", func(t client.PersonalToken) string { return t.Name }},
	{"expires", func(t client.PersonalToken) string { return when(t.ExpiresAt) }},
}

func (s *session) personalTokens() *cobra.Command {
	var in client.NewPersonalToken
	var expiresIn string
	create := s.command("create", "Create a personal token; its value is shown this once", "roster personal-tokens create --name Laptop --expires-in 90d", cobra.NoArgs,
		func(cmd *cobra.Command, c *client.Client, _ []string) (err error) {
			if in.ExpiresAt, err = expiry(expiresIn); err != nil {
				return err
			}
			t, err := c.CreatePersonalToken(cmd.Context(), in)
			if err != nil {
				return err
			}
			return printOne(s, cmd, t, append(personalColumns[:3:3], column[client.PersonalToken]{"token", func(t client.PersonalToken) string { return t.Token }}))
		})
	create.Flags().StringVar(&in.Name, "name", "", "`NAME` of the token")
	create.Flags().StringVar(&in.Description, "description", "", "what it is for")
	create.Flags().StringVar(&expiresIn, "expires-in", "", "how long it works: 12h, 90d; by default for ever")
	require(create, "name")
	return group("personal-tokens", "Manage your own personal tokens", create,
		s.command("list", "List your personal tokens", "roster personal-tokens list", cobra.NoArgs,
			func(cmd *cobra.Command, c *client.Client, _ []string) error {
				all, err := c.ListPersonalTokens(cmd.Context())
				if err != nil {
					return err
				}
				return printList(s, cmd, all, personalColumns)
			}),
		s.deletion("Revoke one of your personal tokens", "roster personal-tokens delete pat_06h0tznb4b594f7wwhh8r01hcg --yes", "token",
			(*client.Client).DeletePersonalToken))
}
