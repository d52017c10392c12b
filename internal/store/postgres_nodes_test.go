package store_test

import (
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
)

// A node goes on beside the migration of the release after it, which only adds;
// and a program of its release starts on what that one has made.
func TestPostgresBesideTheNextRelease(t *testing.T) {
	t.Parallel()
	database := directorytest.Postgres(t)
	db := openPostgres(t, database)
	defer closing(t, db)
	service := directory.NewService(db, dbtest.Keys(), time.Now)
	users := members.NewRoll(service)
	made, err := onboarding.New(service, onboarding.Options{}).Initialize(t.Context(), onboarding.NewDeployment{OrgName: "Acme", OwnerName: "Olivia", OwnerEmail: "o@example.com"})
	if err != nil {
		t.Fatal(err)
	}
	var n atomic.Int64
	work := func() error {
		p, err := service.Authenticate(t.Context(), made.PersonalToken, "")
		if err != nil {
			return err
		}
		call := directory.Call{Principal: p}
		u, err := users.CreateUser(t.Context(), call, members.NewUser{Name: "U", Email: fmt.Sprintf("u%d@example.com", n.Add(1)), Role: "user"})
		if err != nil {
			return err
		}
		_, err = users.UpdateUserRole(t.Context(), call, u.ID, "admin")
		return errors.Join(err, users.RemoveUser(t.Context(), call, u.ID))
	}
	over := make(chan struct{})
	var working sync.WaitGroup
	for range 4 {
		working.Go(func() {
			for {
				select {
				case <-over:
					return
				default:
				}
				if err := work(); err != nil {
					t.Errorf("beside a migration: %v", err)
					return
				}
			}
		})
	}
	goesOn := func() {
		t.Helper()
		before := n.Load()
		await(t, "at work", func() bool { return n.Load() > before+20 || t.Failed() })
	}
	goesOn()
	for _, table := range []string{"orgs", "accounts", "users", "roles", "user_groups", "group_members", "api_tokens", "personal_tokens", "entries", "replays"} {
		dbtest.Exec(t, database, "ALTER TABLE "+table+` ADD COLUMN next_release TEXT COLLATE "C" NOT NULL DEFAULT ''`)
	}
	dbtest.Exec(t, database, "CREATE INDEX CONCURRENTLY next_release ON users (org_id, next_release, id)")
	dbtest.Exec(t, database, "INSERT INTO goose_db_version (version_id, is_applied) VALUES (9999, true)")
	goesOn()
	closing(t, openPostgres(t, database))
	// The contraction comes a release later, when nobody of this one is left.
	dbtest.Exec(t, database, "UPDATE schema_compatibility SET oldest_program = 9999")
	refuses(t, database, "9999", "newer program")
	close(over)
	working.Wait()
}

// with is a URL with one more parameter.
func with(t *testing.T, database, name, value string) string {
	t.Helper()
	u, err := url.Parse(database)
	if err != nil {
		t.Fatal(err)
	}
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = strings.ReplaceAll(q.Encode(), "+", "%20") // libpq takes no + for a space
	return u.String()
}

// TestPostgresStatementTimeout checks that a statement timeout is not reported as the
// caller's error.
func TestPostgresStatementTimeout(t *testing.T) {
	t.Parallel()
	database := directorytest.Postgres(t)
	patient, impatient := openPostgres(t, database), openPostgres(t, with(t, database, "options", "-c statement_timeout=2s"))
	defer closing(t, patient)
	defer closing(t, impatient)
	lock := func(tx directory.Tx) error { return tx.Lock(directory.LockDeployment) }
	err := patient.Write(t.Context(), func(tx directory.Tx) error {
		if err := lock(tx); err != nil {
			return err
		}
		if err := impatient.Write(t.Context(), lock); directory.CodeOf(err) != directory.Unavailable {
			t.Errorf("waiting for a lock: %v, want it to be unavailable", err)
		}
		return nil
	})
	if err := errors.Join(err, impatient.Write(t.Context(), lock)); err != nil {
		t.Errorf("when the lock is free: %v", err)
	}
}

// A node takes no more connections than it may; who finds none waits.
func TestPostgresPoolIsBounded(t *testing.T) {
	t.Parallel()
	database := directorytest.Postgres(t)
	db := openPostgres(t, with(t, database, "pool_max_conns", "3"))
	defer closing(t, db)
	var inside atomic.Int64
	finish := make(chan struct{})
	var reading sync.WaitGroup
	for range 20 {
		reading.Go(func() {
			err := db.Read(t.Context(), func(directory.Tx) error {
				inside.Add(1)
				<-finish
				return nil
			})
			if err != nil {
				t.Errorf("read: %v", err)
			}
		})
	}
	await(t, "reading", func() bool { return inside.Load() >= 2 })
	time.Sleep(200 * time.Millisecond)
	dbtest.Exec(t, database, `DO $$ BEGIN
		ASSERT (SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'roster') <= 3;
	END $$`)
	if n := inside.Load(); n > 3 {
		t.Errorf("%d read at once", n)
	}
	close(finish)
	reading.Wait()
}

// TestPostgresWantsThePrimary checks that the server that accepts writes is chosen from
// several, and that a standby alone is rejected with an error.
func TestPostgresWantsThePrimary(t *testing.T) {
	t.Parallel()
	pair := dbtest.NewPair(t)
	u, err := url.Parse(pair.URL)
	if err != nil {
		t.Fatal(err)
	}
	primary, standby, _ := strings.Cut(u.Host, ",")
	of := func(hosts ...string) string {
		u.Host = strings.Join(hosts, ",")
		return u.String()
	}
	db := openPostgres(t, of(standby, primary))
	if err := db.Write(t.Context(), func(tx directory.Tx) error { return appendEntry(tx, "a") }); err != nil {
		t.Errorf("with the standby first: %v", err)
	}
	closing(t, db)
	refuses(t, of(standby), "can't be reached")
	refuses(t, with(t, of(standby), "target_session_attrs", "any"), "standby")
}
