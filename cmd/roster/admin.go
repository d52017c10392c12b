package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/cli"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/onboarding"
	"github.com/rosterhq/roster/internal/sealing"
	"github.com/rosterhq/roster/internal/store"
)

func adminCommand() *cobra.Command {
	var at place
	cmd := &cobra.Command{
		Use:   "admin",
		Short: "Work on the database itself, as its operator",
		Long: `Work on the database itself, as its operator. These commands need no token: access to
the database is enough. They are safe to run beside a running server, which sees the
changes within a second. Every change is in the audit log.`,
		Example: "  roster admin create-personal-token --user olivia@example.com\n  roster admin sign-in-link --user olivia@example.com\n  roster admin export-org --org acme-x7q2 --file acme.jsonl",
	}
	at.addFlags(cmd.PersistentFlags())
	cmd.AddCommand(adminTokenCommand(&at), adminLinkCommand(&at), adminExportCommand(&at), adminDeleteCommand(&at), adminAcceptCommand(&at), adminAppsCommand(&at))
	return cmd
}

func adminTokenCommand(at *place) *cobra.Command {
	var email, name, output string
	var expires cli.Expiry
	cmd := &cobra.Command{
		Use:   "create-personal-token",
		Short: "Create a personal token for an account",
		Long: `Create a personal token for the account with the given email address, for example if
its owner is locked out.`,
		Example: `  roster admin create-personal-token --user olivia@example.com
  roster admin create-personal-token --user olivia@example.com --expires-in 24h --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in := credentials.NewPersonalToken{Name: name}
			ends, err := expires.Time()
			if err != nil {
				return err
			}
			if ends != nil {
				in.ExpiresAt = *ends
			}
			return withOnboarder(cmd, *at, store.Options{MustExist: true}, func(o *onboarding.Onboarder) error {
				t, err := o.CreatePersonalTokenFor(cmd.Context(), email, in)
				if err != nil {
					return err
				}
				if output != "json" {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n\nSave it now: it is not shown again.\n", t.Secret)
					return err
				}
				return json.NewEncoder(cmd.OutOrStdout()).Encode(struct {
					ID        directory.TokenID `json:"id"`
					Name      string            `json:"name"`
					ExpiresAt time.Time         `json:"expiresAt,omitzero"`
					Token     string            `json:"token"`
				}{t.ID, t.Name, t.ExpiresAt, t.Secret})
			})
		},
	}
	addOutputFlag(cmd.Flags(), &output)
	cmd.Flags().StringVar(&email, "user", "", "`EMAIL` address of the account")
	cmd.Flags().StringVar(&name, "name", "Made by the operator", "`NAME` of the token")
	expires.Add(cmd.Flags(), "it works")
	_ = cmd.MarkFlagRequired("user") // fails only if the flag does not exist
	return cmd
}

func adminExportCommand(at *place) *cobra.Command {
	var org, file string
	cmd := &cobra.Command{
		Use:   "export-org",
		Short: "Export an organization to a file",
		Long: `Export an organization as JSON lines: its settings, users, roles, groups, API tokens
and audit log. The export has no token values, because Roster does not store them.`,
		Example: `  roster admin export-org --org acme-x7q2 --file acme.jsonl`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withOnboarder(cmd, *at, store.Options{MustExist: true}, func(o *onboarding.Onboarder) error {
				return exportOrg(cmd, o, directory.OrgID(org), file)
			})
		},
	}
	addOrgFileFlags(cmd, &org, &file)
	return cmd
}

func addOrgFileFlags(cmd *cobra.Command, org, file *string) {
	cmd.Flags().StringVar(org, "org", "", "`ID` of the organization")
	cmd.Flags().StringVar(file, "file", "", "new `FILE` to write the export to")
	for _, name := range []string{"org", "file"} {
		_ = cmd.MarkFlagRequired(name) // fails only if the flag does not exist
	}
}

// exportOrg exports an organization to a new file and syncs it, so that the export
// is durable before the organization is deleted.
func exportOrg(cmd *cobra.Command, o *onboarding.Onboarder, org directory.OrgID, file string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) // the operator names the file
	if err != nil {
		return err
	}
	if err := errors.Join(o.ExportOrg(cmd.Context(), org, f), f.Sync(), f.Close()); err != nil {
		return errors.Join(err, os.Remove(file))
	}
	_, err = fmt.Fprintf(cmd.ErrOrStderr(), "exported %s to %s\n", org, file)
	return err
}

func adminDeleteCommand(at *place) *cobra.Command {
	var org, file string
	var yes bool
	cmd := &cobra.Command{
		Use:   "delete-org",
		Short: "Export an organization, then delete it with everything in it",
		Long: `Export an organization, then delete it with everything in it: users, roles, groups,
tokens and log. Accounts without another membership are deleted too. This can't be undone.`,
		Example: `  roster admin delete-org --org acme-x7q2 --file acme.jsonl --yes`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes {
				return cli.Usage(errors.New("this deletes the organization permanently; confirm with --yes"))
			}
			return withOnboarder(cmd, *at, store.Options{MustExist: true}, func(o *onboarding.Onboarder) error {
				if err := exportOrg(cmd, o, directory.OrgID(org), file); err != nil {
					return err
				}
				if err := o.DeleteOrg(cmd.Context(), directory.OrgID(org)); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.ErrOrStderr(), "deleted %s\n", org)
				return err
			})
		},
	}
	addOrgFileFlags(cmd, &org, &file)
	cmd.Flags().BoolVar(&yes, "yes", false, "confirm the deletion")
	return cmd
}

func adminAcceptCommand(at *place) *cobra.Command {
	var org string
	var yes bool
	cmd := &cobra.Command{
		Use:   "accept-log",
		Short: "Resume sealing a log that was edited by hand",
		Long: `Accept the unsealed entries of an audit log as they are, so that sealing resumes. Use
it after the server has stopped sealing a log because its entries were changed outside
Roster: an entry was changed, added or deleted in the database by hand, or was written
by a server with another key file. First find out what happened, and inspect the
entries: "roster audit verify" names the first one. The command adds an audit entry
that names the accepted entries. Sealed entries do not change.`,
		Example: `  roster admin accept-log --org acme-x7q2 --yes`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes {
				return cli.Usage(errors.New("this accepts entries that could not be authenticated; confirm with --yes"))
			}
			return withStore(cmd, *at, store.Options{MustExist: true}, func(db *store.Store, keys *audit.Keyring) error {
				from, to, err := sealing.New(db, keys, time.Now).Accept(cmd.Context(), directory.OrgID(org))
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.ErrOrStderr(), "accepted entries %d to %d of %s\n", from, to, org)
				return err
			})
		},
	}
	cmd.Flags().StringVar(&org, "org", "", "`ID` of the organization")
	cmd.Flags().BoolVar(&yes, "yes", false, "confirm that the entries are accepted")
	_ = cmd.MarkFlagRequired("org") // fails only if the flag does not exist
	return cmd
}
