package cli

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

// Exit codes, for scripts.
const (
	ExitOK = iota
	ExitFailure
	ExitUsage
	ExitUnauthenticated
	ExitForbidden
	ExitNotFound
	ExitConflict
	ExitRateLimited
	ExitUnavailable
)

// usageError is an error in the arguments or flags of a command.
type usageError struct{ error }

// Unwrap returns the cause.
func (e usageError) Unwrap() error { return e.error }

// Usage marks an error as one in the arguments or flags of a command.
func Usage(err error) error { return usageError{err} }

// codedError is an error with its exit code.
type codedError struct {
	error
	code int
}

// Unwrap returns the cause.
func (e codedError) Unwrap() error { return e.error }

var errNoToken = codedError{errors.New("no token: set ROSTER_TOKEN, give --token-file, or sign in with `roster login`"), ExitUnauthenticated}

func usagef(format string, args ...any) error { return usageError{fmt.Errorf(format, args...)} }

// ExitCode returns the exit code for the error of a command.
func ExitCode(err error) int {
	if err == nil {
		return ExitOK
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return ExitUsage
	}
	if e, ok := errors.AsType[codedError](err); ok {
		return e.code
	}
	for _, k := range kinds {
		if errors.Is(err, k.err) {
			return k.code
		}
	}
	return ExitFailure
}

var kinds = []struct {
	err  error
	code int
}{
	{client.ErrInvalid, ExitUsage},
	{client.ErrUnauthenticated, ExitUnauthenticated},
	{client.ErrForbidden, ExitForbidden},
	{client.ErrNotFound, ExitNotFound},
	{client.ErrConflict, ExitConflict},
	{client.ErrPreconditionFailed, ExitConflict},
	{client.ErrRateLimited, ExitRateLimited},
	{client.ErrUnavailable, ExitUnavailable},
}

// Report formats an error for people, with a hint if there is one.
func Report(w io.Writer, err error) {
	var b strings.Builder
	e, ok := errors.AsType[*client.Error](err)
	text := err.Error()
	if ok && needsOrg(e) { // the server's text is about the header
		text = "you belong to several organizations; name one with --org or ROSTER_ORG (in the API: the header X-Axiom-Org-Id)"
	}
	fmt.Fprintf(&b, "roster: %s\n", visible(oneLine(text)))
	if ok && e.Field != "" && !strings.Contains(e.Message, e.Field) {
		fmt.Fprintf(&b, "  field %s\n", visible(e.Field))
	}
	if hint := hintFor(e); hint != "" {
		fmt.Fprintf(&b, "  hint: %s\n", hint)
	}
	if ok && e.TraceID != "" {
		fmt.Fprintf(&b, "  trace id: %s\n", visible(e.TraceID))
	}
	_, _ = io.WriteString(w, b.String())
}

// oneLine joins the lines of an error's text and drops repetitions.
func oneLine(text string) string {
	var b strings.Builder
	last := ""
	for line := range strings.Lines(text) {
		line = strings.TrimSpace(line)
		if line == "" || line == last {
			continue
		}
		switch {
		case last == "":
		case strings.HasSuffix(last, ":"): // a heading
			b.WriteByte(' ')
		default:
			b.WriteString("; ")
		}
		b.WriteString(line)
		last = line
	}
	return b.String()
}

// needsOrg reports whether an error says that no organization was chosen.
func needsOrg(e *client.Error) bool {
	return e.Status == http.StatusBadRequest && strings.Contains(e.Message, "X-Axiom-Org-Id header must be set")
}

// hintFor returns a hint for an error. e is nil if the error is not from the server.
func hintFor(e *client.Error) string {
	switch {
	case e == nil, e.Status >= 500: // the server was reached, so its URL is right
		return ""
	case needsOrg(e):
		return "`roster orgs list` shows your organizations"
	default:
		return hints[ExitCode(e)]
	}
}

var hints = map[int]string{
	ExitUnauthenticated: "check that the token in ROSTER_TOKEN, --token-file or the profile is the right one and still valid",
	ExitForbidden:       "`roster whoami` shows whose token it is; `roster users access USER` shows what a user may do and why",
	ExitRateLimited:     "wait and try again, or ask the operator for a higher --rate-limit",
	ExitUnavailable:     "check that the server is running and that --url or ROSTER_URL is right",
}

func exitCodes() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "The exit codes, for scripts",
		Long: `The exit codes, for scripts:

  0  done
  1  another failure
  2  invalid command line or request (400, 405, 413, 415, 422)
  3  the token is missing, unknown, expired or revoked (401)
  4  forbidden: the permission is missing, or a rule forbids it (403)
  5  not found (404)
  6  conflicts with the current state (409, 412)
  7  too many requests (429)
  8  the server is unreachable or can't answer now (5xx)`,
	}
}
