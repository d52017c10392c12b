package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"
)

func profiles() *cobra.Command {
	return group("profile", "Save servers and tokens under names", `Profiles are in $XDG_CONFIG_HOME/roster/config.json, which only you can read. It holds
the tokens in full; commands show them shortened. Flags and environment variables take
precedence over a profile, but a profile's token is sent only to the profile's server.`,
		"roster profile set work --url https://roster.example.com --token-file token.txt\nroster users list --profile work",
		profileSet(), profileList(), profileShow(),
		profileChange("use NAME", "Use a profile from now on", func(f *profileFile, name string) { f.Current = name }),
		profileChange("delete NAME", "Delete a profile", func(f *profileFile, name string) {
			delete(f.Profiles, name)
			if f.Current == name {
				f.Current = ""
			}
		}))
}

// named is a profile with its name, for lists.
type named struct {
	Name    string `json:"name"`
	URL     string `json:"url"`
	Org     string `json:"org,omitempty"`
	Token   string `json:"token"` // shortened
	Current bool   `json:"current"`
}

var profileColumns = []column[named]{
	{"name", func(p named) string { return p.Name }},
	{"url", func(p named) string { return p.URL }},
	{"org", func(p named) string { return p.Org }},
	{"token", func(p named) string { return p.Token }},
	{"current", func(p named) string { return map[bool]string{true: "yes", false: "no"}[p.Current] }},
}

func (f profileFile) show(name string) named {
	p := f.Profiles[name]
	return named{Name: name, URL: p.URL, Org: p.Org, Token: shortened(p.Token), Current: name == f.Current}
}

func profileList() *cobra.Command {
	s := new(session)
	cmd := &cobra.Command{
		Use: "list", Short: "List profiles", Long: "List profiles, their tokens shortened.", Example: "  roster profile list", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := readProfiles()
			if err != nil {
				return err
			}
			list := []named{}
			for _, name := range slices.Sorted(maps.Keys(f.Profiles)) {
				list = append(list, f.show(name))
			}
			return printList(s, cmd, list, profileColumns)
		},
	}
	addOutput(cmd.Flags(), &s.output)
	return cmd
}

func profileShow() *cobra.Command {
	s := new(session)
	cmd := &cobra.Command{
		Use: "show [NAME]", Short: "Show a profile", Long: "Show a profile, or the current one, its token shortened.",
		Example: "  roster profile show\n  roster profile show work --output json", Args: cobra.MaximumNArgs(1), ValidArgsFunction: completeProfiles,
		RunE: func(cmd *cobra.Command, args []string) error {
			f, err := readProfiles()
			if err != nil {
				return err
			}
			name := f.Current
			if len(args) == 1 {
				name = args[0]
			}
			if name == "" {
				return usagef("no profile is in use; select one with `roster profile use NAME`, or list them with `roster profile list`")
			}
			if _, err := f.get(name); err != nil {
				return err
			}
			return printOne(s, cmd, f.show(name), profileColumns)
		},
	}
	addOutput(cmd.Flags(), &s.output)
	return cmd
}

func profileSet() *cobra.Command {
	var n signIn
	cmd := &cobra.Command{
		Use: "set NAME", Short: "Save a server and a token under a name",
		Long: `Check a token, save it with its server and organization under a name, and use them from
now on. A profile with that name is replaced, and keeps its organization if the new token
belongs to it. The token is read from --token-file, or else from standard input. There is no
flag for the token itself, because the process list would show it.`,
		Example: "  roster profile set work --url https://roster.example.com --token-file token.txt\n  printenv TOKEN | roster profile set work --org acme-x7q2",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			n.name = args[0]
			return n.save(cmd)
		},
	}
	n.addFlags(cmd)
	return cmd
}

// maxToken bounds the length of a token that is read.
const maxToken = 4096

// givenToken reads the first line of a file or of standard input.
func givenToken(cmd *cobra.Command, file string) (string, error) {
	in := cmd.InOrStdin()
	if file != "" {
		f, err := os.Open(file) // the user names the file
		if err != nil {
			return "", err
		}
		defer func() { _ = f.Close() }() // it was only read
		in = f
	} else if f, ok := in.(*os.File); ok && isatty.IsTerminal(f.Fd()) {
		cmd.PrintErr("Token: ")
	}
	line, err := bufio.NewReader(io.LimitReader(in, maxToken)).ReadString('\n')
	if err != nil && !errors.Is(err, io.EOF) {
		return "", fmt.Errorf("read the token: %w", err)
	}
	return strings.TrimSpace(line), nil
}

// profileChange makes a command that changes an existing profile.
func profileChange(use, short string, change func(f *profileFile, name string)) *cobra.Command {
	verb, _, _ := strings.Cut(use, " ")
	return &cobra.Command{
		Use: use, Short: short, Long: short + ".", Example: "  roster profile " + verb + " work", Args: cobra.ExactArgs(1), ValidArgsFunction: completeProfiles,
		RunE: func(_ *cobra.Command, args []string) error {
			f, err := readProfiles()
			if err != nil {
				return err
			}
			if _, err := f.get(args[0]); err != nil {
				return err
			}
			change(&f, args[0])
			return f.write()
		},
	}
}
