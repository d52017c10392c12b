package directory_test

import (
	"bytes"
	"fmt"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
	"github.com/rosterhq/roster/internal/sealing"
	"github.com/rosterhq/roster/internal/webhooks"
)

// sealer seals and prunes w's logs, as another part of the program does.
func (w *world) sealer() *sealing.Sealer { return sealing.New(w.DB, dbtest.Keys(), w.Clock) }

// queue is the queue of w's webhooks.
func (w *world) queue() *webhooks.Queue { return webhooks.NewQueue(w.DB, dbtest.Keys(), w.Clock) }

// seal seals everything there is and returns what could not be sealed.
func (w *world) seal() (failures []error) {
	w.Helper()
	w.Wants("settle", "", w.DB.Settled(w.Context()))
	_ = must(w.sealer().Once(w.Context(), func(err error) { failures = append(failures, err) }))(w)
	return failures
}

// export reads an organization's log as it is shown.
func (w *world) export(org directory.OrgID) []byte { return directorytest.Export(w, w.DB, org) }

// evidence is what a verifier asks the server for.
func (w *world) evidence() audit.Evidence { return directorytest.Evidence(w, w.Trail, w.ByOwner()) }

func (w *world) verify(e audit.Evidence) (audit.Report, error) {
	w.Helper()
	return audit.Verify(w.Context(), bytes.NewReader(w.export(w.Org.ID)), e, func(int64) {})
}

// history writes some entries, sealed a few at a time.
func (w *world) history(n int) {
	w.Helper()
	for i := range n {
		w.Join(fmt.Sprintf("User%d", i), "user")
		if i%3 == 0 {
			if failures := w.seal(); len(failures) > 0 {
				w.Fatal(failures)
			}
		}
	}
	w.seal()
}
