package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// Backup writes a snapshot of an SQLite database to a new file. Servers may read and
// write the database meanwhile. When Backup returns, the copy has passed an integrity
// check and is durable.
func Backup(ctx context.Context, url, file string) (err error) {
	path, err := sqliteFile(url, "pg_dump or pg_basebackup")
	if err != nil {
		return err
	}
	if _, err := os.Lstat(file); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s already exists; give the name of a new file", file)
	}
	db, err := connectSQLite(path, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// The name changes only when the copy is complete.
	part := file + ".part"
	defer func() { _ = os.Remove(part) }() // does nothing after the rename
	if err := makeFile(part, false); err != nil {
		return err
	}
	// It copies one snapshot into an empty file (sqlite.org/lang_vacuum.html#vacuuminto).
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		return fmt.Errorf("back up: %w", causeOf(err))
	}
	if err := checkBackup(ctx, part); err != nil {
		return err
	}
	return moveDurably(part, file)
}

// Restore replaces an SQLite database by a backup. If a database exists already, Restore
// fails unless replace is set; it then renames the old database and returns the new name.
// It fails while a server has the database open, which it can't detect if the database is
// damaged.
func Restore(ctx context.Context, file, url string, replace bool) (kept string, err error) {
	path, err := sqliteFile(url, "pg_restore")
	if err != nil {
		return "", err
	}
	if err := checkBackup(ctx, file); err != nil {
		return "", err
	}
	if there, err := os.Lstat(path); err == nil {
		if !replace {
			return "", fmt.Errorf("%s already exists; use --replace to replace it, which keeps it under another name", path)
		}
		// SQLite deletes the log of an empty file, but the log may be all that is left of a
		// database.
		if there.Size() > 0 {
			if err := closeLog(ctx, path); err != nil {
				return "", err
			}
		}
	}
	part := path + ".part"
	defer func() { _ = os.Remove(part) }() // does nothing after the rename
	if err := copyFile(file, part); err != nil {
		return "", err
	}
	if kept, err = setAside(path); err != nil {
		return kept, err
	}
	return kept, moveDurably(part, path)
}

// setAside renames the files of a database consistently and returns the first new name,
// or "" if there are none. A log may exist without its database, or beside one too
// damaged to merge it into. SQLite would apply such a log to the file that takes the
// database's place (sqlite.org/howtocorrupt.html, "mispairing"), so the renames are
// durable when setAside returns.
func setAside(path string) (kept string, err error) {
	to := path + ".replaced-" + time.Now().UTC().Format("20060102T150405Z")
	for _, suffix := range []string{"", "-wal", "-shm", "-journal"} {
		switch err := os.Rename(path+suffix, to+suffix); {
		case errors.Is(err, os.ErrNotExist):
		case err != nil:
			return kept, err
		case kept == "":
			kept = to + suffix
		}
	}
	if kept == "" {
		return "", nil
	}
	return kept, syncFile(filepath.Dir(path))
}

func sqliteFile(url, instead string) (string, error) {
	kind, path, _ := strings.Cut(url, ":")
	switch {
	case kind == "sqlite" && path != "":
		return path, nil
	case kind == "postgres", kind == "postgresql":
		return "", fmt.Errorf("this command is for SQLite; for PostgreSQL use %s", instead)
	default:
		return "", errKind(kind)
	}
}

// checkBackup fails unless file is an undamaged database that this program can read.
func checkBackup(ctx context.Context, file string) (err error) {
	if _, err := os.Stat(file); err != nil {
		return err
	}
	// With immutable, SQLite creates no other files beside the backup.
	db, err := sql.Open("sqlite", sqliteDSN(file)+"&mode=ro&immutable=1")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var found string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&found); err != nil || found != "ok" {
		return fmt.Errorf("%s is damaged or not an SQLite database: %s%w", file, found, causeOf(errors.Join(err, errNotWhole)))
	}
	st, err := sqliteSchema(db).status(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", file, err)
	case st.Version == 0:
		return fmt.Errorf("%s is not a Roster database", file)
	case st.Oldest > st.Known:
		return fmt.Errorf("%s has schema version %d, and this program has %d: use a newer program", file, st.Version, st.Known)
	}
	return nil
}

var errNotWhole = errors.New("it can't be used")

// closeLog merges the log into its database. It fails if a process has the database
// open, and ignores a damaged database.
func closeLog(ctx context.Context, path string) error {
	mode, err := leaveLog(ctx, path)
	if err == nil && mode == "delete" {
		return nil
	}
	switch {
	case err == nil, classify(err) == busy:
		return fmt.Errorf("%s is in use; stop the server first", path)
	case classify(err) == damaged:
		return nil
	default:
		return fmt.Errorf("%s can't be opened: %w", path, causeOf(err))
	}
}

func leaveLog(ctx context.Context, path string) (mode string, err error) {
	db, err := sql.Open("sqlite", sqliteDSN(path, "busy_timeout(100)"))
	if err != nil {
		return "", err
	}
	db.SetMaxOpenConns(1)
	defer func() { err = errors.Join(err, db.Close()) }()
	// SQLite leaves WAL mode only if there is no other connection.
	err = db.QueryRowContext(ctx, "PRAGMA journal_mode = DELETE").Scan(&mode)
	return mode, err
}

func copyFile(from, to string) error {
	b, err := os.Open(from) // the operator names the file
	if err != nil {
		return err
	}
	defer func() { _ = b.Close() }() // it was only read
	if err := makeFile(to, false); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0o600) // the operator names the file
	if err != nil {
		return err
	}
	_, err = f.ReadFrom(b)
	return errors.Join(err, f.Close())
}

// moveDurably renames a file so that after a crash the new name has the whole content.
func moveDurably(from, to string) error {
	for _, step := range []func() error{
		func() error { return syncFile(from) },
		func() error { return os.Rename(from, to) },
		func() error { return syncFile(filepath.Dir(to)) },
	} {
		if err := step(); err != nil {
			return err
		}
	}
	return nil
}

func syncFile(path string) error {
	f, err := os.Open(path) // the operator names the file
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
