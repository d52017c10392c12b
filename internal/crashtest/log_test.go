package crashtest

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"testing"

	_ "modernc.org/sqlite"

	"github.com/rosterhq/roster/internal/directory"
	orghistory "github.com/rosterhq/roster/internal/history"
	"github.com/rosterhq/roster/internal/store"
)

// copyDatabase copies a database as a crash left it. The server is to recover
// the original by itself; only the copy is opened to look inside.
func copyDatabase(t *testing.T, path string) string {
	t.Helper()
	to := filepath.Join(t.TempDir(), "copy.db")
	// Without the -shm file, as after a power loss.
	for _, suffix := range []string{"", "-wal"} {
		b, err := os.ReadFile(path + suffix)
		if errors.Is(err, fs.ErrNotExist) {
			continue
		}
		if err == nil {
			err = os.WriteFile(to+suffix, b, 0o600)
		}
		if err != nil {
			t.Fatalf("copy the database: %v", err)
		}
	}
	return to
}

// checkIntegrity has SQLite look for damage.
func checkIntegrity(t *testing.T, path string) {
	t.Helper()
	db := openRaw(t, path)
	defer db.Close()
	var result string
	if err := db.QueryRowContext(t.Context(), "PRAGMA integrity_check").Scan(&result); err != nil || result != "ok" {
		t.Errorf("integrity_check: %s, %v", result, err)
	}
	rows, err := db.QueryContext(t.Context(), "PRAGMA foreign_key_check")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close()
	for rows.Next() {
		t.Error("foreign_key_check finds a row without the one that it names")
	}
	if err := rows.Err(); err != nil {
		t.Error(err)
	}
}

func openRaw(t *testing.T, path string) *sql.DB {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path)
	if err != nil {
		t.Fatal(err)
	}
	return db
}

// checkLog replays the log of an organization in a copy of a database: it comes to
// exactly what is stored.
func checkLog(t *testing.T, path, org string) {
	t.Helper()
	db, err := store.Open(t.Context(), "sqlite:"+path, store.Options{MustExist: true})
	if err != nil {
		t.Fatal(err)
	}
	if err := orghistory.Check(t.Context(), db, directory.OrgID(org)); err != nil {
		t.Errorf("the log is not what is stored: %v", err)
	}
	if err := db.Close(); err != nil {
		t.Error(err)
	}
}

// retold is what a log tells of users.
type retold struct {
	users   map[string]user
	creates int
	removes int
}

// retell replays the log of an organization. Each entry must fit those before
// it, so that every user who is there at the end has exactly one createUser
// more than removeUserFromOrg, and those who are not have as many of both; and
// there is an owner after each.
func retell(ctx context.Context, path, org string) (r retold, err error) {
	db, err := store.Open(ctx, "sqlite:"+path, store.Options{MustExist: true})
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, db.Close()) }()
	r.users = make(map[string]user)
	owners := 0
	err = db.Read(ctx, func(tx directory.Tx) error {
		for e, err := range tx.OrgEntries(directory.OrgID(org), directory.EntryQuery{}) {
			if err != nil {
				return err
			}
			if e.Target.Type != "user" || e.Outcome != directory.Done {
				continue
			}
			change, err := r.apply(e)
			if err != nil {
				return fmt.Errorf("entry %d, %s of %s: %w", e.Position, e.Action, e.Target.ID, err)
			}
			if owners += change; owners == 0 {
				return fmt.Errorf("after entry %d, %s of %s, there is no owner", e.Position, e.Action, e.Target.ID)
			}
		}
		return nil
	})
	return r, err
}

// apply makes the change that an entry tells of, and says by how many the owners
// became more.
func (r *retold) apply(e directory.Entry) (owners int, err error) {
	before, hadBefore, err := entryUser(e.Before)
	if err != nil {
		return 0, err
	}
	after, hasAfter, err := entryUser(e.After)
	if err != nil {
		return 0, err
	}
	was, there := r.users[e.Target.ID]
	if there != hadBefore || was != before {
		return 0, fmt.Errorf("the log before has %+v (%t), the entry %+v (%t)", was, there, before, hadBefore)
	}
	wantBefore, wantAfter := e.Action != directory.OpCreateUser.Name, e.Action != directory.OpRemoveUser.Name
	if hadBefore != wantBefore || hasAfter != wantAfter {
		return 0, fmt.Errorf("before (%t) and after (%t) don't go with the action", hadBefore, hasAfter)
	}
	switch e.Action {
	case directory.OpCreateUser.Name:
		r.creates++
	case directory.OpRemoveUser.Name:
		r.removes++
	}
	if before.Role.ID == "owner" {
		owners--
	}
	delete(r.users, e.Target.ID)
	if hasAfter {
		r.users[e.Target.ID] = after
		if after.Role.ID == "owner" {
			owners++
		}
	}
	return owners, nil
}

func entryUser(b json.RawMessage) (u user, there bool, err error) {
	if b == nil {
		return u, false, nil
	}
	err = json.Unmarshal(b, &u)
	return u, true, err
}
