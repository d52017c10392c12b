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
		Short: "Create the key that seals the audit log",
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
		Short: "Create a key file, or add a new key to one",
		Long: `Create a key file, or add a new key to an existing one. The server uses the first key
of the file. It also signs the log's checkpoints with the keys below it, so that people
who have only an old verifier key can still verify the log, until you remove those keys.

The server seals the audit log with the key, and derives webhook secrets from it. Keep
the file and a copy of it apart from the database and its backups. Every node needs the
same file.`,
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
			old, err := os.ReadFile(file) // the operator names the file
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
	cmd.Flags().StringVar(&file, "file", "", "`FILE` to write, readable only by its owner; by default the key is printed")
	_ = cmd.MarkFlagRequired("name") // fails only if the flag does not exist
	return cmd
}

// writeWhole writes a file atomically, replacing one that exists.
func writeWhole(file string, content []byte) error {
	next := file + ".new"
	if err := os.WriteFile(next, content, 0o600); err != nil { //nolint:gosec // the operator names the file
		return err
	}
	return os.Rename(next, file)
}

// loadKeys reads the deployment's keys. If there are none and no log was authenticated
// with a key yet, it creates them and calls made with the file. It never replaces lost
// keys, because the existing logs could not be sealed with new ones.
func (p place) loadKeys(ctx context.Context, db directory.Store, made func(file string)) (*audit.Keyring, error) {
	missing := config.KeyFileToMake(p.database, p.keyFile)
	if missing != "" {
		used, err := usesKeys(ctx, db)
		if err != nil {
			return nil, err
		}
		if used {
			return nil, fmt.Errorf("the key file %s is missing, and the audit log was written with its key; "+
				"restore the file or name it with --key-file, because a new key can't continue the log", missing)
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
