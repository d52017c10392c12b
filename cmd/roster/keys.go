package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/cli"
	"github.com/rosterhq/roster/internal/config"
	"github.com/rosterhq/roster/internal/directory"
)

func keyCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "key",
		Short: "Make the key that the audit log is sealed with",
		Args:  cobra.NoArgs,
		RunE:  cli.Subcommands,
	}
	cmd.AddCommand(keyGenerateCommand())
	return cmd
}

func keyGenerateCommand() *cobra.Command {
	var name, file string
	cmd := &cobra.Command{
		Use:   "generate",
		Short: "Make a key file, or put a new key into one",
		Long: `Make a key file, or put a new key into one that there is. The first key of a file
is in use; those below it still add their signatures to the log's checkpoints, so
that who knows only them can verify them, until they are taken out.

The server seals the audit log with the key, and derives the secrets of webhooks
from it. Keep it outside the database and its backups, and a copy of it where it
can't be lost; give the same file to every node.`,
		Example: `  roster key generate --name roster.example.com --file roster.key
  roster serve --database postgres://… --key-file roster.key`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			line, err := audit.GenerateKey(name)
			if err != nil {
				return cli.Usage(fmt.Errorf("--name: %w", err))
			}
			if file == "" {
				_, err = fmt.Fprintln(cmd.OutOrStdout(), line)
				return err
			}
			old, err := os.ReadFile(file) //nolint:gosec // the operator says which file
			if err != nil && !errors.Is(err, fs.ErrNotExist) {
				return err
			}
			content := []byte(line + "\n" + string(old))
			if _, err := audit.ParseKeyring(content); err != nil {
				return fmt.Errorf("%s: %w", file, err)
			}
			return writeWhole(file, content)
		},
	}
	cmd.Flags().StringVar(&name, "name", "", "`NAME` of the deployment, such as its host name: it begins the names of its logs and must never change")
	cmd.Flags().StringVar(&file, "file", "", "`FILE` to write, for its owner's eyes only; by default the key is printed")
	_ = cmd.MarkFlagRequired("name") // it errs for flags that don't exist
	return cmd
}

// writeWhole puts a file in place of another, or none, at once.
func writeWhole(file string, content []byte) error {
	next := file + ".new"
	if err := os.WriteFile(next, content, 0o600); err != nil { //nolint:gosec // the operator says which file
		return err
	}
	return os.Rename(next, file)
}

// loadKeys reads the deployment's keys. They are made for a database whose log none
// has authenticated yet, and made is told of the file; what was written with others
// could not be sealed any further.
func (p place) loadKeys(ctx context.Context, db directory.Store, made func(file string)) (*audit.Keyring, error) {
	missing := config.KeyFileToMake(p.database, p.keyFile)
	if missing != "" {
		used, err := usesKeys(ctx, db)
		if err != nil {
			return nil, err
		}
		if used {
			return nil, fmt.Errorf("the key file %s is missing, and the audit log was written with its key: "+
				"put it back, or say with --key-file where it is; with a new key the log would be sealed no further", missing)
		}
	}
	keys, err := config.Keys(p.database, p.keyFile)
	if errors.Is(err, config.ErrNoKeyFile) {
		err = cli.Usage(err)
	}
	if err == nil && missing != "" {
		made(missing)
	}
	return keys, err
}

// usesKeys reports whether a database has entries, which the key file authenticates.
func usesKeys(ctx context.Context, db directory.Store) (used bool, err error) {
	err = db.Read(ctx, func(tx directory.Tx) error {
		last, err := tx.LastEntry()
		used = last > 0
		return err
	})
	return used, err
}
