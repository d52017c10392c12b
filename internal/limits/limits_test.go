package limits_test

import (
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/limits"
)

// TestEveryLimitIsSetByItsName checks that each limit has a field of its own.
func TestEveryLimitIsSetByItsName(t *testing.T) {
	var l limits.Limits
	for i, name := range limits.Names() {
		if got := l.Of(name); got != 0 {
			t.Errorf("%s is %d before it is set", name, got)
		}
		if err := l.Set([]string{string(name) + "=" + strings.Repeat("1", i%5+1)}); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		if l.Of(name) == 0 {
			t.Errorf("%s is not set", name)
		}
	}
	for _, bad := range []string{"users", "users=-1", "users=many", "houses=1", "=1"} {
		before := l
		if err := l.Set([]string{bad}); err == nil || l != before {
			t.Errorf("%q: %v", bad, err)
		}
	}
}

// TestCheckRefusesOnlyGrowth checks that a limit refuses growth beyond it and nothing else.
func TestCheckRefusesOnlyGrowth(t *testing.T) {
	l := limits.Limits{Roles: 3}
	for _, tt := range []struct {
		name          limits.Name
		before, after int
		want          string
	}{
		{limits.Roles, 2, 3, ""},
		{limits.Roles, 5, 4, ""},
		{limits.Groups, 2, 100, ""},
		{limits.Roles, 3, 4, "this organization has 3 of 3 roles; delete one, or ask the operator to raise --limit roles"},
		{limits.Roles, 1, 4, "this organization would have 4 roles of at most 3; delete one, or ask the operator to raise --limit roles"},
	} {
		if got := l.Check(tt.name, tt.before, tt.after); got != tt.want {
			t.Errorf("%s from %d to %d: %q, want %q", tt.name, tt.before, tt.after, got, tt.want)
		}
	}
}
