package store_test

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/store"
)

// count sets the database's one cursor, or wants it to stand somewhere.
func count(t *testing.T, db *store.Store, n int64) {
	t.Helper()
	if err := db.Write(t.Context(), func(tx directory.Tx) error { return tx.SetCursor("counter", n) }); err != nil {
		t.Fatal(err)
	}
}

func wantCount(t *testing.T, path string, want int64) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, db)
	var got int64
	err = db.Read(t.Context(), func(tx directory.Tx) (err error) {
		got, err = tx.Cursor("counter")
		return err
	})
	if err != nil || got != want {
		t.Errorf("the counter stands at %d (%v), want %d", got, err, want)
	}
}

// killed is a folder with a database as a server leaves it that is killed: its
// last writes are in the log only. A backup beside it is older.
func killed(t *testing.T) (path, backup string) {
	t.Helper()
	running := sqlitePath(t)
	db := openSQLite(t, running)
	defer closing(t, db)
	count(t, db, 1)
	dir := t.TempDir()
	path, backup = filepath.Join(dir, "roster.db"), filepath.Join(dir, "backup.db")
	if err := store.Backup(t.Context(), "sqlite:"+running, backup); err != nil {
		t.Fatal(err)
	}
	count(t, db, 2)
	for _, suffix := range []string{"", "-wal", "-shm"} {
		content, err := os.ReadFile(running + suffix)
		if err != nil {
			t.Fatal(err)
		}
		writeFile(t, path+suffix, content)
	}
	return path, backup
}

func writeFile(t *testing.T, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
}

func remove(t *testing.T, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

func restore(t *testing.T, backup, path string, replace bool) (kept string) {
	t.Helper()
	kept, err := store.Restore(t.Context(), backup, "sqlite:"+path, replace)
	if err != nil {
		t.Fatal(err)
	}
	return kept
}

// TestRestoreKeepsWhatItReplaces checks that the replaced database stays usable, with the
// changes that were only in its write-ahead log.
func TestRestoreKeepsWhatItReplaces(t *testing.T) {
	t.Parallel()
	path, backup := killed(t)
	kept := restore(t, backup, path, true)
	wantCount(t, path, 1)
	wantCount(t, kept, 2)
}

// A log whose database is gone is not written over the one that is restored.
func TestRestoreBesideALog(t *testing.T) {
	t.Parallel()
	for _, suffix := range []string{"-wal", "-journal"} {
		path, backup := killed(t)
		log, err := os.ReadFile(path + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		remove(t, path, path+"-wal", path+"-shm")
		writeFile(t, path+suffix, log)
		kept := restore(t, backup, path, false)
		wantCount(t, path, 1)
		if now, err := os.ReadFile(kept); !bytes.Equal(now, log) || !strings.HasSuffix(kept, suffix) {
			t.Errorf("%s was not kept as it was: %q, %v", suffix, kept, err)
		}
	}
}

// TestRestoreReplacesDamage checks that a database too damaged to open is replaced. Its
// write-ahead log is merged as far as SQLite can, or is kept beside it.
func TestRestoreReplacesDamage(t *testing.T) {
	t.Parallel()
	for what, damage := range map[string]func([]byte) []byte{
		"no database": func([]byte) []byte { return bytes.Repeat([]byte("this is no database\n"), 500) },
		"the header":  func(b []byte) []byte { return append(bytes.Repeat([]byte("?"), 100), b[100:]...) },
		"all else":    func(b []byte) []byte { return append(b[:100:100], bytes.Repeat([]byte{0xff}, len(b)-100)...) },
		"half of it":  func(b []byte) []byte { return b[:len(b)/2] },
		"all of it":   func([]byte) []byte { return nil },
	} {
		for _, withLog := range []bool{true, false} {
			t.Run(fmt.Sprintf("%s, with a log %t", what, withLog), func(t *testing.T) {
				path, backup := killed(t)
				content, err := os.ReadFile(backup)
				if err != nil {
					t.Fatal(err)
				}
				bad := damage(content)
				writeFile(t, path, bad)
				if !withLog {
					remove(t, path+"-wal", path+"-shm")
				}
				kept := restore(t, backup, path, true)
				wantCount(t, path, 1)
				var size int64
				for _, suffix := range []string{"", "-wal"} {
					if there, err := os.Stat(kept + suffix); err == nil {
						size += there.Size()
					}
				}
				// The log says how many pages the database has. They may be fewer than the
				// backup's, which are packed in another way.
				least := int64(len(bad)) * 9 / 10
				if now, err := os.ReadFile(kept); (!withLog && !bytes.Equal(now, bad)) || size < least || (withLog && size == 0) {
					t.Errorf("%d bytes of %d are kept: %v", size, len(bad), err)
				}
			})
		}
	}
}

func TestRestoreLeavesWhatIsInUse(t *testing.T) {
	t.Parallel()
	path, backup := killed(t)
	db := openSQLite(t, path)
	if _, err := store.Restore(t.Context(), backup, "sqlite:"+path, true); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Errorf("error %v, want that it is in use", err)
	}
	count(t, db, 3)
	closing(t, db)
	wantCount(t, path, 3)
}

// TestRestoreOverAFolder checks that other errors are returned as they are.
func TestRestoreOverAFolder(t *testing.T) {
	t.Parallel()
	_, backup := killed(t)
	dir := t.TempDir()
	if _, err := store.Restore(t.Context(), backup, "sqlite:"+dir, true); err == nil || strings.Contains(err.Error(), "in use") {
		t.Errorf("error %v, want why it can't be opened", err)
	}
}
