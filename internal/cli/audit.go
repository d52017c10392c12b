package cli

import (
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var auditColumns = []column[client.AuditEntry]{
	{"sequence", func(e client.AuditEntry) string { return fmt.Sprint(e.Sequence) }},
	{"time", func(e client.AuditEntry) string { return e.Time.UTC().Format(time.RFC3339) }},
	{"actor", func(e client.AuditEntry) string {
		return withID(e.Actor.Name, cmp.Or(e.Actor.UserID, e.Actor.TokenID, e.Actor.Kind))
	}},
	{"action", func(e client.AuditEntry) string { return e.Action }},
	{"target", func(e client.AuditEntry) string { return withID(e.Target.Name, e.Target.ID) }},
	{"outcome", func(e client.AuditEntry) string { return cmp.Or(e.Outcome, "done") }},
	{"source", func(e client.AuditEntry) string { return e.SourceAddress }},
}

// withID formats a name with its id, which the flags of a search take.
func withID(name, id string) string {
	if name == "" || name == id {
		return id
	}
	return name + " (" + id + ")"
}

// auditCommand groups the commands for the audit log.
func (s *session) auditCommand() *cobra.Command {
	return group("audit", "Read the audit log, and verify it", `The audit log records every change in the organization and who made it. Needs auditLog|read.`,
		"roster audit list --action createUser\nroster audit tail -f\nroster audit export --file audit.ndjson\nroster audit verify --save last.checkpoint",
		s.auditList(), s.auditTail(), s.auditExport(), s.auditVerify(), s.auditKeys(), s.auditCheckpoint(), s.auditRetention(), s.auditErase())
}

// addAuditFilter adds the flags that filter entries.
func addAuditFilter(cmd *cobra.Command, f *client.AuditFilter, outcome string) {
	flags := cmd.Flags()
	flags.StringVar(&f.Actor, "actor", "", "only entries by the user or API token with this `ID`, or \"operator\"")
	flags.StringVar(&f.Action, "action", "", "only entries of this `ACTION`, such as createUser, or of a prefix such as create*")
	flags.StringVar(&f.Target, "target", "", "only entries about the object with this `ID`")
	flags.StringVar(&f.Outcome, "outcome", outcome, "done, refused or any")
	complete(cmd, "outcome", "done", "refused", "any")
}

// span has the flags --from and --to.
type span struct{ from, to string }

func (p *span) add(cmd *cobra.Command) {
	cmd.Flags().StringVar(&p.from, "from", "", "only entries from this `TIME` on, such as 2026-01-31T12:00:00Z, or 7d or 12h ago")
	cmd.Flags().StringVar(&p.to, "to", "", "only entries before this `TIME`")
}

func (p *span) read(q *client.AuditQuery) (err error) {
	if q.From, err = timeFlag("--from", p.from); err != nil {
		return err
	}
	q.To, err = timeFlag("--to", p.to)
	return err
}

// timeFlag reads a time, given as a time or an age. It returns the zero time for "".
func timeFlag(flag, value string) (time.Time, error) {
	if value == "" {
		return time.Time{}, nil
	}
	if t, err := time.Parse(time.RFC3339, value); err == nil {
		return t, nil
	}
	ago, err := parseDays(flag, value)
	if err != nil {
		return time.Time{}, usagef("%s: %q is not a time; use a time such as 2026-01-31T12:00:00Z, or how long ago, such as 7d or 12h", flag, value)
	}
	return time.Now().Add(-ago), nil
}

func (s *session) auditList() *cobra.Command {
	var q client.AuditQuery
	var p span
	var limit int
	cmd := s.command("list", "List entries of the audit log\nLists the newest first. To get the whole log, use `roster audit export`.",
		"roster audit list\nroster audit list --from 7d --outcome refused\nroster audit list --target usr_06h0tznb294kc6smm97b5r4g8g --output csv", cobra.NoArgs,
		list(s, auditColumns, func(c *client.Client, ctx context.Context) ([]client.AuditEntry, error) {
			if err := p.read(&q); err != nil {
				return nil, err
			}
			if limit < 0 {
				return nil, usagef("--limit must not be negative")
			}
			return newest(ctx, c, q, limit)
		}))
	p.add(cmd)
	addAuditFilter(cmd, &q.AuditFilter, "any")
	cmd.Flags().IntVarP(&limit, "limit", "n", 100, "maximum number of entries")
	cmd.Flags().BoolVar(&q.OldestFirst, "oldest-first", false, "list the oldest first")
	return cmd
}

const maxPage = 1000

// newest reads up to limit entries.
func newest(ctx context.Context, c *client.Client, q client.AuditQuery, limit int) (all []client.AuditEntry, err error) {
	q.PageSize = min(max(limit, 1), maxPage)
	for e, err := range c.ListAuditEntries(ctx, q) {
		if err != nil {
			return nil, err
		}
		if len(all) == limit {
			break
		}
		if all = append(all, e); len(all) == limit {
			break
		}
	}
	return all, nil
}

func (s *session) auditTail() *cobra.Command {
	var q client.AuditQuery
	var limit int
	var follow bool
	cmd := s.command("tail", "Show the newest entries, and with -f those that follow\nIf the stream is cut off, it resumes where it ended, without gaps. With --output json,\neach entry is one line.",
		"roster audit tail\nroster audit tail -f -n 0 --action createUser\nroster audit tail -f --output json", cobra.NoArgs,
		func(cmd *cobra.Command, c *client.Client, _ []string) error {
			if limit < 0 {
				return usagef("--lines must not be negative")
			}
			// The stream begins at the current end of the log, even if that entry does not match.
			last, err := newest(cmd.Context(), c, client.AuditQuery{}, 1)
			if err != nil {
				return err
			}
			list, err := newest(cmd.Context(), c, q, limit)
			if err != nil {
				return err
			}
			slices.Reverse(list)
			var after int64
			for _, e := range slices.Concat(last, list) {
				after = max(after, e.Sequence)
			}
			for _, e := range list {
				if err := s.printEntry(cmd, e); err != nil {
					return err
				}
			}
			if !follow {
				return nil
			}
			return s.follow(cmd, c, client.EventsOptions{AuditFilter: q.AuditFilter, After: &after})
		})
	addAuditFilter(cmd, &q.AuditFilter, "any")
	cmd.Flags().IntVarP(&limit, "lines", "n", 10, "number of entries to show first")
	cmd.Flags().BoolVarP(&follow, "follow", "f", false, "show new entries as they are appended")
	return cmd
}

// events prints the stream as it comes.
func (s *session) events() *cobra.Command {
	var o client.EventsOptions
	var after int64
	cmd := s.command("events", "Print events as they happen, each as a line of JSON\nEvents are the entries of the audit log; --output selects another format. If the stream is\ncut off, it resumes where it ended, without gaps. Needs auditLog|read.",
		"roster events\nroster events --action createUser\nroster events --after 1200 | jq .target", cobra.NoArgs,
		func(cmd *cobra.Command, c *client.Client, _ []string) error {
			if cmd.Flags().Changed("after") {
				o.After = &after
			}
			if !cmd.Flags().Changed("output") {
				s.output = "json"
			}
			return s.follow(cmd, c, o)
		})
	addAuditFilter(cmd, &o.AuditFilter, "done")
	cmd.Flags().Int64Var(&after, "after", 0, "begin after the entry with this `SEQUENCE`; by default with new entries")
	return cmd
}

// follow prints events until the command is interrupted.
func (s *session) follow(cmd *cobra.Command, c *client.Client, o client.EventsOptions) error {
	for e, err := range c.Events(cmd.Context(), o) {
		if err != nil {
			return err
		}
		if err := s.printEntry(cmd, e); err != nil {
			return err
		}
	}
	return nil
}

// printEntry prints an entry as one line in the selected format. A stream has no table,
// because the widths of later entries are not known yet.
func (s *session) printEntry(cmd *cobra.Command, e client.AuditEntry) error {
	w := cmd.OutOrStdout()
	if s.quiet {
		return printAlone(w, []client.AuditEntry{e}, auditColumns)
	}
	if s.json() {
		v, err := pickFields(e, s.fields)
		if err != nil {
			return err
		}
		if s.jq.code != nil {
			return s.jq.print(cmd.Context(), w, v)
		}
		j := json.NewEncoder(w)
		j.SetEscapeHTML(false)
		return j.Encode(v)
	}
	columns, err := selectColumns(auditColumns, s.fields)
	if err != nil {
		return err
	}
	if s.output == "csv" {
		return writeCSV(w, []client.AuditEntry{e}, columns, false)
	}
	var line []byte
	for i, c := range columns {
		if i > 0 {
			line = append(line, "  "...)
		}
		line = append(line, visible(c.value(e))...)
	}
	_, err = w.Write(append(line, '\n'))
	return err
}
