package main

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"

	_ "modernc.org/sqlite" // the store's driver
)

// inserted is what came of inserting for a while.
type inserted struct {
	Rows     int
	Elapsed  time.Duration
	P50, P99 time.Duration
}

// serveInserts inserts for as long as each line on stdin says, row by row, each
// on the disk before the next: what a program can do that has nothing else to do.
func serveInserts(ctx context.Context, file string) error {
	// As internal/store opens its own.
	db, err := sql.Open("sqlite", "file:"+file+"?_pragma=journal_mode(WAL)&_pragma=synchronous(FULL)&_pragma=foreign_keys(1)&_pragma=temp_store(MEMORY)")
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // it is thrown away
	db.SetMaxOpenConns(1)
	if _, err := db.ExecContext(ctx, `CREATE TABLE rows (id TEXT NOT NULL PRIMARY KEY, email TEXT NOT NULL, name TEXT NOT NULL,
		role TEXT NOT NULL, created_at INTEGER NOT NULL) STRICT, WITHOUT ROWID`); err != nil {
		return err
	}
	insert, err := db.PrepareContext(ctx, `INSERT INTO rows (id, email, name, role, created_at) VALUES ($1, $2, $3, $4, $5)`)
	if err != nil {
		return err
	}
	defer insert.Close() //nolint:errcheck // same
	fmt.Println("ready")
	n := 0
	for lines := bufio.NewScanner(os.Stdin); lines.Scan(); {
		d, err := time.ParseDuration(lines.Text())
		if err != nil {
			return err
		}
		var took []time.Duration
		begun := time.Now()
		for now := begun; now.Sub(begun) < d; n++ {
			if _, err := insert.ExecContext(ctx, userID(n), newEmail(n), newName(n), "user", now.UnixMicro()); err != nil {
				return err
			}
			end := time.Now()
			took = append(took, end.Sub(now))
			now = end
		}
		result := inserted{Rows: len(took), Elapsed: time.Since(begun)}
		slices.Sort(took)
		result.P50, result.P99 = quantile(took, 0.5), quantile(took, 0.99)
		if err := json.NewEncoder(os.Stdout).Encode(result); err != nil {
			return err
		}
	}
	return nil
}
