package directory_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// The cost of a durable write when many wait for the disk together.
func BenchmarkCreateUserParallel(b *testing.B) {
	w := newWorld(b)
	call := w.ByOwner()
	var n atomic.Int64
	b.ReportAllocs()
	b.SetParallelism(32)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			in := members.NewUser{Name: "Jane Doe", Email: fmt.Sprintf("jane%d@example.com", n.Add(1)), Role: "user"}
			if _, err := w.CreateUser(b.Context(), call, in); err != nil {
				b.Error(err)
			}
		}
	})
}

// Measures reading the past of an organization of many users, each of whom
// was made and got another role: of a time before all roles, and of one before the
// last thousand.
func BenchmarkAsOf(b *testing.B) {
	const users = 100_000
	w := newWorld(b)
	org := w.Org.ID
	began := w.now()
	ids := make([]directory.UserID, users)
	number := must(lastNumber(w))(b)
	told := func(tx directory.Tx, at time.Time, u directory.User, before, after string) error {
		state := func(role string) (raw json.RawMessage) {
			if role != "" {
				u.Role = directory.RoleRef{ID: directory.RoleID(role), Name: role}
				raw = must(json.Marshal(u))(b)
			}
			return raw
		}
		number++
		return tx.AppendEntry(directory.Entry{
			At: at, OrgID: org, Sequence: number, Action: "updateUserRole", Target: directory.Target{Type: "user", ID: string(u.ID)},
			Before: state(before), After: state(after),
		})
	}
	tell := func(tx directory.Tx, i int, made bool) error {
		ids[i] = directory.UserID(fmt.Sprintf("usr_%026d", i))
		key := fmt.Sprintf("jane%d@example.com", i)
		a := directory.Account{ID: directory.AccountID(fmt.Sprintf("acc_%026d", i)), Email: key, Name: "Jane Doe", CreatedAt: began}
		u := directory.User{
			ID: ids[i], OrgID: org, AccountID: a.ID, Email: key, Name: a.Name,
			Role: directory.RoleRef{ID: "admin", Name: "admin"}, CreatedAt: began,
		}
		at := began.Add(time.Duration(number) * time.Second)
		if !made {
			return told(tx, at, u, "user", "admin")
		}
		_, err := tx.EnsureAccount(a, key)
		return errors.Join(err, tx.CreateUser(u, key), told(tx, at, u, "", "user"))
	}
	const some = 2000 // a transaction
	for _, made := range []bool{true, false} {
		for from := 0; from < users; from += some {
			err := w.DB.Write(b.Context(), func(tx directory.Tx) error {
				for i := range some {
					if err := tell(tx, from+i, made); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				b.Fatal(err)
			}
		}
	}
	w.Pass(time.Duration(number+1) * time.Second)
	call := w.ByOwner()
	for what, at := range map[string]time.Time{
		"before half": began.Add(users * time.Second), "before 1000": began.Add(time.Duration(number-1000) * time.Second), "now": {},
	} {
		b.Run("access "+what, func(b *testing.B) {
			for b.Loop() {
				if _, err := w.GetUserAccess(b.Context(), call, ids[users/2], at, authz.Query{}); err != nil {
					b.Fatal(err)
				}
			}
		})
		for _, f := range []members.UserFilter{{At: at}, {At: at, Limit: 100}} {
			b.Run(fmt.Sprintf("list %d %s", f.Limit, what), func(b *testing.B) {
				for b.Loop() {
					var l listed
					if _, err := w.ListUsers(b.Context(), call, f, &l); err != nil || len(l.Users) < 100 {
						b.Fatal(len(l.Users), err)
					}
				}
			})
		}
	}
	b.Run("check", func(b *testing.B) {
		for b.Loop() {
			if err := w.CheckLog(b.Context(), org); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func lastNumber(w *world) (number int64, err error) {
	err = w.DB.Read(w.Context(), func(tx directory.Tx) error {
		number, _, err = tx.LastOrgEntry(w.Org.ID)
		return err
	})
	return number, err
}

// The fixed cost of every request.
func BenchmarkAuthenticate(b *testing.B) {
	w := newWorld(b)
	for name, secret := range map[string]string{"api": w.APIToken, "personal": w.Owner.Secret} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := w.Authenticate(b.Context(), secret, w.Org.ID); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

func BenchmarkGetUserWire(b *testing.B) {
	w := newWorld(b)
	call := w.ByOwner()
	b.ReportAllocs()
	for b.Loop() {
		if _, err := w.GetUserWire(b.Context(), call, w.Owner.ID, nameWire); err != nil {
			b.Fatal(err)
		}
	}
}
