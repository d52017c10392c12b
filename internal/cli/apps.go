package cli

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
	"github.com/rosterhq/roster/internal/appfile"
)

var appColumns = []column[client.Application]{
	{"id", func(a client.Application) string { return a.ID }},
	{"name", func(a client.Application) string { return a.Name }},
	{"scope", func(a client.Application) string { return a.Scope }},
	{"defines", func(a client.Application) string { return strings.Join(defined(a), " ") }},
}

// appBrief are the brief forms of columns for a terminal.
var appBrief = []column[client.Application]{{"defines", func(a client.Application) string { return count(len(defined(a)), "action") }}}

var appCredentialColumns = []column[client.AppCredential]{
	{"id", func(c client.AppCredential) string { return c.ID }},
	{"created", func(c client.AppCredential) string { return when(&c.CreatedAt) }},
	{"by", func(c client.AppCredential) string { return cmp.Or(c.CreatedBy.Name, c.CreatedBy.ID, c.CreatedBy.Kind) }},
	{"last used", func(c client.AppCredential) string { return when(c.LastUsedAt) }},
}

// issuedCredentialColumns include the value, which only the response to a create has.
var issuedCredentialColumns = append(appCredentialColumns[:2:2], column[client.AppCredential]{"credential", func(c client.AppCredential) string { return c.Credential }})

// defined lists what an application defines, on all instances where there are any, as in
// invoice:*|read.
func defined(a client.Application) []string {
	names := capabilityList(client.Capabilities{Apps: everythingIn(a)})
	for i := range names {
		names[i] = strings.TrimPrefix(names[i], "app:"+a.ID+":")
	}
	return names
}

// everythingIn has all capabilities that applications define.
func everythingIn(apps ...client.Application) client.AppCapabilities {
	all := make(client.AppCapabilities)
	for _, app := range apps {
		all[app.ID] = make(map[string]client.TypeCapabilities)
		for name, t := range app.Types {
			if t.Instances {
				all[app.ID][name] = client.TypeCapabilities{On: map[string][]string{"*": t.Actions}}
			} else {
				all[app.ID][name] = client.TypeCapabilities{Actions: t.Actions}
			}
		}
	}
	return all
}

func (s *session) apps() *cobra.Command {
	return group("apps", "Manage applications",
		`An application is a service with permissions of its own: types of resources and their actions. Roles and API tokens hold
them as capabilities ('app:billing:invoice:2026-*|read'), and the service asks with a credential who may do what. These
commands change the organization's own applications. Those of the deployment, which serve all organizations, are the
operator's: "roster admin apps". APP is the id or name of an application.`,
		"roster apps apply billing.yaml --dry-run\nroster apps create-credential billing",
		s.appsApply(), s.appsDelete(), s.appsCreateCredential(), s.appsDeleteCredential(),
		s.command("list", "List the applications that serve the organization", "roster apps list", cobra.NoArgs,
			list(s, appColumns, (*client.Client).ListApplications, appBrief...)),
		s.get(appLookup, "show APP", "Show an application and what it defines", "roster apps show billing",
			byID(s, appColumns, (*client.Client).GetApplication, appBrief...)),
		s.get(appLookup, "credentials APP", "Show the credentials of an application\nTheir values are not shown.", "roster apps credentials billing",
			func(cmd *cobra.Command, c *client.Client, args []string) error {
				all, err := c.ListAppCredentials(cmd.Context(), args[0])
				if err != nil {
					return err
				}
				return printList(s, cmd, all, appCredentialColumns)
			}))
}

// appliedApp is what happened to an application, or in a dry run, what would.
type appliedApp struct {
	ID      string `json:"id"`
	Outcome string `json:"outcome"` // created, updated or unchanged
}

func (s *session) printApplied(cmd *cobra.Command, done []appliedApp) error {
	return printList(s, cmd, done, []column[appliedApp]{
		{"id", func(a appliedApp) string { return a.ID }},
		{"outcome", func(a appliedApp) string {
			if s.dryRun && a.Outcome != unchanged {
				return "would be " + a.Outcome
			}
			return a.Outcome
		}},
	})
}

const unchanged = "unchanged"

func (s *session) appsApply() *cobra.Command {
	var force bool
	cmd := s.write("apply FILE...", `Create or change the applications in files
Each application in the YAML files is created, or changed to what its file says. Others stay. If
one can't be changed, those before it are, and those after it are not. A file looks like this;
several documents are separated by ---, and - is the standard input:

  id: billing
  name: Billing
  types:
    report: [read]
    invoice: {actions: [read, approve], instances: true}

If a type or an action is removed that roles or API tokens hold, the command exits with 6, and
with --force takes it from them. With --dry-run, it shows in both cases who would lose what.`,
		"roster apps apply billing.yaml --dry-run\nroster apps apply billing.yaml --force", cobra.MinimumNArgs(1),
		func(cmd *cobra.Command, c *client.Client, files []string) error {
			apps, err := readApps(cmd.InOrStdin(), files)
			if err != nil {
				return Usage(err)
			}
			done := make([]appliedApp, 0, len(apps))
			for _, app := range apps {
				if s.dryRun && len(apps) > 1 {
					cmd.PrintErrln(visible(app.ID) + ":") // heads what would change for whom
				}
				outcome, err := s.applyApp(cmd, c, app, force)
				if err != nil {
					err = fmt.Errorf("%s: %w", app.ID, err)
					if len(done) > 0 { // these stay applied
						err = errors.Join(s.printApplied(cmd, done), err)
					}
					return err
				}
				done = append(done, appliedApp{app.ID, outcome})
			}
			return s.printApplied(cmd, done)
		})
	addForce(cmd, &force)
	return cmd
}

func addForce(cmd *cobra.Command, force *bool) {
	cmd.Flags().BoolVar(force, "force", false, "take what is removed from the roles and API tokens that hold it")
}

func readApps(stdin io.Reader, files []string) (all []client.Application, err error) {
	apps, err := appfile.ReadFiles(func(name string) ([]byte, error) {
		if name == "-" {
			return io.ReadAll(stdin)
		}
		return os.ReadFile(name)
	}, files)
	if err != nil {
		return nil, err
	}
	for _, app := range apps {
		in := client.Application{ID: app.ID, Name: app.Name, Types: make(map[string]client.ResourceType, len(app.Types))}
		for name, t := range app.Types {
			in.Types[name] = client.ResourceType(t)
		}
		in.Subjects, in.Paths = cmp.Or(app.Subjects, "id"), []client.PathRule{} // a file without them takes them away
		for _, p := range app.Paths {
			in.Paths = append(in.Paths, client.PathRule(p))
		}
		all = append(all, in)
	}
	return all, nil
}

// applyApp creates or changes an application, and says which.
func (s *session) applyApp(cmd *cobra.Command, c *client.Client, app client.Application, force bool) (outcome string, err error) {
	before, err := c.GetApplication(cmd.Context(), app.ID)
	if errors.Is(err, client.ErrNotFound) {
		_, err := c.CreateApplication(cmd.Context(), app)
		return "created", err
	}
	if err != nil {
		return "", err
	}
	outcome = "updated"
	app.ETag = before.ETag
	err = s.taking(force, func(force bool) error {
		after, err := c.UpdateApplication(cmd.Context(), app.ID, app, force)
		if err == nil && after.UpdatedAt != nil && before.UpdatedAt != nil && after.UpdatedAt.Equal(*before.UpdatedAt) {
			outcome = unchanged
		}
		return err
	})
	return outcome, err
}

// taking makes a change that may take capabilities from those who hold them. Where a dry
// run without force conflicts, it tries with force too, which shows who would lose what.
func (s *session) taking(force bool, change func(force bool) error) error {
	err := change(force)
	if s.dryRun && !force && errors.Is(err, client.ErrConflict) {
		_ = change(true) // the conflict is the result
	}
	return err
}

func (s *session) appsDelete() *cobra.Command {
	var force bool
	cmd := s.deletion(appLookup, "Delete an application and its credentials\nIf roles or API tokens hold its capabilities, the command exits with 6, and with --force takes them.",
		"roster apps delete billing --dry-run\nroster apps delete billing --force --yes", "app",
		func(c *client.Client, ctx context.Context, id string) error {
			return s.taking(force, func(force bool) error { return c.DeleteApplication(ctx, id, force) })
		})
	addForce(cmd, &force)
	return cmd
}

func (s *session) appsCreateCredential() *cobra.Command {
	return appLookup.argument(s, s.write("create-credential APP", `Create a credential of an application
Its value is shown only this once. An application has at most two, so that you can replace one
without a gap. A credential sees users and what they may do in the application, so you need the
permissions users|read and rbac|read besides rbac|update.`,
		"roster apps create-credential billing\nroster apps create-credential billing --quiet > billing.credential", cobra.ExactArgs(1),
		appLookup.found(one(s, issuedCredentialColumns, func(ctx context.Context, c *client.Client, args []string) (client.AppCredential, error) {
			return c.CreateAppCredential(ctx, args[0])
		}))))
}

func (s *session) appsDeleteCredential() *cobra.Command {
	cmd := s.write("delete-credential APP CREDENTIAL", "Delete a credential of an application\nIt stops working at once. CREDENTIAL is its id, as `roster apps credentials` shows it.",
		"roster apps delete-credential billing cred_06h0tznb4b594f7wwhh8r01hcg --yes", cobra.ExactArgs(2),
		appLookup.found(func(cmd *cobra.Command, c *client.Client, args []string) error {
			if err := s.confirm(cmd, "the credential "+args[1]+" of "+args[0]); err != nil {
				return err
			}
			if err := c.DeleteAppCredential(cmd.Context(), args[0], args[1]); err != nil {
				return err
			}
			s.done(cmd, "deleted", args[1])
			return nil
		}))
	s.addYes(cmd)
	return appLookup.argument(s, cmd)
}
