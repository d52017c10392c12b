package cli

import (
	"errors"
	"fmt"
	"io"
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

// usageError is a command that was called wrongly.
type usageError struct{ error }

// Unwrap gives what was wrong.
func (e usageError) Unwrap() error { return e.error }

// Usage marks an error as one of how a command was called.
func Usage(err error) error { return usageError{err} }

// ExitCode is the exit code for the error of a command.
func ExitCode(err error) int {
	if err == nil {
		return ExitOK
	}
	if _, ok := errors.AsType[usageError](err); ok {
		return ExitUsage
	}
	e, ok := errors.AsType[*client.Error](err)
	if !ok {
		return ExitFailure
	}
	switch {
	case e.Status == 0 || e.Status >= 500:
		return ExitUnavailable
	case e.Status == 401:
		return ExitUnauthenticated
	case e.Status == 403:
		return ExitForbidden
	case e.Status == 404:
		return ExitNotFound
	case e.Status == 409 || e.Status == 412:
		return ExitConflict
	case e.Status == 429:
		return ExitRateLimited
	default:
		return ExitUsage
	}
}

// Report tells a person what went wrong and, where it helps, what to do.
func Report(w io.Writer, err error) {
	var b strings.Builder
	fmt.Fprintf(&b, "roster: %s\n", visible(err.Error()))
	if e, ok := errors.AsType[*client.Error](err); ok {
		if hint := hints[ExitCode(err)]; hint != "" {
			b.WriteString("  " + hint + "\n")
		}
		if e.TraceID != "" {
			b.WriteString("  trace id " + e.TraceID + "\n")
		}
	}
	_, _ = io.WriteString(w, b.String())
}

var hints = map[int]string{
	ExitUnauthenticated: "is ROSTER_TOKEN, --token-file or the profile's token the right one, and has it not expired?",
	ExitForbidden:       "`roster whoami` tells who you are here, `roster users access` what somebody may do and why",
	ExitUnavailable:     "is the server running, and --url or ROSTER_URL right?",
}

func exitCodes() *cobra.Command {
	return &cobra.Command{
		Use:   "exit-codes",
		Short: "The exit codes, for scripts",
		Long: `The exit codes, for scripts:

  0  done
  1  another failure
  2  called wrongly, or refused as invalid (400, 413, 415, 422)
  3  the token is missing, unknown, expired or revoked (401)
  4  the permission is missing, or a rule refuses it (403)
  5  not found (404)
  6  the state as it is refuses the change (409, 412)
  7  too many requests (429)
  8  the server can't be reached, or can't answer now (5xx)`,
	}
}
