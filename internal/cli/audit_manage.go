package cli

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

func (s *session) auditKeys() *cobra.Command {
	return s.forms(s.command("keys", "Print the keys that verify the log\nKeep them apart from the server, and pass one to \"roster audit verify --key\".",
		"roster audit keys", cobra.NoArgs, func(cmd *cobra.Command, c *client.Client, _ []string) error {
			keys, err := c.AuditKeys(cmd.Context())
			if err != nil {
				return err
			}
			if s.json() {
				return s.printJSON(cmd, keys)
			}
			_, err = io.WriteString(cmd.OutOrStdout(), strings.Join(keys, "\n")+"\n")
			return err
		}), "it prints a key a line", "table", "json")
}

func (s *session) auditCheckpoint() *cobra.Command {
	return s.forms(s.command("checkpoint", "Print the signed head of the log\nKeep it apart from the server, for \"roster audit verify --since\".",
		"roster audit checkpoint > acme.checkpoint", cobra.NoArgs, func(cmd *cobra.Command, c *client.Client, _ []string) error {
			note, err := c.AuditCheckpoint(cmd.Context(), 0)
			if err != nil {
				return err
			}
			_, err = io.WriteString(cmd.OutOrStdout(), note)
			return err
		}), "it prints the checkpoint as it was signed")
}

var retentionColumns = []column[client.Retention]{
	{"days", func(r client.Retention) string {
		if r.Days == nil {
			return "forever"
		}
		return fmt.Sprint(*r.Days)
	}},
}

func (s *session) auditRetention() *cobra.Command {
	var days int
	var forever bool
	var cmd *cobra.Command
	cmd = s.write("retention", "Show or change how long the log is kept\nChanging it needs an owner's personal token. Entries that are older are deleted within\nan hour, permanently. The remaining entries can still be verified.",
		"roster audit retention\nroster audit retention --days 400\nroster audit retention --for-ever", cobra.NoArgs,
		one(s, retentionColumns, func(ctx context.Context, c *client.Client, _ []string) (client.Retention, error) {
			switch {
			case forever:
				return c.SetAuditRetention(ctx, client.Retention{})
			case cmd.Flags().Changed("days") && days < 1:
				return client.Retention{}, usagef("--days must be at least 1; to keep all entries, use --for-ever")
			case cmd.Flags().Changed("days"):
				return c.SetAuditRetention(ctx, client.Retention{Days: &days})
			default:
				return c.AuditRetention(ctx)
			}
		}))
	cmd.Flags().IntVar(&days, "days", 0, "keep entries for `N` days")
	cmd.Flags().BoolVar(&forever, "for-ever", false, "keep entries forever")
	cmd.MarkFlagsMutuallyExclusive("days", "for-ever")
	return cmd
}

func (s *session) auditErase() *cobra.Command {
	cmd := s.write("erase USER-ID", "Erase the personal data of a former user from the log\nErases the name, email and other addresses; ids stay, and the log can still be verified.\nNeeds an owner's personal token. This can't be undone.",
		"roster audit erase usr_06h0vnjsztj7hkbsde3twjgxxw", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			if err := s.confirm(cmd, "the personal data of "+args[0]); err != nil {
				return err
			}
			e, err := c.ErasePersonalData(cmd.Context(), args[0])
			if err != nil {
				return err
			}
			return printOne(s, cmd, e, []column[client.Erasure]{
				{"user", func(e client.Erasure) string { return e.UserID }},
				{"entries", func(e client.Erasure) string { return fmt.Sprint(e.Entries) }},
			})
		})
	s.addYes(cmd)
	return cmd
}
