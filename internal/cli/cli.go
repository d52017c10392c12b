// Package cli is the command line client: commands over [client], tables for
// people, JSON and CSV for programs, and exit codes for scripts.
package cli

import (
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

// session is what the commands of one run share.
type session struct {
	url, tokenFile, org, profile, output string
	dryRun, yes                          bool
}

// DefaultURL is where a server listens unless it is told otherwise.
const DefaultURL = "http://127.0.0.1:8080"

// Commands gives the client's commands, each with the flags that say which
// server, which token and which form of output.
func Commands() []*cobra.Command {
	s := new(session)
	commands := []*cobra.Command{
		s.users(), s.tokens(), s.personalTokens(), s.roles(), s.groups(), s.orgs(), s.invitations(), s.whoami(),
	}
	for _, c := range commands {
		s.addFlags(c)
	}
	return append(commands, profiles(), healthcheck(), exitCodes())
}

func (s *session) addFlags(c *cobra.Command) {
	f := c.PersistentFlags()
	f.StringVar(&s.url, "url", "", "`URL` of the server (env ROSTER_URL, default "+DefaultURL+")")
	f.StringVar(&s.tokenFile, "token-file", "", "`FILE` that holds the token; otherwise env ROSTER_TOKEN or the profile.\nThere is no flag for the token itself: the list of processes would show it")
	f.StringVar(&s.org, "org", "", "`ID` of the organization, if you are in several (env ROSTER_ORG)")
	f.StringVar(&s.profile, "profile", "", "`NAME` of the profile to use (env ROSTER_PROFILE)")
	f.StringVarP(&s.output, "output", "o", "table", "table, json or csv")
	f.BoolVar(&s.dryRun, "dry-run", false, "have a change checked and answered, but not made")
	f.BoolVar(&s.yes, "yes", false, "don't ask before deleting")
}

// client makes the client that flags, environment and profile describe, in this
// order.
func (s *session) client() (*client.Client, error) {
	p, err := loadProfile(first(s.profile, os.Getenv("ROSTER_PROFILE")))
	if err != nil {
		return nil, err
	}
	token := first(os.Getenv("ROSTER_TOKEN"), p.Token)
	if s.tokenFile != "" {
		b, err := os.ReadFile(s.tokenFile)
		if err != nil {
			return nil, usageError{err}
		}
		token = strings.TrimSpace(string(b))
	}
	if token == "" {
		return nil, usageError{errors.New("no token: set ROSTER_TOKEN, give --token-file, or keep one with `roster profile set`")}
	}
	options := []client.Option{client.WithUserAgent("roster-cli"), client.WithOrg(first(s.org, os.Getenv("ROSTER_ORG"), p.Org))}
	if s.dryRun {
		options = append(options, client.WithDryRun())
	}
	c, err := client.New(first(s.url, os.Getenv("ROSTER_URL"), p.URL, DefaultURL), token, options...)
	if err != nil {
		return nil, usageError{err}
	}
	return c, nil
}

// first is the first of values that is not empty.
func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

// command makes a command that runs with a client.
func (s *session) command(use, short, example string, args cobra.PositionalArgs, run func(cmd *cobra.Command, c *client.Client, args []string) error) *cobra.Command {
	return &cobra.Command{
		Use: use, Short: short, Long: short + ".", Example: "  " + strings.ReplaceAll(example, "\n", "\n  "), Args: args,
		RunE: func(cmd *cobra.Command, args []string) error {
			if s.output != "table" && s.output != "json" && s.output != "csv" {
				return usageError{fmt.Errorf("--output: %q is not table, json or csv", s.output)}
			}
			c, err := s.client()
			if err != nil {
				return err
			}
			return run(cmd, c, args)
		},
	}
}

// group makes a command that only holds others.
func group(use, short string, commands ...*cobra.Command) *cobra.Command {
	c := &cobra.Command{Use: use, Short: short, Long: short + ".", Args: cobra.NoArgs}
	c.AddCommand(commands...)
	return c
}

// confirm asks before something is deleted. Without a terminal nobody is there
// to ask, so --yes must have said so before.
func (s *session) confirm(cmd *cobra.Command, what string) error {
	if s.yes || s.dryRun {
		return nil
	}
	info, err := os.Stdin.Stat()
	if err != nil || info.Mode()&os.ModeCharDevice == 0 {
		return usageError{fmt.Errorf("this deletes %s; say --yes", what)}
	}
	cmd.PrintErrf("Delete %s? [y/N] ", what)
	var answer string
	_, _ = fmt.Fscanln(cmd.InOrStdin(), &answer)
	if !strings.EqualFold(answer, "y") && !strings.EqualFold(answer, "yes") {
		return errors.New("nothing was deleted")
	}
	return nil
}

// done tells a person that something without an answer was done.
func (s *session) done(cmd *cobra.Command, format string, args ...any) {
	if s.dryRun {
		format = "would have " + format
	}
	cmd.PrintErrf(format+"\n", args...)
}
