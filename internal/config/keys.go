package config

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/private"
)

// ErrNoKeyFile is the error for a database that needs --key-file.
var ErrNoKeyFile = errors.New("--key-file is needed with a database that several nodes may share: " +
	"create one with `roster key generate --name HOST --file roster.key` and copy it to every node")

// keyFileOf returns the default key file for an SQLite file.
func keyFileOf(path string) string { return strings.TrimSuffix(path, ".db") + ".key" }

// KeyFileToMake returns the file that [Keys] would create, or "" if there is none.
func KeyFileToMake(database, file string) string {
	path, isFile := strings.CutPrefix(database, "sqlite:")
	if file != "" || !isFile {
		return ""
	}
	if _, err := os.Stat(keyFileOf(path)); err == nil {
		return ""
	}
	return keyFileOf(path)
}

// Keys reads the keys of a database's deployment. It creates a missing key file beside an
// SQLite file. It rejects a file that others can read or write. Errors: [ErrNoKeyFile] for
// another engine without a file, because its nodes must share one.
func Keys(database, file string) (*audit.Keyring, error) {
	if file == "" {
		path, isFile := strings.CutPrefix(database, "sqlite:")
		if !isFile {
			return nil, ErrNoKeyFile
		}
		file = keyFileOf(path)
		if err := makeKeys(file); err != nil {
			return nil, fmt.Errorf("key file: %w", err)
		}
	}
	if err := private.Check(file); err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	content, err := os.ReadFile(file) // the operator names the file
	if err != nil {
		return nil, fmt.Errorf("key file: %w", err)
	}
	keys, err := audit.ParseKeyring(content)
	if err != nil {
		return nil, fmt.Errorf("key file %s: %w", file, err)
	}
	return keys, nil
}

// makeKeys creates a key file unless one exists, even if another process creates one at
// the same time.
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
		return err
	}
	defer func() { _ = os.Remove(next.Name()) }()
	_, err = next.WriteString("# Seals the audit log. Keep a copy apart from the database's backups.\n" + line + "\n")
	if err := errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	// Creating a hard link fails if the file exists.
	if err := os.Link(next.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
