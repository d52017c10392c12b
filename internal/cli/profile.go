package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

// profile is a server and a token under a name.
type profile struct {
	URL   string `json:"url,omitempty"`
	Org   string `json:"org,omitempty"`
	Token string `json:"token,omitempty"`
}

// profileFile is what is kept of them.
type profileFile struct {
	Current  string             `json:"current,omitempty"`
	Profiles map[string]profile `json:"profiles"`
}

func profilePath() (string, error) {
	dir, err := os.UserConfigDir() // $XDG_CONFIG_HOME
	return filepath.Join(dir, "roster", "config.json"), err
}

func readProfiles() (f profileFile, err error) {
	f.Profiles = make(map[string]profile)
	path, err := profilePath()
	if err != nil {
		return f, nil //nolint:nilerr // nowhere to keep any
	}
	b, err := os.ReadFile(path) //nolint:gosec // the user's own folder
	if errors.Is(err, fs.ErrNotExist) {
		return f, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &f)
	}
	if err != nil {
		return f, fmt.Errorf("read the profiles: %w", err)
	}
	return f, nil
}

// write keeps the profiles where only their owner can read them.
func (f profileFile) write() error {
	path, err := profilePath()
	if err != nil {
		return err
	}
	b, err := json.MarshalIndent(f, "", "  ")
	if err != nil {
		return err
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return err
	}
	return os.WriteFile(path, append(b, '\n'), 0o600)
}

// loadProfile gives the profile of a name, or the current one, or an empty one.
func loadProfile(name string) (profile, error) {
	f, err := readProfiles()
	if err != nil {
		return profile{}, err
	}
	p, ok := f.Profiles[first(name, f.Current)]
	if name != "" && !ok {
		return p, usageError{fmt.Errorf("there is no profile %q; `roster profile list` shows them", name)}
	}
	return p, nil
}

// shortened tells a token apart from others and no more.
func shortened(token string) string {
	if len(token) < 12 {
		return ""
	}
	return token[:5] + "…" + token[len(token)-4:]
}

func profiles() *cobra.Command {
	set := profileSet()
	list := &cobra.Command{
		Use: "list", Short: "List profiles", Example: "  roster profile list", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			f, err := readProfiles()
			if err != nil {
				return err
			}
			return printTable(cmd.OutOrStdout(), slices.Sorted(maps.Keys(f.Profiles)), []column[string]{
				{"name", func(n string) string { return n }},
				{"url", func(n string) string { return f.Profiles[n].URL }},
				{"org", func(n string) string { return f.Profiles[n].Org }},
				{"token", func(n string) string { return shortened(f.Profiles[n].Token) }},
				{"current", func(n string) string { return map[bool]string{true: "*"}[n == f.Current] }},
			})
		},
	}
	use := profileChange("use NAME", "Use a profile from now on", func(f *profileFile, name string) { f.Current = name })
	remove := profileChange("delete NAME", "Delete a profile", func(f *profileFile, name string) { delete(f.Profiles, name) })
	return group("profile", "Keep servers and tokens under names", set, list, use, remove)
}

func profileSet() *cobra.Command {
	var p profile
	var tokenFile string
	cmd := &cobra.Command{
		Use: "set NAME", Short: "Keep a server and a token under a name",
		Long: `Keep a server and a token under a name, in a file that only you can read. The token is
read from --token-file, or from standard input.`,
		Example: "  roster profile set work --url https://roster.example.com --token-file token.txt\n  echo \"$TOKEN\" | roster profile set work",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			read := func() ([]byte, error) { return io.ReadAll(io.LimitReader(cmd.InOrStdin(), 4096)) }
			if tokenFile != "" {
				read = func() ([]byte, error) { return os.ReadFile(tokenFile) } //nolint:gosec // the user says which
			}
			b, err := read()
			if err != nil {
				return usageError{err}
			}
			p.Token = strings.TrimSpace(string(b))
			if _, err := client.New(first(p.URL, DefaultURL), p.Token); err != nil {
				return usageError{err}
			}
			f, err := readProfiles()
			if err != nil {
				return err
			}
			f.Profiles[args[0]], f.Current = p, args[0]
			return f.write()
		},
	}
	cmd.Flags().StringVar(&p.URL, "url", DefaultURL, "`URL` of the server")
	cmd.Flags().StringVar(&p.Org, "org", "", "`ID` of the organization")
	cmd.Flags().StringVar(&tokenFile, "token-file", "", "`FILE` that holds the token")
	return cmd
}

func profileChange(use, short string, change func(f *profileFile, name string)) *cobra.Command {
	verb, _, _ := strings.Cut(use, " ")
	return &cobra.Command{
		Use: use, Short: short, Example: "  roster profile " + verb + " work", Args: cobra.ExactArgs(1),
		RunE: func(_ *cobra.Command, args []string) error {
			if _, err := loadProfile(args[0]); err != nil {
				return err
			}
			f, err := readProfiles()
			if err != nil {
				return err
			}
			change(&f, args[0])
			return f.write()
		},
	}
}

// healthTimeout is how long a server that is well takes at most to say so.
const healthTimeout = 3 * time.Second

func healthcheck() *cobra.Command {
	var url string
	cmd := &cobra.Command{
		Use: "healthcheck", Short: "Exit with 0 if the server can serve requests",
		Long:    "Ask the server's /readyz and exit with 0 if it can serve requests, with 8 if not.",
		Example: "  roster healthcheck\n  roster healthcheck --url http://127.0.0.1:8080", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			r, err := http.NewRequestWithContext(cmd.Context(), http.MethodGet, strings.TrimSuffix(url, "/")+"/readyz", nil)
			if err != nil {
				return usageError{err}
			}
			resp, err := (&http.Client{Timeout: healthTimeout}).Do(r)
			if err != nil {
				return &client.Error{Message: err.Error()}
			}
			defer resp.Body.Close()
			if resp.StatusCode != http.StatusOK {
				return &client.Error{Status: resp.StatusCode, Message: "the server is not ready: " + resp.Status}
			}
			return nil
		},
	}
	cmd.Flags().StringVar(&url, "url", first(os.Getenv("ROSTER_URL"), DefaultURL), "`URL` of the server (env ROSTER_URL)")
	return cmd
}
