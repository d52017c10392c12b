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
	"make one with `roster key generate --name HOST --file roster.key` and give it to every node")

// keyFileOf is where the key is kept for an SQLite file without --key-file.
func keyFileOf(path string) string { return strings.TrimSuffix(path, ".db") + ".key" }

// KeyFileToMake is the file that [Keys] would make, empty for none.
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

// Keys reads the keys of a database's deployment. Beside an SQLite file they are
// made where there are none; nodes that share a database are given the same file,
// or else the error is [ErrNoKeyFile]. A file that others can read or write is
// refused.
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
	content, err := os.ReadFile(file) // the operator says which file
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
		return err
	}
	defer func() { _ = os.Remove(next.Name()) }()
	_, err = next.WriteString("# Seals the audit log. Keep a copy apart from the database's backups.\n" + line + "\n")
	if err := errors.Join(err, next.Sync(), next.Close()); err != nil {
		return err
	}
	// A link is made only where there is no file yet.
	if err := os.Link(next.Name(), file); err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	return nil
}
