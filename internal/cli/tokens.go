package cli

import (
	"cmp"
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rosterhq/roster/client"
)

var tokenColumns = []column[client.APIToken]{
	{"id", func(t client.APIToken) string { return t.ID }},
	{"name", func(t client.APIToken) string { return t.Name }},
	{"expires", func(t client.APIToken) string { return when(t.ExpiresAt) }},
	{"capabilities", func(t client.APIToken) string { return capabilityNames(t.Capabilities) }},
}

// tokenBrief are the brief forms of columns for a terminal.
var tokenBrief = []column[client.APIToken]{{"capabilities", func(t client.APIToken) string { return capabilityCount(t.Capabilities) }}}

// issuedColumns include the value, which only the response to a create has.
var issuedColumns = append(tokenColumns[:3:3], column[client.APIToken]{"token", func(t client.APIToken) string { return t.Token }})

var usageColumns = []column[client.TokenUsage]{
	{"id", func(u client.TokenUsage) string { return u.ID }},
	{"created", func(u client.TokenUsage) string { return when(&u.CreatedAt) }},
	{"by", func(u client.TokenUsage) string { return u.CreatedBy.Kind + " " + u.CreatedBy.Name }},
	{"last used", func(u client.TokenUsage) string { return when(u.LastUsedAt) }},
}

const exampleToken = "tok_06h0tznb4b594f7wwhh8r01hcg" // an id is not a secret

func (s *session) tokens() *cobra.Command {
	return group("tokens", "Manage API tokens", "An API token belongs to the organization and has the capabilities that it was created with. TOKEN is the id or name of a token.", "roster tokens list",
		s.tokensCreate(), s.tokensRegenerate(), s.tokensExpiring(),
		s.tokenNetworks(tokenLookup, "roster tokens networks "+exampleToken, (*client.Client).GetAPITokenNetworks, (*client.Client).UpdateAPITokenNetworks),
		s.tokensList(),
		s.get(tokenLookup, "get TOKEN", "Show an API token", "roster tokens get "+exampleToken, byID(s, tokenColumns, (*client.Client).GetAPIToken, tokenBrief...)),
		s.get(tokenLookup, "usage TOKEN", "Show who created a token and when it was last used", "roster tokens usage Onboarding", byID(s, usageColumns, (*client.Client).GetTokenUsage)),
		s.deletion(tokenLookup, "Revoke an API token\nIt stops working at once.", "roster tokens delete "+exampleToken+" --yes", "token", (*client.Client).DeleteAPIToken))
}

// usedToken is an API token with its use.
type usedToken struct {
	client.APIToken
	CreatedAt  time.Time      `json:"createdAt"`
	CreatedBy  client.Creator `json:"createdBy"`
	LastUsedAt *time.Time     `json:"lastUsedAt"`
}

var usedColumns = []column[usedToken]{
	{"id", func(t usedToken) string { return t.ID }},
	{"name", func(t usedToken) string { return t.Name }},
	{"expires", func(t usedToken) string { return when(t.ExpiresAt) }},
	{"last used", func(t usedToken) string { return when(t.LastUsedAt) }},
	{"maker", func(t usedToken) string { return cmp.Or(t.CreatedBy.Name, t.CreatedBy.ID, t.CreatedBy.Kind) }},
	{"capabilities", func(t usedToken) string { return capabilityNames(t.Capabilities) }},
}

var usedBrief = []column[usedToken]{
	{"expires", func(t usedToken) string { return day(t.ExpiresAt) }},
	{"last used", func(t usedToken) string { return day(t.LastUsedAt) }},
	{"capabilities", func(t usedToken) string { return capabilityCount(t.Capabilities) }},
}

func (s *session) tokensList() *cobra.Command {
	var unused string
	cmd := s.command("list", "List API tokens with their makers and last uses\nWith --unused, lists only tokens that have not expired, and that were neither created nor used for that long.",
		"roster tokens list\nroster tokens list --unused 90d", cobra.NoArgs,
		list(s, usedColumns, func(c *client.Client, ctx context.Context) ([]usedToken, error) {
			since, err := timeFlag("--unused", unused)
			if err != nil {
				return nil, err
			}
			tokens, err := c.ListAPITokens(ctx)
			if err != nil {
				return nil, err
			}
			uses, err := c.ListTokenUsage(ctx, since)
			if err != nil {
				return nil, err
			}
			of := make(map[string]client.TokenUsage, len(uses))
			for _, u := range uses {
				of[u.ID] = u
			}
			var all []usedToken
			for _, t := range tokens {
				if u, ok := of[t.ID]; ok {
					all = append(all, usedToken{t, u.CreatedAt, u.CreatedBy, u.LastUsedAt})
				}
			}
			return all, nil
		}, usedBrief...))
	cmd.Flags().StringVar(&unused, "unused", "", "only tokens that are not in use for this long: 90d")
	return cmd
}

func (s *session) tokensExpiring() *cobra.Command {
	var within string
	cmd := s.command("expiring", "List the API tokens that expire soon", "roster tokens expiring --within 30d", cobra.NoArgs,
		func(cmd *cobra.Command, c *client.Client, _ []string) error {
			d, err := parseDays("--within", within)
			if err != nil {
				return err
			}
			all, err := c.ListAPITokens(cmd.Context())
			if err != nil {
				return err
			}
			now := time.Now()
			var soon []client.APIToken
			for _, t := range all {
				if t.ExpiresAt != nil && t.ExpiresAt.After(now) && !t.ExpiresAt.After(now.Add(d)) {
					soon = append(soon, t)
				}
			}
			return printList(s, cmd, soon, tokenColumns, tokenBrief...)
		})
	cmd.Flags().StringVar(&within, "within", "30d", "how soon: 12h, 30d")
	return cmd
}

// maxDays is a hundred years, which fits in a [time.Duration].
const maxDays = 36500

// parseDays reads a duration that may be in days, which [time.ParseDuration] does not know.
func parseDays(flag, s string) (time.Duration, error) {
	var d time.Duration
	var err error
	if days, ok := strings.CutSuffix(s, "d"); ok {
		var n int
		n, err = strconv.Atoi(days)
		d = time.Duration(min(n, maxDays+1)) * 24 * time.Hour
	} else {
		d, err = time.ParseDuration(s)
	}
	if err != nil || d < 0 || d > maxDays*24*time.Hour {
		return 0, usagef("%s: %q is not a time span, as in 12h or 30d", flag, s)
	}
	return d, nil
}

// never is the value of the flag for what does not expire.
const never = "never"

// Expiry is the flag --expires-in.
type Expiry struct{ in string }

// Add adds the flag. works begins its description, as in "it works".
func (e *Expiry) Add(fs *pflag.FlagSet, works string) {
	fs.StringVar(&e.in, "expires-in", "", "how long "+works+": 12h, 90d or never; by default it never expires")
}

// Time returns the time at which something made now expires, or nil for never.
func (e *Expiry) Time() (*time.Time, error) {
	if e.in == "" || e.in == never {
		return nil, nil
	}
	d, err := parseDays("--expires-in", e.in)
	if err != nil {
		return nil, err
	}
	t := time.Now().Add(d).Truncate(time.Second)
	return &t, nil
}

func (s *session) tokensCreate() *cobra.Command {
	var in client.NewAPIToken
	var capabilities []string
	var expires Expiry
	cmd := s.write("create", "Create an API token\nIts value is shown only this once. A token can't have capabilities that you don't have.",
		"roster tokens create --name Onboarding --capability 'users|create' --capability 'users|read' --expires-in 90d\n"+
			"roster tokens create --name Export --capability 'app:billing:invoice:*|read'", cobra.NoArgs,
		one(s, issuedColumns, func(ctx context.Context, c *client.Client, _ []string) (t client.APIToken, err error) {
			if in.Capabilities, err = parseCapabilities(capabilities); err != nil {
				return t, err
			}
			if in.ExpiresAt, err = expires.Time(); err != nil {
				return t, err
			}
			return c.CreateAPIToken(ctx, in)
		}))
	cmd.Flags().StringVar(&in.Name, "name", "", "`NAME` of the token")
	addDescription(cmd, &in.Description)
	expires.Add(cmd.Flags(), "it works")
	addNetworks(cmd, &in.Networks)
	s.addCapabilityFlag(cmd, &capabilities)
	require(cmd, "name")
	return cmd
}

func (s *session) tokensRegenerate() *cobra.Command {
	var grace string
	var expires Expiry
	cmd := s.write("regenerate TOKEN", `Replace an API token with a new one
The old token stops working at once, or after --grace. Unless --expires-in says otherwise, the
new token works as long from now on as the old one was to work when it was created. The new
value is shown only this once.`,
		"roster tokens regenerate "+exampleToken+" --grace 24h\nroster tokens regenerate "+exampleToken+" --expires-in 90d", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			d, err := parseDays("--grace", grace)
			if err != nil {
				return err
			}
			in := client.Regeneration{ExistingExpiresAt: time.Now().Add(d), NeverExpires: expires.in == never}
			if in.NewExpiresAt, err = expires.Time(); err != nil {
				return err
			}
			id, err := tokenLookup.find(cmd.Context(), c, args[0])
			if err != nil {
				return err
			}
			t, err := c.RegenerateAPIToken(cmd.Context(), id, in)
			if err != nil {
				return err
			}
			s.explainExpiry(cmd, expires.in == "", t.ExpiresAt)
			if len(t.Successors) > 0 {
				cmd.PrintErrln("warning: this token was regenerated before, and what replaced it still works:",
					visible(strings.Join(t.Successors, ", "))+"; delete what is not in use")
			}
			return printOne(s, cmd, t.APIToken, issuedColumns)
		})
	cmd.Flags().StringVar(&grace, "grace", "0s", "how long the old token still works: 1h, 7d")
	cmd.Flags().StringVar(&expires.in, "expires-in", "", "how long the new token works: 12h, 90d or never; by default as long as the old one was to")
	return tokenLookup.argument(s, cmd)
}

// explainExpiry says when a regenerated token expires.
func (s *session) explainExpiry(cmd *cobra.Command, kept bool, at *time.Time) {
	will := "expires"
	if s.dryRun {
		will = "would expire"
	}
	switch {
	case at == nil:
		cmd.PrintErrf("the new token never %s\n", will)
	case kept:
		cmd.PrintErrf("the new token %s at %s, in %s, as long as the old one was to work or is allowed\n", will, when(at), spanText(time.Until(*at)))
	default:
		cmd.PrintErrf("the new token %s at %s, in %s\n", will, when(at), spanText(time.Until(*at)))
	}
}

// spanText formats a duration in days, or in hours if it is short.
func spanText(d time.Duration) string {
	d = d.Round(time.Minute)
	if days := d.Round(time.Hour) / (24 * time.Hour); days >= 2 {
		return fmt.Sprintf("%d days", days)
	}
	return d.String()
}

var personalColumns = []column[client.PersonalToken]{
	{"id", func(t client.PersonalToken) string { return t.ID }},
	{"name", func(t client.PersonalToken) string { return t.Name }},
	{"expires", func(t client.PersonalToken) string { return when(t.ExpiresAt) }},
}

var issuedPersonalColumns = append(personalColumns[:3:3], column[client.PersonalToken]{"token", func(t client.PersonalToken) string { return t.Token }})

func (s *session) personalTokens() *cobra.Command {
	var in client.NewPersonalToken
	var expires Expiry
	create := s.write("create", "Create a personal token\nIts value is shown only this once.", "roster personal-tokens create --name Laptop --expires-in 90d", cobra.NoArgs,
		one(s, issuedPersonalColumns, func(ctx context.Context, c *client.Client, _ []string) (t client.PersonalToken, err error) {
			if in.ExpiresAt, err = expires.Time(); err != nil {
				return t, err
			}
			return c.CreatePersonalToken(ctx, in)
		}))
	create.Flags().StringVar(&in.Name, "name", "", "`NAME` of the token")
	addDescription(create, &in.Description)
	expires.Add(create.Flags(), "it works")
	addNetworks(create, &in.Networks)
	require(create, "name")
	return group("personal-tokens", "Manage your own personal tokens",
		"A personal token has your permissions in all your organizations. These commands need a personal token.", "roster personal-tokens list", create,
		s.tokenNetworks(patLookup, "roster personal-tokens networks pat_06h0tznb4b594f7wwhh8r01hcg",
			(*client.Client).GetPersonalTokenNetworks, (*client.Client).UpdatePersonalTokenNetworks),
		s.command("list", "List your personal tokens", "roster personal-tokens list", cobra.NoArgs, list(s, personalColumns, (*client.Client).ListPersonalTokens)),
		s.deletion(patLookup, "Revoke one of your personal tokens\nIt stops working at once.", "roster personal-tokens delete pat_06h0tznb4b594f7wwhh8r01hcg --yes", "token",
			(*client.Client).DeletePersonalToken))
}
