package apptest

import (
	"testing"

	"github.com/rosterhq/roster/internal/httpapi/apidoc/apidoctest"
)

// Operations lists every documented operation of the v2 API.
func Operations(t testing.TB) []apidoctest.Operation {
	t.Helper()
	v, err := validator()
	if err != nil {
		t.Fatal(err)
	}
	var all []apidoctest.Operation
	for _, op := range v.Operations() {
		if len(op.Path) > 4 && op.Path[:4] == "/v2/" {
			all = append(all, op)
		}
	}
	return all
}

// Unseen lists the documented answers that no request of this process got yet.
func Unseen() ([]string, error) {
	v, err := validator()
	if err != nil {
		return nil, err
	}
	return v.Unseen(), nil
}
