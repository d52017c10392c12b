package store_test

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/store"
	"github.com/rosterhq/roster/internal/storetest"
)

func sqlitePath(t testing.TB) string { return filepath.Join(t.TempDir(), "roster.db") }

func openSQLite(t testing.TB, path string) *store.Store {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+path, directorytest.StoreOptions)
	if err != nil {
		t.Fatalf("open: %v", err)
	}
	return db
}

func closing(t testing.TB, db interface{ Close() error }) {
	t.Helper()
	if err := db.Close(); err != nil {
		t.Errorf("close: %v", err)
	}
}

func TestSQLite(t *testing.T) {
	t.Parallel()
	storetest.Run(t, func(t *testing.T) directory.Store { return openSQLite(t, sqlitePath(t)) })
}

func TestSQLiteShared(t *testing.T) {
	t.Parallel()
	storetest.RunShared(t, func(t *testing.T) func() directory.Store {
		path := sqlitePath(t)
		return func() directory.Store { return openSQLite(t, path) }
	})
}

// writerProcess names the database that the child processes of
// [TestSQLiteProcesses] write to.
const writerProcess = "ROSTER_TEST_WRITER"

const processes, writesPerProcess = 3, 30

// Several processes write to one file at once and none is refused.
func TestSQLiteProcesses(t *testing.T) {
	t.Parallel()
	path := sqlitePath(t)
	if inherited := os.Getenv(writerProcess); inherited != "" {
		path = inherited
	}
	db := openSQLite(t, path)
	defer closing(t, db)
	if os.Getenv(writerProcess) != "" {
		appendMany(t, db)
		return
	}
	children := make([]*exec.Cmd, processes-1)
	outputs := make([]strings.Builder, len(children))
	for i := range children {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestSQLiteProcesses$")
		cmd.Env = append(os.Environ(), writerProcess+"="+path)
		cmd.Stdout, cmd.Stderr = &outputs[i], &outputs[i]
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		children[i] = cmd
	}
	appendMany(t, db)
	for i, cmd := range children {
		if err := cmd.Wait(); err != nil {
			t.Errorf("child: %v\n%s", err, outputs[i].String())
		}
	}
	err := db.Read(t.Context(), func(tx directory.Tx) error {
		n, err := tx.Cursor("counter")
		if err == nil && n != processes*writesPerProcess {
			err = fmt.Errorf("%d writes were counted, want %d", n, processes*writesPerProcess)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
}

func appendMany(t *testing.T, db *store.Store) {
	t.Helper()
	for range writesPerProcess {
		err := db.Write(t.Context(), func(tx directory.Tx) error {
			n, err := tx.Cursor("counter")
			if err != nil && directory.CodeOf(err) != directory.NotFound {
				return err
			}
			return tx.SetCursor("counter", n+1)
		})
		if err != nil {
			t.Fatalf("write: %v", err)
		}
	}
}

// A database that a newer program has changed beyond understanding is left alone.
func TestNewerSchemaIsRefused(t *testing.T) {
	t.Parallel()
	path := sqlitePath(t)
	closing(t, openSQLite(t, path))
	raw, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	defer closing(t, raw)
	exec := func(statement string) {
		t.Helper()
		if _, err := raw.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	exec("INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, 1)")
	// One that only added something leaves room for the program before it.
	closing(t, openSQLite(t, path))
	exec("UPDATE schema_compatibility SET oldest_program = 9998")
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
	if err == nil {
		closing(t, db)
		t.Fatal("opened")
	}
	for _, word := range []string{"9999", "9998", "newer program"} {
		if !strings.Contains(err.Error(), word) {
			t.Errorf("error %q does not say %q", err, word)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	text := filepath.Join(dir, "text.db")
	if err := os.WriteFile(text, []byte(strings.Repeat("this is no database\n", 100)), 0o600); err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		url  string
		o    store.Options
		want string // in the message
	}{
		"nothing":            {"", store.Options{}, "sqlite:PATH"},
		"no engine":          {"roster.db", store.Options{}, "sqlite:PATH"},
		"another engine":     {"mysql://u:secret@h/d", store.Options{}, "sqlite:PATH"},
		"no path":            {"sqlite:", store.Options{}, "path"},
		"a missing folder":   {"sqlite:" + filepath.Join(dir, "no", "roster.db"), store.Options{}, "no"},
		"a folder":           {"sqlite:" + dir, store.Options{}, dir},
		"what must exist":    {"sqlite:" + filepath.Join(dir, "new.db"), store.Options{MustExist: true}, "new.db"},
		"a file of any kind": {"sqlite:" + text, store.Options{}, "text.db"},
	} {
		db, err := store.Open(t.Context(), tt.url, tt.o)
		if err == nil {
			closing(t, db)
			t.Errorf("%s: opened", name)
			continue
		}
		if !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: error %q does not say %q", name, err, tt.want)
		}
		if strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: error %q tells the password", name, err)
		}
	}
	if _, err := os.Stat(filepath.Join(dir, "new.db")); err == nil {
		t.Error("a database that must exist was made")
	}
}

// Paths are files' names and not URLs, whatever they hold.
func TestOddPaths(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"a b.db", "50%.db", "what?.db", "a#b.db", "a&_pragma=x.db", "ü.db", "a:b.db", "%41.db"} {
		dir := t.TempDir()
		db := openSQLite(t, filepath.Join(dir, name))
		err := db.Write(t.Context(), func(tx directory.Tx) error { return tx.SetCursor("c", 1) })
		if err != nil {
			t.Errorf("%q: %v", name, err)
		}
		closing(t, db)
		files, err := os.ReadDir(dir)
		files = slices.DeleteFunc(files, func(f os.DirEntry) bool { return f.Name() == name+"-turn" })
		if err != nil || len(files) != 1 || files[0].Name() != name {
			t.Errorf("%q: the folder holds %v, %v", name, files, err)
		}
		info, err := os.Stat(filepath.Join(dir, name))
		if err != nil {
			t.Errorf("%q: %v", name, err)
		} else if info.Mode().Perm() != 0o600 {
			t.Errorf("%q: anybody may %v it", name, info.Mode())
		}
	}
}

func TestOpenRefusesAFileThatOthersCanRead(t *testing.T) {
	t.Parallel()
	if runtime.GOOS == "windows" {
		t.Skip("files have no such permissions here")
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		path := filepath.Join(t.TempDir(), "roster.db")
		closing(t, openSQLite(t, path))
		if err := os.WriteFile(path+suffix, nil, 0o600); suffix != "" && err != nil {
			t.Fatal(err)
		}
		for _, mode := range []os.FileMode{0o640, 0o604, 0o620, 0o602} {
			if err := os.Chmod(path+suffix, mode); err != nil {
				t.Fatal(err)
			}
			_, err := store.Open(t.Context(), "sqlite:"+path, store.Options{})
			if err == nil || !strings.Contains(err.Error(), "chmod 0600 "+path+suffix) {
				t.Errorf("%s with %o: got %v, want the chmod to run", suffix, mode, err)
			}
		}
		if err := os.Chmod(path+suffix, 0o600); err != nil {
			t.Fatal(err)
		}
		closing(t, openSQLite(t, path))
	}
}
