package cli

import (
	"cmp"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/rosterhq/roster/client"
)

// signIn is a profile that is to be saved.
type signIn struct {
	profile
	name, tokenFile string
	noCheck         bool
}

func (n *signIn) addFlags(cmd *cobra.Command) {
	cmd.Flags().StringVar(&n.URL, "url", "", "`URL` of the server (env ROSTER_URL, default "+DefaultURL+")")
	cmd.Flags().StringVar(&n.Org, "org", "", "id or name of the organization, if you belong to several")
	cmd.Flags().StringVar(&n.tokenFile, "token-file", "", "`FILE` that holds the token; by default standard input")
	cmd.Flags().BoolVar(&n.noCheck, "no-check", false, "save it without asking the server whether the token works")
}

func login() *cobra.Command {
	var n signIn
	cmd := &cobra.Command{
		Use: "login", Short: "Sign in to a server with a token",
		Long: `Ask for a server, a token and, if you belong to several, an organization. Check the token,
and save all of it as a profile that is used from now on. The token is not shown
while you type it. Without a terminal, the token is read from standard input or --token-file.`,
		Example: "  roster login\n  printenv TOKEN | roster login --url https://roster.example.com --org acme-x7q2",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			n.URL = cmp.Or(n.URL, os.Getenv("ROSTER_URL"))
			if in := terminal(cmd); in != nil && n.tokenFile == "" {
				if err := n.ask(cmd, in); err != nil {
					return err
				}
			}
			return n.save(cmd)
		},
	}
	n.addFlags(cmd)
	cmd.Flags().StringVar(&n.name, "profile", "default", "`NAME` of the profile")
	return cmd
}

// terminal returns the terminal that standard input is, or nil.
func terminal(cmd *cobra.Command) *os.File {
	if f, ok := cmd.InOrStdin().(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		return f
	}
	return nil
}

// ask asks for what the flags don't say.
func (n *signIn) ask(cmd *cobra.Command, in *os.File) error {
	if n.URL == "" {
		answer, err := askLine(cmd, in, "Server ["+DefaultURL+"]: ")
		if err != nil {
			return err
		}
		n.URL = cmp.Or(answer, DefaultURL)
	}
	if err := checkURL(n.URL); err != nil {
		return err
	}
	cmd.PrintErrf("A personal token comes from `roster personal-tokens create`, the console, or the server's operator.\nToken: ")
	b, err := term.ReadPassword(int(in.Fd()))
	cmd.PrintErrln()
	if err != nil {
		return fmt.Errorf("read the token: %w", err)
	}
	n.Token = strings.TrimSpace(string(b))
	return nil
}

// askLine asks a question on a terminal. It reads byte by byte, so that what follows the
// line is left for the next question.
func askLine(cmd *cobra.Command, in io.Reader, question string) (string, error) {
	cmd.PrintErr(question)
	var line []byte
	for b := make([]byte, 1); ; {
		n, err := in.Read(b)
		if n == 0 || b[0] == '\n' {
			if err != nil && len(line) == 0 {
				return "", err
			}
			return strings.TrimSpace(string(line)), nil
		}
		line = append(line, b[0])
	}
}

// save checks the profile and saves it under its name. A profile that is replaced keeps
// its organization, if the token belongs to it.
func (n *signIn) save(cmd *cobra.Command) error {
	n.URL = cmp.Or(n.URL, DefaultURL)
	if err := checkURL(n.URL); err != nil {
		return err
	}
	if n.Token == "" {
		var err error
		if n.Token, err = givenToken(cmd, n.tokenFile); err != nil {
			return Usage(err)
		}
	}
	c, err := client.New(n.URL, n.Token, client.WithUserAgent("roster-cli"))
	if err != nil {
		return Usage(err)
	}
	f, err := readProfiles()
	if err != nil {
		return err
	}
	kept := f.Profiles[n.name].Org
	if n.noCheck {
		n.Org = cmp.Or(n.Org, kept)
	} else if n.Org, err = n.chooseOrg(cmd, c, kept); err != nil {
		return err
	}
	f.Profiles[n.name], f.Current = n.profile, n.name
	if err := f.write(); err != nil {
		return err
	}
	if n.noCheck {
		return nil
	}
	return n.confirm(cmd)
}

// chooseOrg returns the organization that commands with the profile act in: the one that
// was asked for, that of the profile before, the only one, or what the user chooses. It
// returns "" if nothing decides.
func (n *signIn) chooseOrg(cmd *cobra.Command, c *client.Client, kept string) (string, error) {
	orgs, err := c.ListOrgs(cmd.Context())
	if err != nil {
		return "", err
	}
	if n.Org != "" {
		return orgNamed(orgs, n.Org)
	}
	if slices.ContainsFunc(orgs, func(o client.Org) bool { return o.ID == kept }) {
		return kept, nil
	}
	if len(orgs) == 1 {
		return orgs[0].ID, nil
	}
	list := orgList(orgs)
	if in := terminal(cmd); in != nil && len(orgs) > 1 {
		answer, err := askLine(cmd, in, "You belong to "+list+".\nOrganization: ")
		if err != nil {
			return "", err
		}
		return orgNamed(orgs, answer)
	}
	if len(orgs) > 1 {
		cmd.PrintErrln("note: you belong to", list+"; save one of them with --org, or name it in each command")
	}
	return "", nil
}

// orgNamed finds an organization by id or by name.
func orgNamed(orgs []client.Org, given string) (string, error) {
	for _, o := range orgs {
		if o.ID == given {
			return o.ID, nil
		}
	}
	var ids []string
	for _, o := range orgs {
		if strings.EqualFold(o.Name, given) {
			ids = append(ids, o.ID)
		}
	}
	switch len(ids) {
	case 0:
		return "", usagef("the token does not belong to an organization %q; it belongs to %s", given, orgList(orgs))
	case 1:
		return ids[0], nil
	default:
		return "", usagef("%d organizations have the name %q; use one of the ids %s", len(ids), given, strings.Join(ids, ", "))
	}
}

func orgList(orgs []client.Org) string {
	names := make([]string, len(orgs))
	for i, o := range orgs {
		names[i] = fmt.Sprintf("%s (%s)", visible(o.ID), visible(o.Name))
	}
	return cmp.Or(strings.Join(names, ", "), "none")
}

// confirm says who is signed in now.
func (n *signIn) confirm(cmd *cobra.Command) error {
	c, err := client.New(n.URL, n.Token, client.WithUserAgent("roster-cli"), client.WithOrg(n.Org))
	if err != nil {
		return Usage(err)
	}
	who, err := identify(cmd.Context(), c)
	if err != nil {
		cmd.PrintErrf("saved profile %s\n", visible(n.name)) // it works, but not in this organization
		return err
	}
	in := ""
	if who.OrgID != "" {
		in = " in " + who.OrgID
	}
	cmd.PrintErrf("saved profile %s: %s %s%s, token expires: %s\n", visible(n.name), visible(who.Kind), visible(who.Name), visible(in), when(who.TokenExpiresAt))
	return nil
}
