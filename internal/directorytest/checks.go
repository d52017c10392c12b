package directorytest

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
)

// Wants checks the outcome of a call: the code of its error, "" for no error.
func (w *World) Wants(what string, code directory.Code, err error) {
	w.Helper()
	if got := Outcome(err); got != code {
		w.Errorf("%s: %q (%v), want %q", what, got, err, code)
	}
}

// Outcome is an error's code. An error without one is a fault of the program, and equal to
// no code.
func Outcome(err error) directory.Code {
	if code := directory.CodeOf(err); err == nil || code != "" {
		return code
	}
	return "fault: " + directory.Code(err.Error())
}

// Refused checks that a call fails with the code, names the field if one is given, and
// leaves the database exactly as it was.
func (w *World) Refused(what string, code directory.Code, field string, try func() error) {
	w.Helper()
	before := w.Tables()
	err := try()
	w.Wants(what, code, err)
	if field != "" {
		if e, ok := err.(*directory.Error); !ok || e.Field != field { //nolint:errorlint // as it is answered
			w.Errorf("%s: %v does not name %q", what, err, field)
		}
	}
	w.Unchanged(what, before)
}

// Unchanged compares the database with what it was.
func (w *World) Unchanged(what string, before map[string][]string) {
	w.Helper()
	after := w.Tables()
	if maps.EqualFunc(before, after, slices.Equal) { // far cheaper than a diff
		return
	}
	w.Errorf("%s: the database has changed (-before +after):\n%s", what, cmp.Diff(before, after))
}

// Tables reads every row of every table, past the store.
func (w *World) Tables() map[string][]string {
	w.Helper()
	return dbtest.Tables(w, w.Database)
}

// NoSecrets looks for the values of tokens and their hashes in the whole log, and for values
// in the whole database.
func (w *World) NoSecrets(issued ...string) {
	w.Helper()
	prefixes := []string{"xaat-", "xapt-", "xclm-", "xsess-", "xlnk-", "whsec_"}
	secrets := slices.Clone(prefixes)
	for _, value := range append(issued, w.APIToken, w.Owner.Secret) {
		if value == "" {
			continue
		}
		h := directory.HashSecret(value)
		secrets = append(secrets, hex.EncodeToString(h[:]), base64.StdEncoding.EncodeToString(h[:]), base64.RawURLEncoding.EncodeToString(h[:]),
			strings.Trim(fmt.Sprint(h), "[]"), strings.ReplaceAll(strings.Trim(fmt.Sprint(h), "[]"), " ", ","), value[5:])
	}
	for _, e := range w.Since(0) {
		line := string(Must(json.Marshal(e))(w))
		for _, secret := range secrets {
			if strings.Contains(line, secret) {
				w.Errorf("the log holds %q: %s", secret, line)
			}
		}
	}
	for table, rows := range w.Tables() {
		for _, row := range rows {
			for _, secret := range prefixes {
				if strings.Contains(row, secret) {
					w.Errorf("table %s holds %q: %s", table, secret, row)
				}
			}
		}
	}
}

// Dead checks that a token is not accepted any more.
func (w *World) Dead(what, secret string) {
	w.Helper()
	for _, org := range []directory.OrgID{"", w.Org.ID} {
		_, err := w.Authenticate(w.Context(), secret, org)
		w.Wants(what, directory.Unauthenticated, err)
	}
}

// Ended checks that a session does not act in an organization any more.
func (w *World) Ended(what, secret string, org directory.OrgID) {
	w.Helper()
	_, err := w.AuthenticateSession(w.Context(), secret, org, "192.0.2.7")
	w.Wants(what, directory.Unauthenticated, err)
}
