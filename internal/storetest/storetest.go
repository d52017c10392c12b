// Package storetest is the conformance suite of [directory.Store]: every engine
// passes the same tests, so that the rest of the program need not know which one
// it runs on.
package storetest

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// Run holds a store against all that [directory.Store] and [directory.Tx]
// promise. open gives a new, empty store each time; the suite closes it.
func Run(t *testing.T, open func(t *testing.T) directory.Store) {
	RunBut(t, "", open)
}

// RunBut is [Run] without the tests whose names begin with but, for what stands
// between a store and its database and can't do them.
func RunBut(t *testing.T, but string, open func(t *testing.T) directory.Store) {
	for _, group := range []struct {
		name  string
		tests []test
	}{
		{"Orgs", orgTests},
		{"Provisions", provisionTests},
		{"Accounts", accountTests},
		{"Users", userTests},
		{"User lists", userListTests},
		{"Roles", roleTests},
		{"Applications", applicationTests},
		{"Limits", limitTests},
		{"Groups", groupTests},
		{"APITokens", apiTokenTests},
		{"PersonalTokens", personalTokenTests},
		{"Sessions", sessionTests},
		{"SignInLinks", signInLinkTests},
		{"Passkeys", passkeyTests},
		{"Issuers", issuerTests},
		{"Domains", domainTests},
		{"Schedules", scheduleTests},
		{"Profiles", profileTests},
		{"Profile queries", profileQueryTests},
		{"Unique", uniqueTests},
		{"Ceremonies", ceremonyTests},
		{"Entries", entryTests},
		{"Replays", replayTests},
		{"Audit", auditTests},
		{"Webhooks", webhookTests},
		{"Mails", mailTests},
		{"Values", valueTests},
		{"Observers", observerTests},
		{"Transactions", transactionTests},
		{"Concurrency", concurrencyTests},
		{"Isolation", isolationTests},
	} {
		t.Run(group.name, func(t *testing.T) {
			for _, test := range group.tests {
				if but != "" && strings.HasPrefix(test.name, but) {
					continue
				}
				t.Run(test.name, func(t *testing.T) {
					t.Parallel() // each has a store of its own
					test.run(opened(t, func() directory.Store { return open(t) }))
				})
			}
		})
	}
}

type test struct {
	name string
	run  func(suite)
}

// suite is one test on one empty store. Functions inside a transaction must
// return their errors: they may run on a goroutine of the store's own, where
// [testing.T.Fatal] would leave the store hanging.
type suite struct {
	*testing.T
	db directory.Store
}

// write runs fn and wants it to be committed.
func (s suite) write(fn func(tx directory.Tx) error) {
	s.Helper()
	if err := s.db.Write(s.Context(), fn); err != nil {
		s.Fatalf("write: %v", err)
	}
}

// fails runs fn and wants an error of the code, "" for one without any.
func (s suite) fails(what string, code directory.Code, fn func(tx directory.Tx) error) {
	s.Helper()
	err := s.db.Write(s.Context(), fn)
	if err == nil || directory.CodeOf(err) != code {
		s.Errorf("%s: error %v with code %q, want code %q", what, err, directory.CodeOf(err), code)
	}
}

// read runs fn and wants no error. All entries there are can be seen.
func (s suite) read(fn func(tx directory.Tx) error) {
	s.Helper()
	settle(s.T, s.db)
	if err := s.db.Read(s.Context(), fn); err != nil {
		s.Fatalf("read: %v", err)
	}
}

// settle waits until the entries of all commits can be seen.
func settle(t *testing.T, db directory.Store) {
	t.Helper()
	if db, ok := db.(interface{ Settled(context.Context) error }); ok {
		if err := db.Settled(t.Context()); err != nil {
			t.Fatalf("settle: %v", err)
		}
	}
}

// got reads one thing.
func got[T any](s suite, fn func(tx directory.Tx) (T, error)) (v T) {
	s.Helper()
	s.read(func(tx directory.Tx) (err error) {
		v, err = fn(tx)
		return err
	})
	return v
}

// missing wants the read to say [directory.NotFound].
func missing[T any](s suite, what string, fn func(tx directory.Tx) (T, error)) {
	s.Helper()
	err := s.db.Read(s.Context(), func(tx directory.Tx) error {
		_, err := fn(tx)
		return err
	})
	if directory.CodeOf(err) != directory.NotFound {
		s.Errorf("%s: error %v, want %s", what, err, directory.NotFound)
	}
}

// equal compares as stored: empty and nil lists are the same.
func (s suite) equal(what string, want, got any) {
	s.Helper()
	if diff := cmp.Diff(want, got, asStored); diff != "" {
		s.Errorf("%s (-want +got):\n%s", what, diff)
	}
}

// asStored compares times to the letter, which == does not do for [time.Time].
var asStored = cmp.Options{
	cmpopts.EquateComparable(netip.Prefix{}),
	cmpopts.IgnoreUnexported(directory.Entry{}),
	cmp.Comparer(func(a, b time.Time) bool { return a.Equal(b) && a.Location() == b.Location() }),
	cmp.Comparer(func(a, b authz.Set) bool { return a.Equal(b) }),
	cmp.FilterValues(func(a, b []directory.UserID) bool { return len(a)+len(b) == 0 }, cmp.Ignore()),
	cmp.FilterValues(func(a, b []directory.RoleID) bool { return len(a)+len(b) == 0 }, cmp.Ignore()),
}

// all is the first error of steps that were run.
func all(steps ...error) error {
	for _, err := range steps {
		if err != nil {
			return err
		}
	}
	return nil
}

// collect reads a sequence to its end or its first error.
func collect[T any](seq func(yield func(T, error) bool)) (list []T, err error) {
	for v, err := range seq {
		if err != nil {
			return list, err
		}
		list = append(list, v)
	}
	return list, nil
}

// soon bounds what must happen without anybody's help.
func (s suite) soon() context.Context {
	ctx, cancel := context.WithTimeout(s.Context(), 2*time.Minute)
	s.Cleanup(cancel)
	return ctx
}

// eventually waits for what takes a moment, and fails if it does not come.
func (s suite) eventually(what string, done func() bool) {
	s.Helper()
	for ctx := s.soon(); !done(); {
		select {
		case <-ctx.Done():
			s.Fatalf("waited in vain for %s", what)
		case <-time.After(5 * time.Millisecond):
		}
	}
}

// await waits for ch, or fails the test if nothing comes.
func (s suite) await(what string, ch <-chan struct{}) {
	s.Helper()
	select {
	case <-ch:
	case <-s.soon().Done():
		s.Fatalf("waited in vain for %s", what)
	}
}

func ids[T ~string](format string, n int) []T {
	list := make([]T, n)
	for i := range list {
		list[i] = T(fmt.Sprintf(format, i))
	}
	return list
}
