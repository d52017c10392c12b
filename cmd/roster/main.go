// Command roster manages the users of organisations: it is the server, the
// operator's tool and the command line client in one binary.
package main

import (
	"context"
	"fmt"
	"os"
	"runtime"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/internal/cli"
	"github.com/rosterhq/roster/internal/config"
	"github.com/rosterhq/roster/internal/directory"
)

func main() {
	if err := rootCommand().ExecuteContext(context.Background()); err != nil {
		cli.Report(os.Stderr, err)
		os.Exit(exitCode(err))
	}
}

// exitCode covers the commands that work on the database itself, too.
func exitCode(err error) int {
	switch directory.CodeOf(err) {
	case directory.Invalid:
		return cli.ExitUsage
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
database, and the command line client.

Start here:
  roster init --org Acme --owner-name "Olivia Owner" --owner-email olivia@example.com
  roster serve`,
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.SetFlagErrorFunc(func(_ *cobra.Command, err error) error { return cli.Usage(err) })
	root.AddCommand(serveCommand(), initCommand(), adminCommand(), versionCommand())
	root.AddCommand(cli.Commands()...)
	return root
}

func versionCommand() *cobra.Command {
	return &cobra.Command{
		Use: "version", Short: "Show the program's version", Example: "  roster version", Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			_, err := fmt.Fprintf(cmd.OutOrStdout(), "roster %s (%s, %s/%s)\n", config.ProgramVersion(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}
