package usercache

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/VictoriaMetrics/fastcache"
	"pgregory.net/rapid"
)

// A random sequence of changes, checked against maps: a user is found exactly under the
// id, the address and the format that were put last, unless they were dropped.
func TestFindsWhatWasPutLast(t *testing.T) {
	type place struct {
		org, id string
		format  uint8
	}
	type user struct{ email, wire string }
	rapid.Check(t, func(t *rapid.T) {
		c := New()
		users := make(map[place]user)
		hints := make(map[[2]string]string) // ids by organization and address
		org := rapid.SampledFrom([]string{"acme", "acme2", ""})
		id := rapid.SampledFrom([]string{"usr_1", "usr_2", "usr_3"})
		email := rapid.SampledFrom([]string{"jane@example.com", "joe@example.com", "usr_1", ""})
		format := rapid.Uint8Range(0, Formats-1)
		serial := 0
		t.Repeat(map[string]func(*rapid.T){
			"put": func(t *rapid.T) {
				serial++
				at := place{org.Draw(t, "org"), id.Draw(t, "id"), format.Draw(t, "format")}
				u := user{email.Draw(t, "email"), fmt.Sprintf("user %d", serial)}
				k := User{at.org, at.id, u.email}
				c.Put(at.format, k, []byte(u.wire))
				users[at] = u
				if rapid.Bool().Draw(t, "by address") {
					c.PutHint(k)
					hints[[2]string{at.org, u.email}] = at.id
				}
			},
			"drop": func(t *rapid.T) {
				org, id := org.Draw(t, "org"), id.Draw(t, "id")
				c.Drop(org, id)
				for format := range uint8(Formats) {
					delete(users, place{org, id, format})
				}
			},
			"drop an organization": func(t *rapid.T) {
				org := org.Draw(t, "org")
				c.DropOrg(org)
				for at := range users {
					if at.org == org {
						delete(users, at)
					}
				}
				for at := range hints {
					if at[0] == org {
						delete(hints, at)
					}
				}
			},
			"clear": func(*rapid.T) {
				c.Clear()
				clear(users)
				clear(hints)
			},
			"": func(t *rapid.T) {
				for _, org := range []string{"acme", "acme2", "", "unknown"} {
					for format := range uint8(Formats) {
						for _, id := range []string{"usr_1", "usr_2", "usr_3", "jane@example.com"} {
							want, wantOK := users[place{org, id, format}]
							if got, ok := c.ByID(org, format, id); ok != wantOK || string(got) != want.wire {
								t.Fatalf("%s in %q, format %d, is %q, %v; want %q, %v", id, org, format, got, ok, want.wire, wantOK)
							}
						}
						for _, email := range []string{"jane@example.com", "joe@example.com", "usr_1", ""} {
							want, wantOK := users[place{org, hints[[2]string{org, email}], format}]
							wantOK = wantOK && want.email == email
							if got, ok := c.ByEmail(org, format, email); ok != wantOK || (ok && string(got) != want.wire) {
								t.Fatalf("%s in %q, format %d, is %q, %v; want %q, %v", email, org, format, got, ok, want.wire, wantOK)
							}
						}
					}
				}
			},
		})
	})
}

// Users that are too large, and formats that don't exist, are not cached.
func TestPutIgnoresWhatIsTooLarge(t *testing.T) {
	c := New()
	u := User{"acme", "usr_1", "jane@example.com"}
	fits := bytes.Repeat([]byte("x"), MaxUser-2-len(u.Email))
	c.Put(0, u, fits)
	if got, ok := c.ByID(u.Org, 0, u.ID); !ok || !bytes.Equal(got, fits) {
		t.Errorf("the largest user is not cached: %d bytes, %v", len(got), ok)
	}
	c.Put(1, u, append(fits, 'x'))
	c.Put(Formats, u, []byte("x"))
	for format := range uint8(Formats + 1) {
		if _, ok := c.ByID(u.Org, format, u.ID); ok != (format == 0) {
			t.Errorf("format %d is cached: %v", format, ok)
		}
	}
}

// The caller owns what is found: writing to it does not change the cache.
func TestFoundUserIsACopy(t *testing.T) {
	c := New()
	u := User{"acme", "usr_1", "jane@example.com"}
	c.Put(0, u, []byte("Jane"))
	c.PutHint(u)
	for range 2 {
		byID, _ := c.ByID(u.Org, 0, u.ID)
		byEmail, _ := c.ByEmail(u.Org, 0, u.Email)
		if string(byID) != "Jane" || string(byEmail) != "Jane" {
			t.Fatalf("the user is %q by id and %q by address", byID, byEmail)
		}
		byID[0], byEmail[0] = 'X', 'Y'
	}
}

// When the cache is full, the oldest users are evicted, and memory stays bounded.
func TestEvictsTheOldest(t *testing.T) {
	if testing.Short() {
		t.Skip("fills the cache")
	}
	c := New()
	wire := bytes.Repeat([]byte("x"), 3<<10)
	n := maxMemory/len(wire) + 20_000
	user := func(i int) User { return User{"acme", fmt.Sprintf("usr_%d", i), ""} }
	for i := range n {
		copy(wire, user(i).ID)
		c.Put(0, user(i), wire)
	}
	found := 0
	for i := range n {
		got, ok := c.ByID("acme", 0, user(i).ID)
		if ok {
			found++
		}
		if ok && !bytes.HasPrefix(got, []byte(user(i).ID)) || !ok && i > n-1000 {
			t.Fatalf("user %d of %d: %v, %.50q", i, n, ok, got)
		}
	}
	if found == n || found < n/2 {
		t.Errorf("%d of %d users are found", found, n)
	}
	var stats fastcache.Stats
	if c.entries.UpdateStats(&stats); stats.BytesSize > maxMemory {
		t.Errorf("the cache has %d bytes, more than %d", stats.BytesSize, maxMemory)
	}
}

// An organization beyond the bound of organizations drops the users of the others.
func TestOrganizationsAreBounded(t *testing.T) {
	c := New()
	for i := range maxOrgs + 1 {
		c.PutHint(User{fmt.Sprint("org", i), "usr_1", "jane@example.com"})
	}
	if len(c.numbers) != 1 {
		t.Errorf("%d organizations are cached, want 1", len(c.numbers))
	}
}

// While others put, drop and clear, a lookup finds only a user that was put under that id
// and address.
func TestConcurrentUse(t *testing.T) {
	c := New()
	const users, rounds = 50, 2000
	user := func(n int) User { return User{"acme", fmt.Sprintf("usr_%d", n), fmt.Sprintf("user%d@example.com", n)} }
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range rounds {
				n := (i*7 + g) % users
				u := user(n)
				want := bytes.Repeat([]byte(u.ID), 50)
				switch {
				case g == 0 && i%100 == 99:
					c.Clear()
				case g == 1 && i%10 == 9:
					c.Drop("acme", u.ID)
				case g == 2 && i%50 == 49:
					c.DropOrg("acme")
				default:
					c.Put(0, u, want)
					c.PutHint(u)
				}
				byID, ok := c.ByID("acme", 0, u.ID)
				byEmail, ok2 := c.ByEmail("acme", 0, u.Email)
				if ok && !bytes.Equal(byID, want) || ok2 && !bytes.Equal(byEmail, want) {
					t.Errorf("%s is %.60q by id and %.60q by address", u.ID, byID, byEmail)
					return
				}
			}
		})
	}
	all.Wait()
}

func BenchmarkByID(b *testing.B) {
	for _, n := range []int{1000, 1_000_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			c := New()
			ids := make([]string, n)
			wire := bytes.Repeat([]byte("x"), 150)
			for i := range n {
				ids[i] = fmt.Sprintf("usr_%026d", i)
				c.Put(0, User{"acme", ids[i], fmt.Sprintf("user%d@example.com", i)}, wire)
			}
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				if _, ok := c.ByID("acme", 0, ids[i*7919%n]); !ok {
					b.Fatalf("user %d is missing", i*7919%n)
				}
			}
		})
	}
}
