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
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/sealing"
	"github.com/rosterhq/roster/internal/store"
)

func adminCommand() *cobra.Command {
	var at place
	cmd := &cobra.Command{
		Use:   "admin",
		Short: "Work on the database itself, as its operator",
		Long: `Work on the database itself, as its operator. These commands ask for no token: who
can write the database may do everything. They work beside a running server, which
takes notice within a second. What they change is in the audit log.`,
		Example: "  roster admin create-personal-token --user olivia@example.com\n  roster admin export-org --org acme-x7q2 --file acme.jsonl",
	}
	at.addFlags(cmd.PersistentFlags())
	cmd.AddCommand(adminTokenCommand(&at), adminExportCommand(&at), adminDeleteCommand(&at), adminAcceptCommand(&at))
	return cmd
}

func adminTokenCommand(at *place) *cobra.Command {
	var email, name, output string
	var expires cli.Expiry
	cmd := &cobra.Command{
		Use:   "create-personal-token",
		Short: "Give somebody a new personal token",
		Long:  `Give the account with an email address a new personal token: the way back in.`,
		Example: `  roster admin create-personal-token --user olivia@example.com
  roster admin create-personal-token --user olivia@example.com --expires-in 24h --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			in := directory.NewPersonalToken{Name: name}
			ends, err := expires.Time()
			if err != nil {
				return err
			}
			if ends != nil {
				in.ExpiresAt = *ends
			}
			return withService(cmd, *at, store.Options{MustExist: true}, func(s *directory.Service) error {
				t, err := s.CreatePersonalTokenFor(cmd.Context(), email, in)
				if err != nil {
					return err
				}
				if output != "json" {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n\nKeep it now: it is not shown again.\n", t.Secret)
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
	_ = cmd.MarkFlagRequired("user") // it errs for flags that don't exist
	return cmd
}

func adminExportCommand(at *place) *cobra.Command {
	var org, file string
	cmd := &cobra.Command{
		Use:   "export-org",
		Short: "Write everything an organization has to a file",
		Long: `Write everything an organization has as JSON lines: the organization, its users,
roles, groups, API tokens and audit log. Token values are not in it; nobody has them.`,
		Example: `  roster admin export-org --org acme-x7q2 --file acme.jsonl`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withService(cmd, *at, store.Options{MustExist: true}, func(s *directory.Service) error {
				return exportOrg(cmd, s, directory.OrgID(org), file)
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
		_ = cmd.MarkFlagRequired(name) // it errs for flags that don't exist
	}
}

// exportOrg writes a file that must not exist yet, and makes sure that it is on
// the disk before anything is deleted.
func exportOrg(cmd *cobra.Command, s *directory.Service, org directory.OrgID, file string) error {
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600) //nolint:gosec // the operator says which file
	if err != nil {
		return err
	}
	if err := errors.Join(s.ExportOrg(cmd.Context(), org, f), f.Sync(), f.Close()); err != nil {
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
tokens and log. Accounts without another membership go too. It can't be undone.`,
		Example: `  roster admin delete-org --org acme-x7q2 --file acme.jsonl --yes`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes {
				return cli.Usage(errors.New("this deletes the organization for good; say --yes"))
			}
			return withService(cmd, *at, store.Options{MustExist: true}, func(s *directory.Service) error {
				if err := exportOrg(cmd, s, directory.OrgID(org), file); err != nil {
					return err
				}
				if err := s.DeleteOrg(cmd.Context(), directory.OrgID(org)); err != nil {
					return err
				}
				_, err := fmt.Fprintf(cmd.ErrOrStderr(), "deleted %s\n", org)
				return err
			})
		},
	}
	addOrgFileFlags(cmd, &org, &file)
	cmd.Flags().BoolVar(&yes, "yes", false, "really delete")
	return cmd
}

func adminAcceptCommand(at *place) *cobra.Command {
	var org string
	var yes bool
	cmd := &cobra.Command{
		Use:   "accept-log",
		Short: "Have a log sealed again that somebody has written into by hand",
		Long: `Take the entries of an audit log that are not sealed yet as they are, so that it is
sealed again. Needed when the server says that the log is not as it was written and
is not sealed any further: an entry was changed, added or deleted in the database by
hand, or written by a server with another key file. Find out how first, and look at
the entries: "roster audit verify" names the first. An entry tells which ones were
taken so. What was sealed before is left alone.`,
		Example: `  roster admin accept-log --org acme-x7q2 --yes`,
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if !yes {
				return cli.Usage(errors.New("this takes entries that nobody vouches for as true; say --yes"))
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
	cmd.Flags().BoolVar(&yes, "yes", false, "really accept them")
	_ = cmd.MarkFlagRequired("org") // it errs for flags that don't exist
	return cmd
}
