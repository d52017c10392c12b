package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/cli"
	"github.com/rosterhq/roster/internal/config"
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
	if err := os.WriteFile(next, content, 0o600); err != nil {
		return err
	}
	return os.Rename(next, file)
}

// loadKeys reads the deployment's keys. Beside an SQLite file they are made where
// there are none; nodes that share a database are given the same file.
func loadKeys(database, file string) (*audit.Keyring, error) {
	path, isFile := strings.CutPrefix(database, "sqlite:")
	if file == "" && !isFile {
		return nil, cli.Usage(errors.New("--key-file is needed with a database that several nodes may share: " +
			"make one with `roster key generate --name HOST --file roster.key` and give it to every node"))
	}
	if file == "" {
		file = config.KeyFileOf(path)
		if err := makeKeys(file); err != nil {
			return nil, err
		}
	}
	content, err := os.ReadFile(file) //nolint:gosec // the operator says which file
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	keys, err := audit.ParseKeyring(content)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", file, err)
	}
	return keys, nil
}

// makeKeys makes a key file unless there is one, also if another process does so
// at the same time.
func makeKeys(file string) error {
	if _, err := os.Stat(file); err == nil {
		return nil
	}
	line, err := audit.GenerateKey("roster.local")
	if err != nil {
		return err
	}
	next, err := os.CreateTemp(filepath.Dir(file), ".roster-key-*")
	if err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	defer func() { _ = os.Remove(next.Name()) }()
	_, err = next.WriteString("# Seals the audit log. Keep a copy apart from the database's backups.\n" + line + "\n")
	if err = errors.Join(err, next.Sync(), next.Close()); err != nil {
		return fmt.Errorf("key file: %w", err)
	}
	// A link is made only where there is no file yet.
	if err := os.Link(next.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return fmt.Errorf("key file: %w", err)
	}
	return nil
}
