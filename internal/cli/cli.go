// Package cli is the command line client. Its commands use [client], print tables, JSON
// or CSV, and have exit codes for scripts.
package cli

import (
	"cmp"
	"context"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

// session has the flags and state that the commands of one run share.
type session struct {
	url, tokenFile, org, profile string
	output                       format
	jq                           jqFilter
	fields                       []string
	dryRun, yes, quiet, wide     bool
}

// DefaultURL is where a server listens by default.
const DefaultURL = "http://127.0.0.1:8080"

// Commands returns the client's commands, each with the flags for the server, the token
// and the output format.
func Commands() []*cobra.Command {
	s := new(session)
	commands := slices.Concat(
		in(groupAccess, s.users(), s.schedules(), s.groups(), s.roles(), s.apps(), s.invitations()),
		in(groupCredentials, s.tokens(), s.personalTokens(), s.sessions(), s.passkeys()),
		in(groupOrg, s.orgs(), s.domains(), s.issuers(), s.scim(), s.limits()),
		in(groupLog, s.auditCommand(), s.events(), s.webhooks()),
		in(groupClient, s.whoami(), s.api()),
	)
	for _, c := range commands {
		s.addFlags(c)
	}
	commands = append(commands, in(groupClient, login(), profiles(), exitCodes())...)
	commands = append(commands, in(GroupServer, healthcheck())...)
	for _, c := range commands {
		Strict(c)
	}
	return commands
}

// The groups of commands in the help.
const (
	groupAccess      = "access"
	groupCredentials = "credentials"
	groupOrg         = "org"
	groupLog         = "log"
	groupClient      = "client"
	GroupServer      = "server" // of the operator's commands
)

// Groups returns the groups that commands are in, in the order of the help.
func Groups() []*cobra.Group {
	return []*cobra.Group{
		{ID: groupAccess, Title: "Users and what they may do:"},
		{ID: groupCredentials, Title: "Tokens and sessions:"},
		{ID: groupOrg, Title: "Organizations:"},
		{ID: groupLog, Title: "Audit log:"},
		{ID: groupClient, Title: "This client:"},
		{ID: GroupServer, Title: "The server and its database:"},
	}
}

// in puts commands into a group of the help.
func in(group string, commands ...*cobra.Command) []*cobra.Command {
	for _, c := range commands {
		c.GroupID = group
	}
	return commands
}

func (s *session) addFlags(c *cobra.Command) {
	f := c.PersistentFlags()
	f.StringVar(&s.url, "url", "", "`URL` of the server (env ROSTER_URL, default "+DefaultURL+")")
	f.StringVar(&s.tokenFile, "token-file", "", "`FILE` that holds the token; by default, env ROSTER_TOKEN or the profile.\nThere is no flag for the token itself, because the process list would show it")
	f.StringVar(&s.org, "org", "", "`ID` of the organization, if you belong to several (env ROSTER_ORG)")
	f.StringVar(&s.profile, "profile", "", "`NAME` of the profile to use (env ROSTER_PROFILE)")
	addOutput(f, &s.output)
	f.Var(&s.jq, "jq", "print what this jq `EXPRESSION` makes of the JSON")
	f.StringSliceVar(&s.fields, "fields", nil, "print only these `FIELDS`, separated by commas: columns, or with --output json members")
	f.BoolVarP(&s.quiet, "quiet", "q", false, "print only the value: the token or secret that was created, or else the id")
	f.BoolVar(&s.wide, "wide", false, "print whole tables, also if they are wider than the terminal")
	complete(c, "output", "table", "json", "csv")
	_ = c.RegisterFlagCompletionFunc("profile", completeProfiles) // fails only if the flag does not exist
}

// complete makes shell completion suggest the values of a flag.
func complete(c *cobra.Command, flag string, values ...string) {
	_ = c.RegisterFlagCompletionFunc(flag, cobra.FixedCompletions(values, cobra.ShellCompDirectiveNoFileComp)) // same
}

// client makes a client with the settings of the flags, the environment and the profile,
// in this order of precedence. It sends a profile's token only to the profile's server.
func (s *session) client(cmd *cobra.Command, more ...client.Option) (*client.Client, error) {
	url := cmp.Or(s.url, os.Getenv("ROSTER_URL"))
	token, err := s.token()
	if err != nil {
		return nil, err
	}
	named := cmp.Or(s.profile, os.Getenv("ROSTER_PROFILE"))
	p, err := loadProfile(named)
	if err != nil {
		if named != "" || url == "" || token == "" {
			return nil, err
		}
		cmd.PrintErrln("note:", visible(oneLine(err.Error()))) // the profile is not needed
	}
	if err := s.checkOutput(cmd); err != nil {
		return nil, err
	}
	url = cmp.Or(url, p.URL, DefaultURL)
	if err := checkURL(url); err != nil {
		return nil, err
	}
	switch {
	case token == "" && p.Token == "":
		return nil, errNoToken
	case token == "" && strings.TrimRight(url, "/") != strings.TrimRight(p.URL, "/"):
		return nil, usagef("the profile's token is for %s, not for %s; pass a token with ROSTER_TOKEN or --token-file", p.URL, url)
	case token == "":
		token = p.Token
	}
	options := []client.Option{client.WithUserAgent("roster-cli"), client.WithOrg(cmp.Or(s.org, os.Getenv("ROSTER_ORG"), p.Org))}
	if s.dryRun {
		options = append(options, client.WithDryRun(), client.WithAccessDiff(func(d client.AccessDiff) { printDiff(cmd.ErrOrStderr(), d) }))
	}
	c, err := client.New(url, token, append(options, more...)...)
	if err != nil {
		return nil, Usage(err)
	}
	return c, nil
}

// checkOutput rejects flags for the output that contradict each other.
func (s *session) checkOutput(cmd *cobra.Command) error {
	switch {
	case s.jq.code != nil && cmd.Flags().Changed("output") && s.output != "json":
		return usagef("--jq works on JSON; leave out --output %s", s.output)
	case s.quiet && (s.jq.code != nil || len(s.fields) > 0 || cmd.Flags().Changed("output")):
		return usagef("--quiet prints a single value; leave out --output, --jq and --fields")
	default:
		return nil
	}
}

// token returns the token of the flag or the environment, not that of the profile.
func (s *session) token() (string, error) {
	if s.tokenFile == "" {
		return os.Getenv("ROSTER_TOKEN"), nil
	}
	b, err := os.ReadFile(s.tokenFile)
	if err != nil {
		return "", Usage(err)
	}
	token := strings.TrimSpace(string(b))
	if token == "" {
		return "", usagef("--token-file: %s is empty", s.tokenFile)
	}
	return token, nil
}

// runner runs a command with a client.
type runner func(cmd *cobra.Command, c *client.Client, args []string) error

// command makes a command that runs with a client. The first line of about is
// the short description.
func (s *session) command(use, about, example string, args cobra.PositionalArgs, run runner) *cobra.Command {
	short, more, _ := strings.Cut(about, "\n")
	return &cobra.Command{
		Use: use, Short: short, Long: strings.TrimSpace(short + ".\n\n" + more), Example: indent(example), Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := s.client(cmd)
			if err != nil {
				return err
			}
			return run(cmd, c, args)
		},
	}
}

func indent(example string) string { return "  " + strings.ReplaceAll(example, "\n", "\n  ") }

// write is command for a command that changes something. It has --dry-run.
func (s *session) write(use, about, example string, args cobra.PositionalArgs, run runner) *cobra.Command {
	cmd := s.command(use, about, example, args, run)
	cmd.Flags().BoolVar(&s.dryRun, "dry-run", false, "check the change and show the result without making it")
	return cmd
}

// get makes a command that shows an object by its id or name.
func (s *session) get(l lookup, use, about, example string, run runner) *cobra.Command {
	return l.argument(s, s.command(use, about, example, cobra.ExactArgs(1), l.found(run)))
}

// forms makes a command reject an --output that it does not support. instead tells the
// user what to do.
func (s *session) forms(cmd *cobra.Command, instead string, has ...format) *cobra.Command {
	run := cmd.RunE
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if cmd.Flags().Changed("output") && !slices.Contains(has, s.output) {
			return usagef("%s has no --output %s; %s", cmd.CommandPath(), s.output, instead)
		}
		if (s.jq.code != nil || len(s.fields) > 0) && !slices.Contains(has, "json") {
			return usagef("%s has no --jq and no --fields; %s", cmd.CommandPath(), instead)
		}
		return run(cmd, args)
	}
	return cmd
}

// group makes a command that only has subcommands.
func group(use, short, more, example string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Long: short + ".\n\n" + more, Example: indent(example), RunE: Subcommands}
	c.AddCommand(commands...)
	return c
}

// Subcommands is the RunE of a command that only has subcommands. Without a name it shows
// the help. An unknown name is an error, for which cobra would show the help too.
func Subcommands(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return cmd.Help()
	}
	hint := ""
	for distance := 1; distance <= 2 && hint == ""; distance++ { // suggest the most similar name
		cmd.SuggestionsMinimumDistance = distance
		if names := cmd.SuggestionsFor(args[0]); len(names) > 0 && args[0] != "" {
			hint = "; did you mean " + names[0] + "?"
		}
	}
	return usagef("%s has no command %q%s", cmd.CommandPath(), args[0], hint)
}

// deletion makes a command that deletes an object by its id, or by its name if l finds it.
func (s *session) deletion(l lookup, about, example, kind string, remove func(c *client.Client, ctx context.Context, id string) error) *cobra.Command {
	cmd := s.write("delete "+argumentOf(kind, l), about, example, cobra.ExactArgs(1), func(cmd *cobra.Command, c *client.Client, args []string) error {
		id, err := l.find(cmd.Context(), c, args[0])
		if err != nil {
			return err
		}
		if err := s.confirm(cmd, "the "+kind+" "+args[0]); err != nil {
			return err
		}
		if err := remove(c, cmd.Context(), id); err != nil {
			return err
		}
		s.done(cmd, "deleted", args[0])
		return nil
	})
	s.addYes(cmd)
	return l.argument(s, cmd)
}

// argumentOf names the argument for an object in the usage of a command.
func argumentOf(kind string, l lookup) string {
	if l.list == nil {
		return "ID"
	}
	return strings.ToUpper(kind)
}
