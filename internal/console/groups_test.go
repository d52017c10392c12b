package console_test

import (
	"fmt"
	"html"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/roles"
)

func TestMembersAreListedInPagesAndFound(t *testing.T) {
	s := newSite(t)
	var members []directory.UserID
	for i := range 60 {
		s.Pass(time.Millisecond) // ids of the same millisecond have no order
		members = append(members, s.add(fmt.Sprintf("User %02d", i), fmt.Sprintf("u%02d@example.com", i), "user").ID)
	}
	s.Pass(time.Millisecond)
	s.add("User Else", "else@example.com", "user")
	group := directorytest.Must(s.CreateGroup(t.Context(), s.call(s.Owner), roles.NewGroup{Name: "All", Members: &members}))(t)
	here := s.path("groups/" + string(group.ID))
	first := s.get(s.Owner, here).wants(t, http.StatusOK, "Search 60 members", "User 00", "User 49", "Show more")
	first.lacks(t, "User 50", "User Else")
	_, rest, _ := strings.Cut(first.Body, `hx-get="`+here+`/members?`)
	query, _, _ := strings.Cut(rest, `"`)
	second := s.get(s.Owner, here+"/members?"+html.UnescapeString(query), "HX-Request", "true").wants(t, http.StatusOK, "User 50", "User 59")
	second.lacks(t, "User 49", "User Else", "Show more", "<html")
	s.get(s.Owner, here+"?member=u5").wants(t, http.StatusOK, "User 50", "User 59").lacks(t, "User 05", "User Else")
	s.get(s.Owner, here+"/members?member=else", "HX-Request", "true").wants(t, http.StatusOK, "No member matches")
	s.get(s.member("Nel", "nel@example.com", "none"), here+"/members").wants(t, http.StatusForbidden)
}
