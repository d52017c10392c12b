// Command roster manages the users of organisations: it is the server, the
// operator's tool and the command line client in one binary.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/internal/config"
)

func main() {
	if err := rootCommand().ExecuteContext(context.Background()); err != nil {
		fmt.Fprintf(os.Stderr, "roster: %v\n", err)
		os.Exit(1)
	}
}

func rootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:           "roster",
		Short:         "Manage the users of organizations",
		Version:       config.ProgramVersion(),
		SilenceErrors: true,
		SilenceUsage:  true,
	}
	root.AddCommand(serveCommand(), initCommand(), adminCommand())
	return root
}
