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

// Backup writes a copy of an SQLite database to a new file, as of one moment,
// while servers go on reading and writing it. The copy is on the disk and was
// checked when Backup returns.
func Backup(ctx context.Context, url, file string) (err error) {
	path, err := sqliteFile(url, "pg_dump or pg_basebackup")
	if err != nil {
		return err
	}
	if _, err := os.Lstat(file); !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%s is there already; a backup goes to a new file", file)
	}
	db, err := connectSQLite(path, true)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	// Beside its place first: nobody takes half a backup for one.
	part := file + ".part"
	defer func() { _ = os.Remove(part) }() // nothing, once it is renamed
	if err := makeFile(part, false); err != nil {
		return err
	}
	// sqlite.org/lang_vacuum.html#vacuuminto: into an empty file, from one snapshot.
	if _, err := db.ExecContext(ctx, "VACUUM INTO ?", part); err != nil {
		return fmt.Errorf("back up: %w", causeOf(err))
	}
	if err := checkBackup(ctx, part); err != nil {
		return err
	}
	return moveDurably(part, file)
}

// Restore puts a backup in the place of an SQLite database. One that is there
// already is kept beside it, under the name that Restore returns, and only with
// replace; while a server has it open nothing is done, unless it is too damaged to
// tell.
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
			return "", fmt.Errorf("%s is there already; say --replace to put the backup in its place, and it will be kept beside it", path)
		}
		// SQLite deletes the log of an empty file, which may be what is left of a database.
		if there.Size() > 0 {
			if err := closeLog(ctx, path); err != nil {
				return "", err
			}
		}
	}
	part := path + ".part"
	defer func() { _ = os.Remove(part) }() // nothing, once it is renamed
	if err := copyFile(file, part); err != nil {
		return "", err
	}
	if kept, err = setAside(path); err != nil {
		return kept, err
	}
	return kept, moveDurably(part, path)
}

// setAside renames what there is of a database, so that the names go together
// still, and gives the first new name; none if there is nothing. A log may be there
// without its database, or with one that is too damaged to merge it into: SQLite
// would write it over whatever is put in the database's place
// (sqlite.org/howtocorrupt.html, "mispairing").
// So all of it is gone, on the disk too, when setAside returns.
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
		return "", fmt.Errorf("this is for SQLite; PostgreSQL has its own ways: %s", instead)
	default:
		return "", errKind(kind)
	}
}

// checkBackup fails unless file is an undamaged database that this program can read.
func checkBackup(ctx context.Context, file string) (err error) {
	if _, err := os.Stat(file); err != nil {
		return err
	}
	// Immutable: to look at a backup leaves no other files beside it.
	db, err := sql.Open("sqlite", sqliteDSN(file)+"&mode=ro&immutable=1")
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	var found string
	if err := db.QueryRowContext(ctx, "PRAGMA integrity_check(1)").Scan(&found); err != nil || found != "ok" {
		return fmt.Errorf("%s is no undamaged database: %s%w", file, found, causeOf(errors.Join(err, errNotWhole)))
	}
	st, err := sqliteSchema(db).status(ctx)
	switch {
	case err != nil:
		return fmt.Errorf("%s: %w", file, err)
	case st.Version == 0:
		return fmt.Errorf("%s is no database of Roster", file)
	case st.Oldest > st.Known:
		return fmt.Errorf("%s has schema version %d, and this program has %d: use a newer program", file, st.Version, st.Known)
	}
	return nil
}

var errNotWhole = errors.New("it can't be used")

// closeLog merges the log of a database that nobody has open, and fails if
// somebody has. With one that is damaged SQLite does what it can.
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
	// To leave WAL mode takes the only connection there is.
	err = db.QueryRowContext(ctx, "PRAGMA journal_mode = DELETE").Scan(&mode)
	return mode, err
}

func copyFile(from, to string) error {
	b, err := os.Open(from) // the operator says which file
	if err != nil {
		return err
	}
	defer func() { _ = b.Close() }() // it was only read
	if err := makeFile(to, false); err != nil {
		return err
	}
	f, err := os.OpenFile(to, os.O_WRONLY|os.O_TRUNC, 0o600) // the operator says which file
	if err != nil {
		return err
	}
	_, err = f.ReadFrom(b)
	return errors.Join(err, f.Close())
}

// moveDurably renames a file once its content is on the disk, and makes sure that
// the name is too.
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
	f, err := os.Open(path) // the operator says which file
	if err != nil {
		return err
	}
	return errors.Join(f.Sync(), f.Close())
}
