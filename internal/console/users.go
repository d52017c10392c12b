package console

import (
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// usersPage lists the users of the organization, a page at a time.
var usersPage = page{
	about: "user",
	path:  "users", name: "users", title: "Users", menu: "u", needs: []directory.Operation{directory.OpListUsers},
	show:  showUsers,
	parts: map[string]func(*request) (any, error){"rows": showUserRows},
	actions: map[string]action{
		"invite": {directory.OpCreateUser, inviteUser},
	},
}

const (
	// usersShown is how many users a page shows before it offers more.
	usersShown = 50
	// searchSteps is how often a request goes on with a search that has found too few. Each
	// step examines a bounded number of users, so the answer is there within a bounded time.
	searchSteps = 2
)

// usersData is a part of the list.
type usersData struct {
	Users    []directory.User
	Roles    []roleUse
	Text     string
	Role     string
	Status   string
	Inactive string                         // for how many days; "" for any
	Active   map[directory.UserID]time.Time // when users were last active; not of the past
	At       time.Time                      // zero: now
	AtText   string                         // as it was typed
	First    bool                           // the part is the list's beginning
	More     string                         // the rest of the list's path; "" if there is none
	Searched bool                           // the rest has to be searched before there is anything to show
}

// Filtered reports whether the list leaves out users.
func (d usersData) Filtered() bool {
	return d.Text != "" || d.Role != "" || d.Status != "" || d.Inactive != ""
}

func showUsers(rq *request) (any, error) {
	d, err := listUsers(rq)
	if err != nil {
		return nil, err
	}
	d.Roles, err = rq.roles()
	return d, err
}

func showUserRows(rq *request) (any, error) {
	d, err := listUsers(rq)
	if err == nil && d.First {
		rq.w.Header().Set("HX-Replace-Url", rq.path("users")+d.query(""))
	}
	return d, err
}

// listUsers reads the part of the list that the query asks for.
func listUsers(rq *request) (d usersData, err error) {
	q := rq.URL.Query()
	after := directory.UserID(q.Get("after"))
	d = usersData{Text: strings.TrimSpace(q.Get("q")), Role: q.Get("role"), Status: q.Get("status"), Inactive: q.Get("inactive"), AtText: q.Get("at"), First: after == ""}
	if d.At, err = parseAt(d.AtText); err != nil {
		return d, err
	}
	if status := directory.UserStatus(d.Status); d.Status != "" && !status.Known() {
		return d, directory.InvalidField("status", "must be active, suspended or invited")
	}
	f := members.UserFilter{Text: d.Text, Role: directory.RoleID(d.Role), Status: directory.UserStatus(d.Status), At: d.At, After: after}
	if f.InactiveSince, err = inactiveSince(d.Inactive, rq.now()); err != nil {
		return d, err
	}
	if d.Users, after, err = rq.findUsers(f, usersShown); err != nil {
		return d, err
	}
	if after != "" {
		d.Searched = len(d.Users) < usersShown
		d.More = d.query(string(after))
	}
	if d.At.IsZero() {
		d.Active, err = rq.activity(d.Users)
	}
	return d, err
}

// inactivities are for how many days users may have been inactive.
var inactivities = []string{"30", "90", "180", "365"}

// inactiveSince is the time since which users have been inactive who were for a number of
// days.
func inactiveSince(days string, now time.Time) (time.Time, error) {
	if days == "" {
		return time.Time{}, nil
	}
	n, err := strconv.Atoi(days)
	if err != nil || n < 1 || n > 10_000 {
		return time.Time{}, directory.InvalidField("inactive", "is not a number of days")
	}
	return now.AddDate(0, 0, -n), nil
}

// query is the query of the list from a user on.
func (d usersData) query(after string) string {
	q := make(url.Values)
	for name, value := range map[string]string{"q": d.Text, "role": d.Role, "status": d.Status, "inactive": d.Inactive, "at": d.AtText, "after": after} {
		if value != "" {
			q.Set(name, value)
		}
	}
	if len(q) == 0 {
		return ""
	}
	return "?" + q.Encode()
}

// parseAt reads a time as a field of the type datetime-local gives it, in UTC.
func parseAt(text string) (time.Time, error) {
	if text == "" {
		return time.Time{}, nil
	}
	for _, layout := range []string{"2006-01-02T15:04", "2006-01-02T15:04:05", time.RFC3339Nano} {
		if t, err := time.Parse(layout, text); err == nil {
			return t, nil
		}
	}
	return time.Time{}, directory.InvalidField("at", "is not a time such as 2026-01-31T12:00")
}

// findUsers lists up to some users. after is where the list goes on; "" if that were all.
func (rq *request) findUsers(f members.UserFilter, most int) (users []directory.User, after directory.UserID, err error) {
	found := foundUsers{}
	for range searchSteps {
		f.Limit = most - len(found.users)
		if f.After, err = rq.console.Members.ListUsers(rq.Context(), rq.call, f, &found); err != nil {
			return nil, "", err
		}
		if f.After == "" || len(found.users) == most {
			break
		}
	}
	return found.users, f.After, nil
}

// foundUsers collects users.
type foundUsers struct{ users []directory.User }

func (*foundUsers) Begin(string) error { return nil }
func (*foundUsers) Changed()           {}
func (*foundUsers) Flush() error       { return nil }

func (f *foundUsers) User(u directory.User) error {
	f.users = append(f.users, u)
	return nil
}

func inviteUser(rq *request) (outcome, error) {
	in := members.NewUser{
		Name: strings.TrimSpace(rq.PostForm.Get("name")), Email: strings.TrimSpace(rq.PostForm.Get("email")), Role: directory.RoleID(rq.PostForm.Get("role")),
	}
	if in.Name == "" { // most people are invited by address alone
		in.Name, _, _ = strings.Cut(in.Email, "@")
	}
	u, err := rq.console.Members.CreateUser(rq.Context(), rq.call, in)
	if err != nil {
		return outcome{}, err
	}
	n := note{Text: u.Email + " was added"}
	if u.Invited {
		n = note{Text: u.Email + " was invited", Undo: "users/" + string(u.ID) + "/revoke"}
	}
	return outcome{to: "users/" + string(u.ID), note: n}, nil
}
