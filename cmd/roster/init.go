package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/config"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/store"
)

func initCommand() *cobra.Command {
	var at place
	var output, publicURL string
	var in onboarding.NewDeployment
	cmd := &cobra.Command{
		Use:   "init",
		Short: "Create the first organization and its owner",
		Long: `Create the database, the first organization, its owner, and one token of each kind.

The two token values are printed only this once: the owner's personal token, which has
the owner's permissions, and an API token with every capability that a token can have.
The link signs the owner in to the console once, within an hour.
A database that already has an organization is not changed.`,
		Example: `  roster init --org Acme --owner-name "Olivia Owner" --owner-email olivia@example.com
  roster init --database sqlite:/var/lib/roster/roster.db --org Acme \
      --owner-name "Olivia Owner" --owner-email olivia@example.com --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOnboarder(cmd, at, store.Options{}, func(o *onboarding.Onboarder) error {
				d, err := o.Initialize(cmd.Context(), in)
				if err != nil {
					return err
				}
				return printDeployment(cmd.OutOrStdout(), output, at.database, signInURL(publicURL, d.SignInLink), d)
			})
		},
	}
	at.addFlags(cmd.Flags())
	addOutputFlag(cmd.Flags(), &output)
	addPublicURLFlag(cmd.Flags(), &publicURL)
	cmd.Flags().StringVar(&in.OrgName, "org", "", "`NAME` of the organization")
	cmd.Flags().StringVar(&in.OwnerName, "owner-name", "", "`NAME` of its owner")
	cmd.Flags().StringVar(&in.OwnerEmail, "owner-email", "", "`EMAIL` address of its owner")
	for _, name := range []string{"org", "owner-name", "owner-email"} {
		_ = cmd.MarkFlagRequired(name) // fails only if the flag does not exist
	}
	return cmd
}

func addOutputFlag(fs *pflag.FlagSet, output *string) {
	*output = "text"
	fs.VarP((*format)(output), "output", "o", "text or json")
}

// format is the flag of the output format.
type format string

func (f *format) String() string { return string(*f) }
func (f *format) Type() string   { return "string" }

// Set implements [pflag.Value].
func (f *format) Set(v string) error {
	if v != "text" && v != "json" {
		return fmt.Errorf("%q is not text or json", v)
	}
	*f = format(v)
	return nil
}

// place locates a deployment: its database and its key file.
type place struct{ database, keyFile string }

func (p *place) addFlags(fs *pflag.FlagSet) {
	config.AddDatabaseFlag(fs, &p.database)
	config.AddKeyFlag(fs, &p.keyFile)
}

// withOnboarder opens a database for one command.
func withOnboarder(cmd *cobra.Command, at place, o store.Options, fn func(*onboarding.Onboarder) error) error {
	return withStore(cmd, at, o, func(db *store.Store, keys *audit.Keyring) error {
		return fn(onboarding.New(directory.NewService(db, keys, time.Now), onboarding.Options{}))
	})
}

// withStore opens the database and its keys for fn.
func withStore(cmd *cobra.Command, at place, o store.Options, fn func(*store.Store, *audit.Keyring) error) (err error) {
	ctx := cmd.Context()
	db, err := store.Open(ctx, at.database, o)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	keys, err := at.loadKeys(ctx, db, func(file string) {
		cmd.PrintErrf("created the key file %s; keep a copy apart from the database's backups\n", file)
	})
	if err != nil {
		return err
	}
	return fn(db, keys)
}

func printDeployment(w io.Writer, output, database, link string, d onboarding.Deployment) error {
	if output == "json" {
		//nolint:gosec // the command shows the tokens once on purpose
		return json.NewEncoder(w).Encode(struct {
			OrgID         directory.OrgID  `json:"orgId"`
			UserID        directory.UserID `json:"userId"`
			PersonalToken string           `json:"personalToken"`
			APIToken      string           `json:"apiToken"`
			SignInURL     string           `json:"signInUrl"`
		}{
			d.Org.ID, d.Owner.ID, d.PersonalToken, d.APIToken, link,
		})
	}
	how := ", with the same ROSTER_DATABASE" // which may hold a password
	if strings.HasPrefix(database, "sqlite:") {
		how = " --database " + database
	}
	_, err := fmt.Fprintf(w, `Organization    %s
Owner           %s
Personal token  %s
API token       %s
Sign in         %s

Save the tokens now: they are not shown again.
Next: roster serve%s
`, d.Org.ID, d.Owner.ID, d.PersonalToken, d.APIToken, link, how)
	return err
}
