package applications_test

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
)

// The log leads to applications, their credentials, and what roles and tokens hold in them.
func TestLogLeadsToApplications(t *testing.T) {
	t.Parallel()
	w := directorytest.New(t)
	apply(w, applications.How{}, "read", "approve")
	issued := directorytest.Must(w.IssueCredential(t.Context(), "", "billing"))(t)
	w.Role("Clerk", "app:billing:invoice:*|approve", "app:billing:invoice:2026-*|read")
	w.Token("app:billing:invoice:2026-*|read", "app:billing:invoice:*|approve")
	wiki := billing("read")[0]
	wiki.ID = "wiki"
	for _, id := range []directory.AppID{"wiki", "gone"} {
		wiki.ID = id
		directorytest.Must(w.CreateApplication(t.Context(), w.ByOwner(), wiki))(t)
		directorytest.Must(w.CreateCredential(t.Context(), w.ByOwner(), id))(t)
	}
	second := directorytest.Must(w.CreateCredential(t.Context(), w.ByOwner(), "wiki"))(t)
	w.Wants("delete a credential", "", w.DeleteCredential(t.Context(), w.ByOwner(), "wiki", second.ID))
	w.Wants("delete with its credential", "", w.DeleteApplication(t.Context(), w.ByOwner(), "gone", false))
	apply(w, applications.How{Force: true}, "read")
	both := []directory.OrgID{w.Org.ID, directory.DeploymentLog}
	for _, org := range both {
		w.Wants("check "+string(org), "", w.CheckLog(t.Context(), org))
	}
	// A change behind the log's back is found.
	set := func(table, column, where string) [2]string {
		return [2]string{
			`UPDATE ` + table + ` SET ` + column + ` = ` + column + ` + 1000000 WHERE ` + where,
			`UPDATE ` + table + ` SET ` + column + ` = ` + column + ` - 1000000 WHERE ` + where,
		}
	}
	for what, c := range map[string]struct {
		org   directory.OrgID
		forge [2]string // and what undoes it
	}{
		"an own application":           {w.Org.ID, set("applications", "created_at", "id = 'wiki'")},
		"one of the deployment":        {directory.DeploymentLog, set("applications", "updated_at", "id = 'billing'")},
		"an own credential":            {w.Org.ID, set("app_credentials", "created_at", "app_id = 'wiki'")},
		"a credential of the operator": {directory.DeploymentLog, set("app_credentials", "created_at", "id = '"+string(issued.ID)+"'")},
		"one that nobody made": {w.Org.ID, [2]string{
			`INSERT INTO applications (org_id, id, name, types, paths, subjects, created_at, updated_at) VALUES ('` + string(w.Org.ID) + `', 'forged', 'F', '{}', '[]', '', 1, 1)`,
			`DELETE FROM applications WHERE id = 'forged'`,
		}},
		"what a role holds": {w.Org.ID, [2]string{
			`UPDATE roles SET capabilities = replace(capabilities, '2026-*', '2027-*')`,
			`UPDATE roles SET capabilities = replace(capabilities, '2027-*', '2026-*')`,
		}},
		"what a token holds": {w.Org.ID, [2]string{
			`UPDATE api_tokens SET capabilities = replace(capabilities, '2026-*', '2027-*')`,
			`UPDATE api_tokens SET capabilities = replace(capabilities, '2027-*', '2026-*')`,
		}},
	} {
		dbtest.Exec(t, w.Database, c.forge[0])
		if err := w.CheckLog(t.Context(), c.org); err == nil {
			t.Errorf("%s: the log still leads to it", what)
		}
		dbtest.Exec(t, w.Database, c.forge[1])
		w.Wants("check after "+what, "", w.CheckLog(t.Context(), c.org))
	}
}

// The access of a past time has what somebody held in applications then, also if the
// application does not define it any more.
func TestPastAccessInApplications(t *testing.T) {
	t.Parallel()
	w := directorytest.New(t)
	apply(w, applications.How{}, "read", "approve")
	clerk := w.Join("Clerk", w.Role("Clerk", "app:billing:invoice:2026-*|approve").ID)
	w.Group("Readers", []directory.UserID{clerk.ID}, w.Role("Reader", "app:billing:invoice:*|read").ID)
	at := w.Clock()
	access := func(at time.Time) string {
		a := directorytest.Must(w.GetUserAccess(t.Context(), w.ByOwner(), clerk.ID, at, authz.Query{}))(t)
		var held []string
		for _, c := range a.Capabilities {
			if c.Scope == authz.ScopeApp {
				held = append(held, fmt.Sprint(c.Key, " by ", c.Paths[0].Role.Name))
			}
		}
		return strings.Join(held, ", ")
	}
	want := access(time.Time{})
	if !strings.Contains(want, "approve") || !strings.Contains(want, "read") {
		t.Fatalf("holds %q", want)
	}
	w.Pass(time.Hour)
	apply(w, applications.How{Force: true}, "read")
	w.Pass(time.Hour)
	directorytest.Must(w.Remove(t.Context(), "", "billing", applications.How{Force: true}))(t)
	if got := access(time.Time{}); got != "" {
		t.Errorf("still holds %q", got)
	}
	if got := access(at); got != want {
		t.Errorf("held %q, want %q", got, want)
	}
}
