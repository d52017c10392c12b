package httpapi_test

import (
	"testing"

	"github.com/rosterhq/roster/internal/apptest"
	"github.com/rosterhq/roster/internal/directory"
)

// entriesWith reads the entries of a trace id past the API.
func entriesWith(t *testing.T, s *apptest.Server, trace string) (found []directory.Entry) {
	t.Helper()
	err := s.Store.Read(t.Context(), func(tx directory.Tx) error {
		for e, err := range tx.OrgEntries(directory.OrgID(s.OrgID), directory.EntryQuery{}) {
			if err != nil {
				return err
			}
			if e.TraceID == trace {
				found = append(found, e)
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}
