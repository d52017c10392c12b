package cli

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/mattn/go-isatty"
	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

// printDiff prints the capabilities that users and tokens would gain and lose.
func printDiff(w io.Writer, d client.AccessDiff) {
	var b strings.Builder
	b.WriteString("dry run: nothing was changed\n")
	for _, c := range d.Changes {
		if len(c.Gained) > 0 {
			fmt.Fprintf(&b, "  %s %s would gain %s\n", c.Kind, c.ID, visible(strings.Join(c.Gained, " ")))
		}
		if len(c.Lost) > 0 {
			fmt.Fprintf(&b, "  %s %s would lose %s\n", c.Kind, c.ID, visible(strings.Join(c.Lost, " ")))
		}
		if len(c.Gained)+len(c.Lost) == 0 { // the caller may not see which
			fmt.Fprintf(&b, "  %s %s would gain or lose something\n", c.Kind, c.ID)
		}
	}
	if d.Omitted > 0 {
		fmt.Fprintf(&b, "  and %d more would change\n", d.Omitted)
	}
	_, _ = io.WriteString(w, b.String())
}

func (s *session) addYes(cmd *cobra.Command) {
	cmd.Flags().BoolVarP(&s.yes, "yes", "y", false, "don't ask for confirmation")
}

// confirm asks the user before something is deleted. Without a terminal it requires --yes.
func (s *session) confirm(cmd *cobra.Command, what string) error {
	if s.dryRun {
		return nil
	}
	return s.ask(cmd, "Delete "+visible(what)+"?", "this deletes "+what, "nothing was deleted")
}

// ask asks a question that only yes answers. Without a terminal, --yes must answer it.
func (s *session) ask(cmd *cobra.Command, question, does, otherwise string) error {
	if s.yes {
		return nil
	}
	in, ok := cmd.InOrStdin().(*os.File)
	if !ok || !isatty.IsTerminal(in.Fd()) {
		return usagef("%s; without a terminal, confirm with --yes", does)
	}
	cmd.PrintErrf("%s [y/N] ", question)
	answer, _ := bufio.NewReader(in).ReadString('\n') // an error counts as no
	answer = strings.TrimSpace(answer)
	if !strings.EqualFold(answer, "y") && !strings.EqualFold(answer, "yes") {
		return errors.New(otherwise)
	}
	return nil
}

// done prints a confirmation for a request whose response has no body.
func (s *session) done(cmd *cobra.Command, did, what string) {
	if !s.dryRun && !s.quiet {
		cmd.PrintErrln(did, visible(what))
	}
}
