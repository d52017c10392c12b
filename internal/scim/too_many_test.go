package scim

import (
	"errors"
	"net/http"
	"testing"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/provisioning"
)

// RFC 7644 section 3.12: more than the server is willing to return.
func TestTooManyMembersHaveTheirScimType(t *testing.T) {
	coded, ok := errors.AsType[*directory.Error](error(provisioning.ErrTooManyMembers))
	if !ok {
		t.Fatal("the error has no code")
	}
	if status, body := errorOf(coded); status != http.StatusBadRequest || body.ScimType != tooMany || body.Detail == "" {
		t.Errorf("%d %+v", status, body)
	}
}
