package store

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
)

// A page of inactive users is read in the order of an index: it costs the same in a large
// organization as in a small one.
func TestInactiveUsersAreReadInTheOrderOfAnIndex(t *testing.T) {
	opened, err := openEngine(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "roster.db"), Options{}, new(notifier))
	if err != nil {
		t.Fatal(err)
	}
	db := opened.(*sqliteEngine)
	t.Cleanup(func() { closing(t, db) })
	plan := strings.Join(planOf(t, db.read, selectInactive), "\n")
	if !strings.Contains(plan, "SEARCH u USING INDEX users_active (org_id=? AND (active_at,id)>(?,?) AND active_at<?)") || strings.Contains(plan, "TEMP B-TREE") {
		t.Errorf("the plan is\n%s", plan)
	}
}

// Few users of many are found in an index: the organization is not read from end to end.
func TestPagesOfFewUsersAreReadFromAnIndex(t *testing.T) {
	opened, err := openEngine(t.Context(), "sqlite:"+filepath.Join(t.TempDir(), "roster.db"), Options{}, new(notifier))
	if err != nil {
		t.Fatal(err)
	}
	db := opened.(*sqliteEngine)
	t.Cleanup(func() { closing(t, db) })
	for _, q := range []directory.UserQuery{
		{Role: "owner"},
		{Role: "owner", After: "usr_x"},
		{Status: directory.Suspended},
		{Status: directory.Invited},
		{Status: directory.Suspended, Role: "owner"},
		{Group: "grp_x"},
		{Group: "grp_x", Role: "owner"},
		{Group: "grp_x", Status: directory.Invited},
	} {
		where, _ := whereUsers(q, "org", betweenUsers, betweenColumns, 50)
		plan := strings.Join(planOf(t, db.read, fmt.Sprintf(selectPage, where)), "\n")
		if strings.Contains(plan, "users USING PRIMARY KEY (org_id=? AND id>?)") || strings.Contains(plan, "SCAN users") {
			t.Errorf("%+v reads all users:\n%s", q, plan)
		}
	}
}
