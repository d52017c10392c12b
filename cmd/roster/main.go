// Command roster manages the users of organizations: it is the server, the
// operator's tool and the command line client in one binary.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/internal/cli"
	"github.com/rosterhq/roster/internal/config"
	"github.com/rosterhq/roster/internal/directory"
)

func main() {
	root := rootCommand()
	began := false
	onRun(root, func() { began = true })
	cmd, err := root.ExecuteContextC(context.Background())
	if err == nil {
		return
	}
	if !began { // the arguments or flags are wrong
		err = cli.Usage(fmt.Errorf("%w; see `%s --help`", err, cmd.CommandPath()))
	}
	cli.Report(os.Stderr, err)
	os.Exit(exitCode(err))
}

// onRun makes every command call fn when its own work begins. Earlier errors are about
// arguments and flags; cobra does not mark them.
func onRun(cmd *cobra.Command, fn func()) {
	if run := cmd.RunE; run != nil {
		cmd.RunE = func(cmd *cobra.Command, args []string) error {
			fn()
			return run(cmd, args)
		}
	}
	for _, c := range cmd.Commands() {
		onRun(c, fn)
	}
}

// exitCode also covers the commands that work on the database directly.
func exitCode(err error) int {
	switch directory.CodeOf(err) {
	case directory.Invalid:
		return cli.ExitUsage
	case directory.Forbidden, directory.LimitExceeded:
		return cli.ExitForbidden
	case directory.NotFound:
		return cli.ExitNotFound
	case directory.Conflict:
		return cli.ExitConflict
	case directory.Unavailable:
		return cli.ExitUnavailable
	default:
		return cli.ExitCode(err)
	}
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "roster",
		Short: "Manage the users of organizations",
		Long: `Roster manages the users of organizations: who they are, what they may do, and the
tokens that act for them. This program is the server, the operator's tool for its
database, and the command line client.`,
		Example: `  roster init --org Acme --owner-name "Olivia Owner" --owner-email olivia@example.com
  roster serve
  ROSTER_TOKEN=xapt-… roster users list`,
		Args:          cobra.ArbitraryArgs,
		RunE:          cli.Subcommands,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.Version = config.ProgramVersion()
	root.SetVersionTemplate(versionLine())
	root.AddGroup(cli.Groups()...)
	root.AddCommand(serveCommand(), initCommand(), adminCommand(), backupCommand(), restoreCommand(), copyCommand(), migrateCommand(), keyCommand(), versionCommand())
	for _, c := range root.Commands() {
		c.GroupID = cli.GroupServer
		cli.Strict(c)
	}
	root.AddCommand(cli.Commands()...)
	addCobras(root)
	for _, c := range root.Commands() {
		if c.HasSubCommands() && c.RunE == nil {
			c.RunE = cli.Subcommands
		}
	}
	return root
}

// addCobras adds cobra's own commands, so that they reject unknown names as the other
// commands do, instead of showing help.
func addCobras(root *cobra.Command) {
	root.InitDefaultCompletionCmd()
	root.InitDefaultHelpCmd()
	for _, c := range root.Commands() {
		switch c.Name() {
		case "completion":
			c.Args = nil // the names below it are not arguments
		case "help":
			c.RunE = help
		}
	}
}

func help(cmd *cobra.Command, args []string) error {
	of, unknown, err := cmd.Root().Find(args)
	if err != nil {
		return cli.Usage(err)
	}
	if len(unknown) > 0 {
		return cli.Subcommands(of, unknown)
	}
	of.InitDefaultHelpFlag() // else help does not list it
	return of.Help()
}

func platform() string { return runtime.GOOS + "/" + runtime.GOARCH }

func versionLine() string {
	return fmt.Sprintf("roster %s (%s, %s)\n", config.ProgramVersion(), runtime.Version(), platform())
}

func versionCommand() *cobra.Command {
	var output string
	cmd := &cobra.Command{
		Use:     "version",
		Short:   "Show the program's version",
		Long:    "Show the program's version, and what it was built with and for.",
		Example: "  roster version\n  roster version --output json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if output != "json" {
				_, err := io.WriteString(cmd.OutOrStdout(), versionLine())
				return err
			}
			return json.NewEncoder(cmd.OutOrStdout()).Encode(map[string]string{"version": config.ProgramVersion(), "go": runtime.Version(), "platform": platform()})
		},
	}
	addOutputFlag(cmd.Flags(), &output)
	return cmd
}
