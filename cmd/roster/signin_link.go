package main

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/config"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/signin"
	"github.com/rosterhq/roster/internal/store"
)

// defaultPublicURL is where a server with the default address is reached on the same
// machine. Browsers allow passkeys there, and not at 127.0.0.1.
const defaultPublicURL = "http://localhost:8080"

func addPublicURLFlag(fs *pflag.FlagSet, to *string) {
	fs.StringVar(to, "public-url", config.Env("ROSTER_PUBLIC_URL", defaultPublicURL), "`URL` at which people reach the server, for the link (env ROSTER_PUBLIC_URL)")
	fs.Lookup("public-url").DefValue = defaultPublicURL
}

// signInURL is the link with a value.
func signInURL(publicURL, secret string) string {
	return strings.TrimSuffix(publicURL, "/") + signin.Root + "/link#" + secret
}

func adminLinkCommand(at *place) *cobra.Command {
	var email, publicURL, output string
	cmd := &cobra.Command{
		Use:   "sign-in-link",
		Short: "Create a link that signs an account in",
		Long: `Create a link that signs in the account with the given email address, for example if
its owner is locked out. The link works once, within an hour. Using it verifies the
address of the account: give it to nobody but the person.`,
		Example: `  roster admin sign-in-link --user olivia@example.com
  roster admin sign-in-link --user olivia@example.com --public-url https://roster.example.com`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withStore(cmd, *at, store.Options{MustExist: true}, func(db *store.Store, keys *audit.Keyring) error {
				s := identity.New(directory.NewService(db, keys, time.Now), keys, time.Now, identity.Options{})
				l, err := s.CreateSignInLinkFor(cmd.Context(), email)
				if err != nil {
					return err
				}
				if output != "json" {
					_, err = fmt.Fprintln(cmd.OutOrStdout(), signInURL(publicURL, l.Secret))
					return err
				}
				return json.NewEncoder(cmd.OutOrStdout()).Encode(struct {
					URL       string    `json:"url"`
					ExpiresAt time.Time `json:"expiresAt"`
				}{signInURL(publicURL, l.Secret), l.ExpiresAt})
			})
		},
	}
	addOutputFlag(cmd.Flags(), &output)
	addPublicURLFlag(cmd.Flags(), &publicURL)
	cmd.Flags().StringVar(&email, "user", "", "`EMAIL` address of the account")
	_ = cmd.MarkFlagRequired("user") // fails only if the flag does not exist
	return cmd
}
