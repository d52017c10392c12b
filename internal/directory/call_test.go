package directory_test

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/onboarding"
)

// TestErrorsWithoutCodeNameTheOperation checks that errors which are only logged start
// with the operation's name, once, and that errors with a code stay as they are.
func TestErrorsWithoutCodeNameTheOperation(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	call := w.ByOwner()
	canceled, cancel := context.WithCancel(t.Context())
	cancel()
	dry := call
	dry.DryRun = new(access.Diff)
	in := members.NewUser{Name: "Jane", Email: "jane@example.com", Role: "user"}
	for name, try := range map[string]func(context.Context) error{
		"createUser": func(ctx context.Context) error { return second(w.CreateUser(ctx, call, in)) },
		"updateUserRole": func(ctx context.Context) error {
			return second(w.UpdateUserRole(ctx, dry, w.Owner.ID, "user"))
		},
		"getRoleById": func(ctx context.Context) error { return second(w.GetRole(ctx, call, "none such")) },
		"getUsers": func(ctx context.Context) error {
			return second(w.ListUsers(ctx, call, members.UserFilter{}, &listed{}))
		},
		"claimOrg": func(ctx context.Context) error {
			return second(w.ClaimOrg(ctx, call, onboarding.NewClaim{Claim: "none"}))
		},
	} {
		err := try(canceled)
		if !errors.Is(err, context.Canceled) || !strings.HasPrefix(err.Error(), name+": ") || strings.Count(err.Error(), name) != 1 {
			t.Errorf("%s: %v", name, err)
		}
	}
	err := second(w.GetRole(t.Context(), call, "none such"))
	if err == nil || strings.Contains(err.Error(), "getRole") || directory.CodeOf(err) != directory.NotFound {
		t.Errorf("an error with a code: %v", err)
	}
}
