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
		Short: "Back up an SQLite database while it is in use",
		Long: `Copy a consistent snapshot of an SQLite database to a new file while servers use it. If
the command exits with 0, the copy was checked and synced to disk.

Back up a PostgreSQL database with PostgreSQL's own tools.`,
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
	_ = cmd.MarkFlagRequired("file") // fails only if the flag does not exist
	return cmd
}

func restoreCommand() *cobra.Command {
	var database, file string
	var replace bool
	cmd := &cobra.Command{
		Use:   "restore",
		Short: "Restore an SQLite database from a backup",
		Long: `Restore an SQLite database from a backup, which is checked first. An existing database
is replaced only with --replace. It must not be in use, and is kept beside the new one.

Restoring undoes every change made after the backup: tokens revoked since then work
again, and removed users are back.`,
		Example: `  roster restore --file /backup/roster.db --database sqlite:/var/lib/roster/roster.db
  roster restore --file /backup/roster.db --replace`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			kept, err := store.Restore(cmd.Context(), file, database, replace)
			if kept != "" { // even after a failure: the old database has been moved by then
				cmd.PrintErrln("kept the old database as", kept)
			}
			if err != nil {
				return err
			}
			cmd.PrintErrln("restored", config.Redact(database))
			return nil
		},
	}
	config.AddDatabaseFlag(cmd.Flags(), &database)
	cmd.Flags().StringVar(&file, "file", "", "`FILE` written by roster backup")
	cmd.Flags().BoolVar(&replace, "replace", false, "replace an existing database, and keep it beside the new one")
	_ = cmd.MarkFlagRequired("file") // fails only if the flag does not exist
	return cmd
}

func copyCommand() *cobra.Command {
	var from, to, output string
	cmd := &cobra.Command{
		Use:   "copy",
		Short: "Copy all data to another database, of either engine",
		Long: `Copy all data from one database to another, which must be empty: from SQLite to
PostgreSQL when one machine is not enough, or back. The copy is one transaction: row
counts and checksums are compared before it commits. Tokens stay valid.

Stop the servers of the old database first. If the old database changes during the
copy, the command fails. Set URLs that hold a password in ROSTER_COPY_FROM and
ROSTER_COPY_TO.`,
		Example: `  roster copy --from sqlite:roster.db --to postgres://roster@db.internal/roster
  roster copy --from postgres://roster@db.internal/roster --to sqlite:roster.db --output json`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if from == "" || to == "" || from == to {
				return cli.Usage(errors.New("--from and --to must be given, and name two different databases"))
			}
			return copyDatabase(cmd, from, to, output)
		},
	}
	addOutputFlag(cmd.Flags(), &output)
	cmd.Flags().StringVar(&from, "from", config.Env("ROSTER_COPY_FROM", ""), "database `URL` to copy (env ROSTER_COPY_FROM)")
	cmd.Flags().StringVar(&to, "to", config.Env("ROSTER_COPY_TO", ""), "empty database `URL` to copy into (env ROSTER_COPY_TO)")
	for _, name := range []string{"from", "to"} {
		cmd.Flags().Lookup(name).DefValue = "" // the URL may hold a password, which help must not show
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
		Short: "Show or upgrade a database's schema",
		Long: `Show or upgrade a database's schema. Every command that opens a database upgrades its
schema, so this command is needed only if servers run under a database role that may
not change the schema.`,
	}
	status := &cobra.Command{
		Use:     "status",
		Short:   "Show the schema version and the pending migrations",
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
		Short:   "Apply the pending migrations",
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
	fmt.Fprintf(&b, "schema version %d; this program supports %d\n", st.Version, st.Known)
	if st.Version > 0 {
		fmt.Fprintf(&b, "compatible with programs that support version %d or later\n", st.Oldest)
	}
	for _, name := range st.Pending {
		fmt.Fprintf(&b, "pending: %s\n", name)
	}
	_, err := io.WriteString(cmd.OutOrStdout(), b.String())
	return err
}
