package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/internal/cli"
	"github.com/rosterhq/roster/internal/config"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/progress"
	"github.com/rosterhq/roster/internal/store"
)

func backupCommand() *cobra.Command {
	var database, file string
	cmd := &cobra.Command{
		Use:   "backup",
		Short: "Copy an SQLite database to a file, while it is in use",
		Long: `Copy an SQLite database to a new file, as of one moment, while servers go on using
it. The copy has been checked and is on the disk when the command ends with 0.

A PostgreSQL database is backed up with PostgreSQL's own tools.`,
		Example: `  roster backup --file roster-2026-11-24.db
  roster backup --database sqlite:/var/lib/roster/roster.db --file /backup/roster.db`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := store.Backup(cmd.Context(), database, file); err != nil {
				return err
			}
			_, err := fmt.Fprintf(cmd.ErrOrStderr(), "backed up to %s\n", file)
			return err
		},
	}
	config.AddDatabaseFlag(cmd.Flags(), &database)
	cmd.Flags().StringVar(&file, "file", "", "new `FILE` for the backup")
	_ = cmd.MarkFlagRequired("file") // it errs for flags that don't exist
	return cmd
}

func restoreCommand() *cobra.Command {
	var database, file string
	var replace bool
	cmd := &cobra.Command{
		Use:   "restore",
		Short: "Put a backup in the place of an SQLite database",
		Long: `Put a backup in the place of an SQLite database. The backup is checked first. A
database that is there already is replaced only with --replace, is kept beside the
new one, and must not be in use.

What happened after the backup is undone: tokens that were revoked since then work
again, users who were removed are back.`,
		Example: `  roster restore --file /backup/roster.db --database sqlite:/var/lib/roster/roster.db
  roster restore --file /backup/roster.db --replace`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			kept, err := store.Restore(cmd.Context(), file, database, replace)
			if kept != "" { // also where the rest has failed: there is nothing at its place then
				cmd.PrintErrln("kept what was there as", kept)
			}
			if err != nil {
				return err
			}
			cmd.PrintErrln("restored", config.Redact(database))
			return nil
		},
	}
	config.AddDatabaseFlag(cmd.Flags(), &database)
	cmd.Flags().StringVar(&file, "file", "", "`FILE` that roster backup has made")
	cmd.Flags().BoolVar(&replace, "replace", false, "replace a database that is there, and keep it beside the new one")
	_ = cmd.MarkFlagRequired("file") // it errs for flags that don't exist
	return cmd
}

func copyCommand() *cobra.Command {
	var from, to, output string
	cmd := &cobra.Command{
		Use:   "copy",
		Short: "Move everything to another database, of either engine",
		Long: `Copy everything from one database into another, empty one: from SQLite to PostgreSQL
when one machine is not enough, or back. All of it arrives or nothing does: rows are
counted and checksums compared before the copy is committed. Tokens go on working.

Stop the servers of the old database first: a change made meanwhile would be lost,
and the command says so and fails. URLs with a password are better given as
ROSTER_COPY_FROM and ROSTER_COPY_TO.`,
		Example: `  roster copy --from sqlite:roster.db --to postgres://roster@db.internal/roster
  roster copy --from postgres://roster@db.internal/roster --to sqlite:roster.db --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if from == "" || to == "" || from == to {
				return cli.Usage(errors.New("say --from and --to, two different databases"))
			}
			return copyDatabase(cmd, from, to, output)
		},
	}
	addOutputFlag(cmd.Flags(), &output)
	cmd.Flags().StringVar(&from, "from", config.Env("ROSTER_COPY_FROM", ""), "database `URL` to copy (env ROSTER_COPY_FROM)")
	cmd.Flags().StringVar(&to, "to", config.Env("ROSTER_COPY_TO", ""), "empty database `URL` to copy into (env ROSTER_COPY_TO)")
	for _, name := range []string{"from", "to"} {
		cmd.Flags().Lookup(name).DefValue = "" // help does not show a password
	}
	return cmd
}

func copyDatabase(cmd *cobra.Command, from, to, output string) (err error) {
	source, err := store.Open(cmd.Context(), from, store.Options{MustExist: true})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	target, err := store.Open(cmd.Context(), to, store.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, target.Close()) }()
	bar := progress.New(cmd.ErrOrStderr(), "rows")
	copied, err := store.Copy(cmd.Context(), source, target, bar.At)
	bar.End()
	if copied == nil {
		return err
	}
	if errors.Is(err, store.ErrSourceChanged) {
		err = &directory.Error{Code: directory.Conflict, Message: err.Error(), Err: err}
	}
	if output == "json" {
		return errors.Join(json.NewEncoder(cmd.OutOrStdout()).Encode(copied), err)
	}
	width := len("TABLE")
	for _, c := range copied {
		width = max(width, len(c.Table))
	}
	var table strings.Builder
	fmt.Fprintf(&table, "%-*s %9s  %s\n", width, "TABLE", "ROWS", "SHA-256")
	for _, c := range copied {
		fmt.Fprintf(&table, "%-*s %9d  %.16s…\n", width, c.Table, c.Rows, c.SHA256)
	}
	_, writeErr := io.WriteString(cmd.OutOrStdout(), table.String())
	return errors.Join(writeErr, err)
}

func migrateCommand() *cobra.Command {
	var database, output string
	cmd := &cobra.Command{
		Use:   "migrate",
		Short: "Show or bring up to date a database's schema",
		Long: `Show or bring up to date a database's schema. Every command that opens a database
does so by itself; this is for whoever runs servers under a role that may not.`,
	}
	status := &cobra.Command{
		Use:     "status",
		Short:   "Show which schema the database has, and what it lacks",
		Example: "  roster migrate status --database postgres://roster@db.internal/roster --output json",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			st, err := store.Schema(cmd.Context(), database)
			if err != nil {
				return err
			}
			return printSchema(cmd, st, output)
		},
	}
	up := &cobra.Command{
		Use:     "up",
		Short:   "Apply the migrations that the database lacks",
		Example: "  roster migrate up --database postgres://roster@db.internal/roster",
		Args:    cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if err := store.Migrate(cmd.Context(), database); err != nil {
				return err
			}
			st, err := store.Schema(cmd.Context(), database)
			if err != nil {
				return err
			}
			return printSchema(cmd, st, output)
		},
	}
	config.AddDatabaseFlag(cmd.PersistentFlags(), &database)
	addOutputFlag(cmd.PersistentFlags(), &output)
	cmd.AddCommand(status, up)
	return cmd
}

func printSchema(cmd *cobra.Command, st store.SchemaStatus, output string) error {
	if output == "json" {
		return json.NewEncoder(cmd.OutOrStdout()).Encode(st)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "schema version %d; this program knows %d\n", st.Version, st.Known)
	if st.Version > 0 {
		fmt.Fprintf(&b, "programs that know version %d or later work with it\n", st.Oldest)
	}
	for _, name := range st.Pending {
		fmt.Fprintf(&b, "pending: %s\n", name)
	}
	_, err := io.WriteString(cmd.OutOrStdout(), b.String())
	return err
}
