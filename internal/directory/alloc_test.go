//go:build !race

// The race detector allocates too, so these count only without it.

package directory_test

import (
	"fmt"
	"testing"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// createAllocations is the most that a create by an API token may allocate, its
// transaction and audit entry included. Lower this when you reduce it.
const createAllocations = 204

func TestCreateUserAllocations(t *testing.T) {
	if dbtest.OnPostgres() {
		t.Skip("the budget is for SQLite's writer")
	}
	w := newWorld(t)
	p, err := w.Authenticate(t.Context(), w.APIToken, "")
	if err != nil {
		t.Fatal(err)
	}
	n := 0
	create := func() {
		n++
		in := members.NewUser{Name: "Jane Doe", Email: fmt.Sprintf("jane%d@example.com", n), Role: "user"}
		if _, err := w.CreateUser(t.Context(), directory.Call{Principal: p}, in); err != nil {
			t.Fatal(err)
		}
	}
	least := testing.AllocsPerRun(50, create)
	for range 4 {
		least = min(least, testing.AllocsPerRun(50, create))
	}
	t.Logf("%v allocations", least)
	if least > createAllocations {
		t.Errorf("a create allocates %v times, more than the budget of %d", least, createAllocations)
	}
}
