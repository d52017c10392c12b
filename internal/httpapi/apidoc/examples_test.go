package apidoc_test

import (
	"testing"

	"github.com/rosterhq/roster/internal/httpapi/apidoc/apidoctest"
)

// The reference makes calls to paste from the description, so each required query
// parameter and each body needs an example with all required members.
func TestRequestsHaveExamples(t *testing.T) {
	v, err := apidoctest.New()
	if err != nil {
		t.Fatal(err)
	}
	bodies, queries := 0, 0
	for _, op := range v.Operations() {
		for _, p := range op.Query {
			if !p.Required {
				continue
			}
			queries++
			if p.Example == nil {
				t.Errorf("%s: the query parameter %s has no example", op.ID, p.Name)
			}
		}
		if op.Body == nil {
			continue
		}
		bodies++
		if op.Body.Example == nil {
			t.Errorf("%s: the body has no example", op.ID)
		}
		for _, name := range op.Body.Required {
			if _, ok := op.Body.Example[name]; !ok {
				t.Errorf("%s: the body's example lacks %s, which is required", op.ID, name)
			}
		}
	}
	if bodies < 15 || queries < 2 {
		t.Errorf("only %d bodies and %d required query parameters were found", bodies, queries)
	}
}
