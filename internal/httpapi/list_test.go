package httpapi_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// fill adds n users through the service, many at a time, so that they share commits.
func fill(t *testing.T, s *apptest.Server, n int) {
	t.Helper()
	p, err := s.Service.Authenticate(t.Context(), s.APIToken, "")
	if err != nil {
		t.Fatal(err)
	}
	roll := members.NewRoll(s.Service)
	var wg sync.WaitGroup
	for w := range 64 {
		wg.Go(func() {
			for i := w; i < n; i += 64 {
				role := directory.RoleID([]string{"user", "none"}[i%2])
				_, err := roll.CreateUser(t.Context(), directory.Call{Principal: p}, members.NewUser{
					Name: fmt.Sprintf("User %d Müller", i), Email: fmt.Sprintf("User%d@example.com", i), Role: role,
				})
				if err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// store adds n users past the API, in one transaction and without audit entries. It takes
// a fraction of the time of fill.
func store(t *testing.T, s *apptest.Server, n int) {
	t.Helper()
	const together = 1000 // in a transaction, which may take only so long
	for from := 0; from < n; from += together {
		err := s.Store.Write(t.Context(), func(tx directory.Tx) error {
			for i := from; i < min(n, from+together); i++ {
				email := fmt.Sprintf("user%d@example.com", i)
				a := directory.Account{ID: directory.AccountID(fmt.Sprintf("acc_%026d", i)), Email: email, Name: fmt.Sprintf("User %d Müller", i), CreatedAt: time.Unix(1, 0)}
				if _, err := tx.EnsureAccount(a, email); err != nil {
					return err
				}
				u := directory.User{
					ID: directory.UserID(fmt.Sprintf("usr_%026d", i)), OrgID: directory.OrgID(s.OrgID), AccountID: a.ID, Email: email, Name: a.Name,
					Role: directory.RoleRef{ID: "user", Name: "user"}, CreatedAt: a.CreatedAt,
				}
				if err := tx.CreateUser(u, email); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
	}
}

// Pages, one after another, are the whole list.
func TestListPages(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	fill(t, s, 250)
	var all, paged []apptest.User
	s.Want(http.StatusOK, "GET", "/v2/users", as(s.APIToken, "")).Decode(t, &all)
	if len(all) != 251 {
		t.Fatalf("%d users", len(all))
	}
	for path, pages := "/v2/users?limit=100", 0; path != ""; pages++ {
		ans := s.Want(http.StatusOK, "GET", path, as(s.APIToken, ""))
		var page []apptest.User
		ans.Decode(t, &page)
		paged = append(paged, page...)
		path, _, _ = strings.Cut(strings.TrimPrefix(ans.Header.Get("Link"), "<"), ">")
		if path != "" && (len(page) != 100 || !strings.HasSuffix(ans.Header.Get("Link"), `; rel="next"`)) {
			t.Errorf("a page of %d with Link %q", len(page), ans.Header.Get("Link"))
		}
		if pages > 3 {
			t.Fatal("the pages don't end")
		}
	}
	if fmt.Sprint(paged) != fmt.Sprint(all) {
		t.Error("the pages are not the list")
	}
	for query, want := range map[string]int{
		"email=USER7@EXAMPLE.com": 1, "email=nobody@example.com": 0, "role=user": 125, "role=owner": 1, "role=read-only": 0,
		"q=m%C3%9CLLER": 250, "q=user%2017": 11, "q=olivia": 1, "q=zzz": 0, "role=user&limit=1000": 125, "q=user&limit=250": 250,
	} {
		var got []apptest.User
		ans := s.Want(http.StatusOK, "GET", "/v2/users?"+query, as(s.APIToken, ""))
		if ans.Decode(t, &got); len(got) != want || ans.Header.Get("Link") != "" {
			t.Errorf("%s: %d users, Link %q; want %d", query, len(got), ans.Header.Get("Link"), want)
		}
	}
	for _, query := range []string{"limit=0", "limit=1001", "limit=x", "limit=-1", "cursor=x", "cursor=MTp4", "cursor=%00", "limit=%zz"} {
		wantError(t, s.Do("GET", "/v2/users?"+query, as(s.APIToken, "")), 400, "invalid", "")
	}
}

// TestFindByAddressETag checks that the ETag of a user who is found by address stays
// the same while others change, and that a find is the same as a list with that filter.
func TestFindByAddressETag(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	mary := s.CreateUser("Mary", "mary@example.com", "user")
	find := func(tag string) apptest.Answer {
		return s.Do("GET", "/v2/users?email=MARY@example.com", apptest.Request{Token: s.APIToken, Header: map[string]string{"If-None-Match": tag}})
	}
	want := func(tag, body string) string {
		t.Helper()
		ans := find(tag)
		if tag := ans.Header.Get("Etag"); ans.Status != http.StatusOK || string(ans.Body) != body || tag == "" {
			t.Errorf("%d %s with ETag %s, want %s", ans.Status, ans.Body, tag, body)
		}
		return ans.Header.Get("Etag")
	}
	tag := want("", `[{"email":"mary@example.com","id":"`+mary.ID+`","name":"Mary","role":{"id":"user","name":"user"}}]`+"\n")
	joe := s.CreateUser("Joe", "joe@example.com", "user")
	if ans := find(tag); ans.Status != http.StatusNotModified {
		t.Errorf("after another user was added: %d", ans.Status)
	}
	s.Want(http.StatusOK, "PUT", "/v2/users/"+mary.ID+"/role", as(s.PersonalToken, `{"role":"admin"}`))
	tag = want(tag, `[{"email":"mary@example.com","id":"`+mary.ID+`","name":"Mary","role":{"id":"admin","name":"admin"}}]`+"\n")
	s.Want(http.StatusNoContent, "DELETE", "/v2/users/"+mary.ID, as(s.PersonalToken, ""))
	tag = want(tag, "[]\n")
	s.Want(http.StatusNoContent, "DELETE", "/v2/users/"+joe.ID, as(s.PersonalToken, ""))
	if ans := find(tag); ans.Status != http.StatusNotModified {
		t.Errorf("nobody has the address still: %d", ans.Status)
	}
	again := s.CreateUser("Mary", "Mary@example.com", "user")
	want(tag, `[{"email":"Mary@example.com","id":"`+again.ID+`","name":"Mary","role":{"id":"user","name":"user"}}]`+"\n")
}

// The list's ETag is its version's: it holds until anything in it changes.
func TestListETag(t *testing.T) {
	t.Parallel()
	s := apptest.Start(t)
	get := func(header ...string) apptest.Answer {
		rq := apptest.Request{Token: s.APIToken, Header: map[string]string{}}
		for i := 0; i < len(header); i += 2 {
			rq.Header[header[i]] = header[i+1]
		}
		return s.Do("GET", "/v2/users", rq)
	}
	plain := get("Accept-Encoding", "identity").Header.Get("Etag")
	zipped := get("Accept-Encoding", "gzip").Header.Get("Etag")
	if plain == "" || zipped != strings.TrimSuffix(plain, `"`)+`-gzip"` {
		t.Errorf("ETags %s and %s", plain, zipped)
	}
	for _, tag := range []string{plain, zipped, "W/" + plain} {
		for _, encoding := range []string{"identity", "gzip"} {
			if ans := get("If-None-Match", tag, "Accept-Encoding", encoding); ans.Status != http.StatusNotModified {
				t.Errorf("If-None-Match %s: %d", tag, ans.Status)
			}
		}
	}
	s.Want(http.StatusOK, "PUT", "/v2/user", as(s.PersonalToken, `{"name":"Olivia O."}`))
	if ans := get("If-None-Match", plain); ans.Status != http.StatusOK || !bytes.Contains(ans.Body, []byte("Olivia O.")) {
		t.Errorf("after a change: %d %s", ans.Status, ans.Body)
	}
}

// A long list takes no more memory than a short one.
func TestListStreams(t *testing.T) { // not parallel: it measures the heap
	if testing.Short() {
		t.Skip("makes 30,000 users")
	}
	s := apptest.Start(t)
	store(t, s, 30_000)
	read := func() (n int64) {
		rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v2/users", nil)
		if err != nil {
			t.Fatal(err)
		}
		rq.Header.Set("Authorization", "Bearer "+s.APIToken)
		rq.Header.Set("Accept-Encoding", "identity")
		resp, err := http.DefaultClient.Do(rq)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		buf := make([]byte, 64<<10)
		var most uint64
		for {
			k, err := resp.Body.Read(buf)
			n += int64(k)
			var m runtime.MemStats
			if n%(1<<20) < int64(k) { // about once in a megabyte
				runtime.GC()
				runtime.ReadMemStats(&m)
				most = max(most, m.HeapAlloc)
			}
			if err == io.EOF {
				t.Logf("%d bytes with at most %d KiB of heap", n, most>>10)
				if most > 24<<20 {
					t.Errorf("the heap grew to %d MiB", most>>20)
				}
				return n
			}
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	if n := read(); n < 3_000_000 {
		t.Errorf("only %d bytes", n)
	}
	// A client that leaves midway holds nothing up.
	rq, err := http.NewRequestWithContext(t.Context(), http.MethodGet, s.URL+"/v2/users", nil)
	if err != nil {
		t.Fatal(err)
	}
	rq.Header.Set("Authorization", "Bearer "+s.APIToken)
	resp, err := http.DefaultClient.Do(rq)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	s.CreateUser("After", "after@example.com", "none")
}
