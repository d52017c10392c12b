package main

import (
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/store"
)

// organisation is a database with users to ask for.
type organisation struct {
	database string
	org      directory.OrgID
	token    string   // of an API token with all organisation capabilities
	ids      []string // of users to ask for
	tokens   []string // to ask for each of them with; nil for the one above
}

// What the users are made of. Within an organisation of up to ten million,
// all are of one length, and so are their representations.
func userID(n int) string   { return fmt.Sprintf("usr_06h0benchm%016d", n) }
func newName(n int) string  { return fmt.Sprintf("Jane Doe %07d", n) }
func newEmail(n int) string { return fmt.Sprintf("jane.doe.%07d@example.com", n) }

// seedBatch is how many users are written together.
const seedBatch = 5000

// seed makes an organisation with so many users besides its owner, in a new SQLite
// database. They are put into the store directly, without audit entries: those of
// creates are measured where creates are.
func (l *lab) seed(ctx context.Context, name string, users int) (organisation, error) {
	return l.seedIn(ctx, "sqlite:"+filepath.Join(l.dir, name+".db"), users)
}

// seedIn is seed for a database that may be any.
func (l *lab) seedIn(ctx context.Context, database string, users int) (o organisation, err error) {
	o.database = database
	db, err := store.Open(ctx, database, store.Options{})
	if err != nil {
		return o, err
	}
	keys, err := l.keys()
	if err != nil {
		return o, errors.Join(err, db.Close())
	}
	d, err := directory.NewService(db, keys, time.Now).Initialise(ctx, directory.NewDeployment{
		OrgName: "Bench", OwnerName: "Olivia Owner", OwnerEmail: "owner@example.com",
	})
	if err := errors.Join(err, db.Close()); err != nil {
		return o, err
	}
	o.org, o.token = d.Org.ID, d.APIToken
	for n := range users {
		o.ids = append(o.ids, userID(n))
	}
	return o, l.fill(ctx, o.database, users, func(tx directory.Tx, n int) error { return addUser(tx, o.org, n) })
}

func addUser(tx directory.Tx, org directory.OrgID, n int) error {
	account := directory.Account{
		ID: directory.AccountID(fmt.Sprintf("acc_06h0benchm%016d", n)), Email: newEmail(n), Name: newName(n), CreatedAt: time.Now(),
	}
	key := strings.ToUpper(account.Email)
	if _, err := tx.EnsureAccount(account, key); err != nil {
		return err
	}
	return tx.CreateUser(directory.User{
		ID: directory.UserID(userID(n)), OrgID: org, AccountID: account.ID, Email: account.Email, Name: account.Name,
		Role: directory.RoleRef{ID: authz.RoleUser, Name: authz.RoleUser}, CreatedAt: account.CreatedAt,
	}, key)
}
