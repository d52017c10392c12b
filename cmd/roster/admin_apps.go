package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rosterhq/roster/internal/appfile"
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/cli"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/store"
)

func adminAppsCommand(at *place) *cobra.Command {
	cmd := &cobra.Command{
		Use:   "apps",
		Short: "Manage the applications of the deployment",
		Long: `Manage the applications of the deployment, which serve all of its organizations: what
capabilities they define, and the credentials that they ask with. With --org, the
commands are about an organization's own applications.`,
		Example: "  roster admin apps apply billing.yaml --dry-run\n  roster admin apps create-credential billing",
	}
	cmd.AddCommand(appsApplyCommand(at), appsListCommand(at), appsRemoveCommand(at), appsCreateCredentialCommand(at), appsDeleteCredentialCommand(at))
	return cmd
}

func withApps(cmd *cobra.Command, at place, fn func(*applications.Apps) error) error {
	return withStore(cmd, at, store.Options{MustExist: true}, func(db *store.Store, keys *audit.Keyring) error {
		return fn(applications.New(directory.NewService(db, keys, time.Now)))
	})
}

// appFlags are those of the commands that change applications.
type appFlags struct {
	org    string
	how    applications.How
	output string
}

func (f *appFlags) addOrg(fs *pflag.FlagSet) {
	fs.StringVar(&f.org, "org", "", "`ID` of an organization, for its own applications")
}

func (f *appFlags) addHow(fs *pflag.FlagSet) {
	fs.BoolVar(&f.how.DryRun, "dry-run", false, "only print what would happen, and who would lose what")
	fs.BoolVar(&f.how.Force, "force", false, "take what is no longer defined from the roles and API tokens that hold it")
	addOutputFlag(fs, &f.output)
}

func appsApplyCommand(at *place) *cobra.Command {
	var f appFlags
	cmd := &cobra.Command{
		Use:   "apply FILE...",
		Short: "Create or change the applications in files",
		Long: `Create the applications in YAML files, or change them to what the files say: all of them,
or if one can't be changed, none. Applications that are in no file stay. A file looks like
this; several documents are separated by ---:

  id: billing
  name: Billing
  types:
    report: [read]
    invoice: {actions: [read, approve], instances: true}`,
		Example: "  roster admin apps apply billing.yaml --dry-run\n  roster admin apps apply *.yaml --force",
		Args:    cobra.MinimumNArgs(1),
		RunE: func(cmd *cobra.Command, files []string) error {
			apps, err := readApplications(files)
			if err != nil {
				return cli.Usage(err)
			}
			return withApps(cmd, *at, func(a *applications.Apps) error {
				done, err := a.Apply(cmd.Context(), apps, f.how)
				if err != nil {
					return err
				}
				return f.print(cmd.OutOrStdout(), done)
			})
		},
	}
	f.addHow(cmd.Flags())
	return cmd
}

func readApplications(files []string) (all []applications.NewApplication, err error) {
	apps, err := appfile.ReadFiles(os.ReadFile, files)
	if err != nil {
		return nil, err
	}
	for _, app := range apps {
		in := applications.NewApplication{ID: directory.AppID(app.ID), Name: app.Name, Types: make(authz.AppTypes, len(app.Types))}
		for name, t := range app.Types {
			in.Types[name] = authz.AppType(t)
		}
		in.Subjects, in.Paths = new(directory.SubjectNames(app.Subjects)), new([]directory.PathRule)
		for _, p := range app.Paths {
			*in.Paths = append(*in.Paths, directory.PathRule(p))
		}
		all = append(all, in)
	}
	return all, nil
}

// print prints what happened, and who loses what.
func (f *appFlags) print(w io.Writer, done []applications.Applied) error {
	if f.output == "json" {
		return json.NewEncoder(w).Encode(done)
	}
	for _, one := range done {
		outcome := one.Outcome
		if f.how.DryRun && outcome != "unchanged" {
			outcome = "would be " + outcome
		}
		if _, err := fmt.Fprintf(w, "%s: %s\n", one.ID, outcome); err != nil {
			return err
		}
		for _, l := range one.Losers {
			who := ""
			if l.Users > 0 {
				users := "users"
				if l.Users == 1 {
					users = "user"
				}
				who = fmt.Sprintf(" (%d %s: %s)", l.Users, users, strings.Join(l.Emails, ", "))
			}
			if _, err := fmt.Fprintf(w, "  %s: %s %s %q loses %s%s\n", l.Org, l.Kind, l.ID, l.Name, strings.Join(l.Lost, ", "), who); err != nil {
				return err
			}
		}
	}
	return nil
}

func appsListCommand(at *place) *cobra.Command {
	var f appFlags
	cmd := &cobra.Command{
		Use:     "list",
		Short:   "List applications with their credentials",
		Example: "  roster admin apps list\n  roster admin apps list --org acme-x7q2 --output json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			return withApps(cmd, *at, func(a *applications.Apps) error {
				list, err := a.List(cmd.Context(), directory.OrgID(f.org))
				if err != nil {
					return err
				}
				if f.output == "json" {
					return json.NewEncoder(cmd.OutOrStdout()).Encode(list)
				}
				for _, app := range list {
					if _, err := fmt.Fprintf(cmd.OutOrStdout(), "%s  %s  %d types\n", app.ID, app.Name, len(app.Types)); err != nil {
						return err
					}
					for _, c := range app.Credentials {
						used := "never used"
						if !c.LastUsedAt.IsZero() {
							used = "last used " + c.LastUsedAt.Format(time.RFC3339)
						}
						if _, err := fmt.Fprintf(cmd.OutOrStdout(), "  %s  created %s  %s\n", c.ID, c.CreatedAt.Format(time.RFC3339), used); err != nil {
							return err
						}
					}
				}
				return nil
			})
		},
	}
	f.addOrg(cmd.Flags())
	addOutputFlag(cmd.Flags(), &f.output)
	return cmd
}

func appsRemoveCommand(at *place) *cobra.Command {
	var f appFlags
	var yes bool
	cmd := &cobra.Command{
		Use:     "remove ID",
		Short:   "Remove an application and its credentials",
		Example: "  roster admin apps remove billing --dry-run\n  roster admin apps remove billing --force --yes",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			if !yes && !f.how.DryRun {
				return cli.Usage(errors.New("this removes the application permanently; confirm with --yes, or see what happens with --dry-run"))
			}
			return withApps(cmd, *at, func(a *applications.Apps) error {
				done, err := a.Remove(cmd.Context(), directory.OrgID(f.org), directory.AppID(args[0]), f.how)
				if err != nil {
					return err
				}
				return f.print(cmd.OutOrStdout(), []applications.Applied{done})
			})
		},
	}
	f.addOrg(cmd.Flags())
	f.addHow(cmd.Flags())
	cmd.Flags().BoolVar(&yes, "yes", false, "confirm the removal")
	return cmd
}

func appsCreateCredentialCommand(at *place) *cobra.Command {
	var f appFlags
	cmd := &cobra.Command{
		Use:   "create-credential ID",
		Short: "Create a credential of an application",
		Long: `Create a credential of an application, and print it once. An application has at most two, so
that one can be replaced without a gap.`,
		Example: "  roster admin apps create-credential billing",
		Args:    cobra.ExactArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApps(cmd, *at, func(a *applications.Apps) error {
				c, err := a.IssueCredential(cmd.Context(), directory.OrgID(f.org), directory.AppID(args[0]))
				if err != nil {
					return err
				}
				if f.output != "json" {
					_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s\n\nSave it now: it is not shown again.\n", c.Secret)
					return err
				}
				return json.NewEncoder(cmd.OutOrStdout()).Encode(struct {
					ID         directory.TokenID `json:"id"`
					Credential string            `json:"credential"`
				}{c.ID, c.Secret})
			})
		},
	}
	f.addOrg(cmd.Flags())
	addOutputFlag(cmd.Flags(), &f.output)
	return cmd
}

func appsDeleteCredentialCommand(at *place) *cobra.Command {
	var f appFlags
	cmd := &cobra.Command{
		Use:     "delete-credential ID CREDENTIAL",
		Short:   "Delete a credential of an application",
		Long:    "Delete a credential of an application, by the credential's id (cred_…). It ends at once.",
		Example: "  roster admin apps delete-credential billing cred_06h0tznb4b594f7wwhh8r01hcg",
		Args:    cobra.ExactArgs(2),
		RunE: func(cmd *cobra.Command, args []string) error {
			return withApps(cmd, *at, func(a *applications.Apps) error {
				err := a.RevokeCredential(cmd.Context(), directory.OrgID(f.org), directory.AppID(args[0]), directory.TokenID(args[1]))
				if err != nil {
					return err
				}
				_, err = fmt.Fprintf(cmd.ErrOrStderr(), "deleted %s\n", args[1])
				return err
			})
		},
	}
	f.addOrg(cmd.Flags())
	return cmd
}
