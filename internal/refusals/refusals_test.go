package refusals_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/directorytest"
)

// refusals are the refused entries since a sequence number.
func refusals(w *directorytest.World, since int64) (list []directory.Entry) {
	w.Helper()
	for _, e := range w.Since(since) {
		if e.Outcome == directory.Refused {
			list = append(list, e)
		}
	}
	return list
}

func TestRefusalsAreWrittenDown(t *testing.T) {
	t.Parallel()
	w := directorytest.New(t)
	nobody := w.Join("Nobody", "none")
	call := w.By(nobody)
	call.TraceID, call.RemoteAddr, call.UserAgent = "trace-1", "192.0.2.7", "test/1"
	last := w.LastEntry()
	target := directory.Target{Type: "user", ID: strings.Repeat("ü\x00", 100)}
	err := w.RemoveUser(t.Context(), call, w.Owner.ID)
	w.Wants("record", "", w.RecordRefusal(t.Context(), call, directory.OpRemoveUser, target, err))
	list := refusals(w, last)
	if len(list) != 1 {
		t.Fatalf("%d entries", len(list))
	}
	e := list[0]
	if e.Action != "removeUserFromOrg" || e.Actor.UserID != nobody.ID || e.Reason != "missing permission users|delete" ||
		e.TraceID != "trace-1" || e.RemoteAddr != "192.0.2.7" || e.UserAgent != "test/1" || len(e.Target.ID) > 100 || strings.Contains(e.Target.ID, "\x00") {
		t.Errorf("%+v", e)
	}
	// Errors that are not refusals are not recorded.
	for _, other := range []error{nil, directory.Errorf(directory.NotFound, "x"), errors.New("x")} {
		w.Wants("record", "", w.RecordRefusal(t.Context(), call, directory.OpRemoveUser, target, other))
	}
	if n := len(refusals(w, last)); n != 1 {
		t.Errorf("%d entries after what is none", n)
	}
	// Nobody fills the log, and what was left out is counted.
	for range 50 {
		w.Wants("record", "", w.RecordRefusal(t.Context(), call, directory.OpRemoveUser, target, err))
	}
	if n := len(refusals(w, last)); n != 10 {
		t.Errorf("%d entries of 51 refusals in a minute, want 10", n)
	}
	w.Pass(time.Minute)
	w.Wants("record", "", w.RecordRefusal(t.Context(), call, directory.OpRemoveUser, target, err))
	list = refusals(w, last)
	if reason := list[len(list)-1].Reason; !strings.Contains(reason, "41 earlier refusals were not recorded") {
		t.Errorf("the next one says %q", reason)
	}
	w.Seal()
	if _, err := w.Verify(directorytest.Evidence(w, w.Trail, w.ByOwner())); err != nil {
		t.Error(err)
	}
}

// The holder of an expired token is identified; a made-up token identifies nobody.
func TestExpiredTokensAreWrittenDown(t *testing.T) {
	t.Parallel()
	w := directorytest.New(t)
	api := directorytest.Must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{Name: "CI", ExpiresAt: w.Clock().Add(time.Hour)}))(t)
	personal := directorytest.Must(w.CreatePersonalToken(t.Context(), w.ByOwner(), credentials.NewPersonalToken{Name: "P", ExpiresAt: w.Clock().Add(time.Hour)}))(t)
	w.Pass(2 * time.Hour)
	last := w.LastEntry()
	for _, secret := range []string{api.Secret, personal.Secret, "xaat-00000000-0000-4000-8000-000000000000"} {
		_, err := w.Authenticate(t.Context(), secret, "")
		w.Wants("authenticate", directory.Unauthenticated, err)
		if err.Error() != "the token is unknown, expired or revoked" {
			t.Errorf("the answer tells more: %v", err)
		}
		if refusal, ok := errors.AsType[*directory.RefusedToken](err); ok {
			w.Wants("record", "", w.RecordRefusedToken(t.Context(), directory.Call{TraceID: "t"}, refusal))
		}
	}
	list := refusals(w, last)
	if len(list) != 2 || list[0].Target.ID != string(api.ID) || list[1].Actor.UserID != w.Owner.ID || list[0].Action != "signIn" {
		t.Errorf("%+v", list)
	}
}
