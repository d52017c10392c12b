package provisioning_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/provisioning"
	"github.com/rosterhq/roster/internal/text"
)

// many adds users with profiles to the organization, straight into the store.
func (w *world) many(n int) (ids []directory.UserID) {
	w.Helper()
	for from := 0; from < n; from += 1000 {
		err := w.DB.Write(w.Context(), func(tx directory.Tx) error {
			for i := from; i < min(n, from+1000); i++ {
				name := fmt.Sprintf("%06d", i)
				email := fmt.Sprintf("%s.%s%d@example.com", first[i%len(first)], last[i/7%len(last)], i)
				a, err := tx.EnsureAccount(directory.Account{ID: directory.AccountID("acc_" + name), Email: email, Name: name, CreatedAt: w.Clock()}, text.FoldKey(email))
				if err != nil {
					return err
				}
				u := directory.User{
					ID: directory.UserID("usr_m" + name), OrgID: w.Org.ID, AccountID: a.ID, Email: email, Name: name,
					Role: directory.RoleRef{ID: "user"}, CreatedAt: w.Clock(),
				}
				if err := tx.CreateUser(u, text.FoldKey(email)); err != nil {
					return err
				}
				err = tx.PutProfile(w.Org.ID, u.ID, directory.Profile{
					UserName: email, ExternalID: "ext-" + name, Version: 1, UpdatedAt: w.Clock(),
					Attributes: map[string]any{
						"displayName": name, "title": "Engineer", "name": map[string]any{"givenName": first[i%len(first)], "familyName": last[i/7%len(last)]},
						"emails": []any{map[string]any{"value": email, "primary": true, "type": "work"}},
					},
				})
				if err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			w.Fatal(err)
		}
	}
	for i := range n {
		ids = append(ids, directory.UserID(fmt.Sprintf("usr_m%06d", i)))
	}
	return ids
}

var (
	first = []string{"anna", "bert", "carla", "dimitri", "elif", "fatima", "george", "hanna", "igor", "jane", "kofi"}
	last  = []string{"abara", "becker", "chen", "diaz", "eriksen", "fischer", "garcia", "haddad", "ivanova", "jensen", "kowalski", "lopez", "mendez"}
)

// BenchmarkFind finds users among 100,000.
func BenchmarkFind(b *testing.B) {
	w := newWorld(b)
	const users = 100_000
	w.many(users)
	call := w.call()
	for _, find := range []struct {
		name  string
		where func(i int) directory.Condition
		want  int // at least
	}{
		{"userName eq", func(i int) directory.Condition {
			email := fmt.Sprintf("%s.%s%d@example.com", first[i%len(first)], last[i/7%len(last)], i)
			return compare(directory.Equal, text.FoldKey(email), "userName")
		}, 1},
		{"externalId eq", func(i int) directory.Condition {
			return compare(directory.Equal, fmt.Sprintf("ext-%06d", i), "externalId")
		}, 1},
		{"emails.value eq", func(i int) directory.Condition {
			email := fmt.Sprintf("%s.%s%d@example.com", first[i%len(first)], last[i/7%len(last)], i)
			return directory.Some{Path: directory.Path{"emails"}, Where: compare(directory.Equal, text.FoldKey(email), "value")}
		}, 1},
		{"userName sw, many", func(int) directory.Condition { return compare(directory.StartsWith, "JAN", "userName") }, 100},
		{"userName co, many", func(int) directory.Condition { return compare(directory.Contains, "NSE", "userName") }, 100},
		{"userName co, one", func(i int) directory.Condition {
			return compare(directory.Contains, fmt.Sprintf("%d@EX", i), "userName")
		}, 1},
		{"userName co, none", func(int) directory.Condition { return compare(directory.Contains, "XYZ", "userName") }, 0},
		{"displayName co, none", func(int) directory.Condition { return compare(directory.Contains, "XYZ", "displayName") }, 0},
		{"name.familyName sw, many", func(int) directory.Condition {
			return compare(directory.StartsWith, "CHE", "name", "familyName")
		}, 100},
		{"emails.value co, none", func(int) directory.Condition {
			return directory.Some{Path: directory.Path{"emails"}, Where: compare(directory.Contains, "XYZ", "value")}
		}, 0},
		{"active eq and userName sw, many", func(int) directory.Condition {
			return directory.And{compare(directory.Equal, true, "active"), compare(directory.StartsWith, "KOF", "userName")}
		}, 100},
	} {
		b.Run(find.name, func(b *testing.B) {
			for i := 0; b.Loop(); i++ {
				page, err := w.Provisioner.ListUsers(b.Context(), call, provisioning.Query{ProfileQuery: directory.ProfileQuery{
					Where: find.where(i * 7919 % users), Limit: 100,
				}})
				if err != nil || len(page.Items) < find.want {
					b.Fatalf("%d users, %v", len(page.Items), err)
				}
			}
		})
	}
	b.Run("get", func(b *testing.B) {
		for i := 0; b.Loop(); i++ {
			if _, err := w.Provisioner.GetUser(b.Context(), call, directory.UserID(fmt.Sprintf("usr_m%06d", i*7919%users))); err != nil {
				b.Fatal(err)
			}
		}
	})
}

func compare(op directory.Comparison, value any, path ...string) directory.Condition {
	return directory.Compare{Path: path, Op: op, Value: value}
}

// BenchmarkChangeMember adds a user to a group and takes them out again.
func BenchmarkChangeMember(b *testing.B) {
	for _, size := range []int{50, 50_000} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			w := newWorld(b)
			ids := w.many(size + 1)
			g := directory.Group{ID: "grp_big", OrgID: w.Org.ID, Name: "Big", Managed: true, Members: ids[1:], CreatedAt: time.Now()}
			if err := w.DB.Write(b.Context(), func(tx directory.Tx) error { return tx.CreateGroup(g, "BIG") }); err != nil {
				b.Fatal(err)
			}
			call := w.call()
			for i := 0; b.Loop(); i++ {
				_, err := w.ModifyGroup(b.Context(), call, g.ID, false, func(g provisioning.Group) (provisioning.GroupChange, error) {
					if i%2 == 0 {
						return provisioning.GroupChange{Name: g.Name, Add: ids[:1]}, nil
					}
					return provisioning.GroupChange{Name: g.Name, Remove: ids[:1]}, nil
				})
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
