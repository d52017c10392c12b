package directorytest

import (
	"bytes"
	"fmt"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/sealing"
)

// Sealer seals and prunes the world's logs, as another part of the program does.
func (w *World) Sealer() *sealing.Sealer { return sealing.New(w.DB, dbtest.Keys(), w.Clock) }

// Seal seals everything there is and returns what could not be sealed.
func (w *World) Seal() (failures []error) {
	w.Helper()
	w.Settle()
	Must(w.Sealer().Once(w.Context(), func(err error) { failures = append(failures, err) }))(w)
	return failures
}

// SealedHistory writes some entries, sealed a few at a time.
func (w *World) SealedHistory(n int) {
	w.Helper()
	for i := range n {
		w.Join(fmt.Sprintf("User%d", i), "user")
		if i%3 == 0 {
			if failures := w.Seal(); len(failures) > 0 {
				w.Fatal(failures)
			}
		}
	}
	w.Seal()
}

// Verify verifies the log of the first organization against evidence.
func (w *World) Verify(e audit.Evidence) (audit.Report, error) {
	w.Helper()
	return audit.Verify(w.Context(), bytes.NewReader(w.Export(w.Org.ID)), e, func(int64) {})
}
