package cli

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

// TestEveryCommandIsExplained also keeps --dry-run on what writes and --yes on
// what deletes.
func TestEveryCommandIsExplained(t *testing.T) {
	t.Parallel()
	root := &cobra.Command{Use: "roster"}
	root.AddCommand(Commands()...)
	reads := "list temporary-roles credentials get show status check received created usage expiring access deliveries whoami login limits healthcheck exit-codes set use delete tail export events checkpoint keys verify"
	var walk func(c *cobra.Command)
	walk = func(c *cobra.Command) {
		if c.Short == "" || c.Long == "" || (c.Example == "" && c.RunE != nil) {
			t.Errorf("%s has no short, no long description or no example", c.CommandPath())
		}
		if !strings.Contains(c.Example, c.CommandPath()) && c.RunE != nil {
			t.Errorf("the example of %s is of something else: %s", c.CommandPath(), c.Example)
		}
		isProfile := strings.HasPrefix(c.CommandPath(), "roster profile")
		if c.Name() == "delete" && !isProfile && (c.Flags().Lookup("yes") == nil || c.Flags().Lookup("dry-run") == nil) {
			t.Errorf("%s lacks --yes or --dry-run", c.CommandPath())
		}
		writes := !c.HasSubCommands() && (c.Name() == "delete" || c.CommandPath() == "roster domains verify" || !slices.Contains(strings.Fields(reads), c.Name())) && !isProfile
		if c.CommandPath() == "roster users tokens" || c.CommandPath() == "roster users sessions" {
			writes = false
		}
		if writes != (c.Flags().Lookup("dry-run") != nil) {
			t.Errorf("%s: --dry-run is there: %t", c.CommandPath(), !writes)
		}
		if c.Flags().Lookup("token") != nil {
			t.Errorf("%s takes a token on the command line", c.CommandPath())
		}
		for _, sub := range c.Commands() {
			walk(sub)
		}
	}
	for _, c := range root.Commands() {
		walk(c)
	}
}

func TestExitCode(t *testing.T) {
	t.Parallel()
	if got := ExitCode(nil); got != ExitOK {
		t.Errorf("none: %d", got)
	}
	if got := ExitCode(errors.New("x")); got != ExitFailure {
		t.Errorf("other: %d", got)
	}
	if got := ExitCode(fmt.Errorf("wrapped: %w", Usage(errors.New("x")))); got != ExitUsage {
		t.Errorf("usage: %d", got)
	}
	for status, want := range map[int]int{
		0: ExitUnavailable, 400: ExitUsage, 401: ExitUnauthenticated, 403: ExitForbidden, 404: ExitNotFound, 405: ExitUsage,
		409: ExitConflict, 412: ExitConflict, 413: ExitUsage, 415: ExitUsage, 422: ExitUsage, 429: ExitRateLimited,
		500: ExitUnavailable, 502: ExitUnavailable, 503: ExitUnavailable, 302: ExitFailure,
	} {
		if got := ExitCode(fmt.Errorf("wrapped: %w", &client.Error{Status: status})); got != want {
			t.Errorf("%d: %d, want %d", status, got, want)
		}
	}
}

func TestReportShowsFieldHintAndTrace(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	Report(&b, &client.Error{Status: 403, Message: "no\x1b[2J", Field: "role", TraceID: "abc"})
	want := "roster: no\\x1b[2J\n  field role\n  hint: " + hints[ExitForbidden] + "\n  trace id: abc\n"
	if diff := cmp.Diff(want, b.String()); diff != "" {
		t.Error(diff)
	}
}

// A hint is given only where it may help.
func TestHints(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		err  error
		hint string
	}{
		{&client.Error{Message: "connection refused"}, hints[ExitUnavailable]},
		{&client.Error{Status: 500, Message: "internal error"}, ""},
		{&client.Error{Status: 503, Message: "not now"}, ""},
		{&client.Error{Status: 400, Message: "the X-Axiom-Org-Id header must be set"}, "`roster orgs list` shows your organizations"},
		{&client.Error{Status: 422, Message: "no"}, ""},
		{errors.New("no"), ""},
	} {
		var b bytes.Buffer
		Report(&b, c.err)
		_, hint, _ := strings.Cut(b.String(), "  hint: ")
		if got := strings.TrimSpace(hint); got != c.hint {
			t.Errorf("%v: hint %q, want %q", c.err, got, c.hint)
		}
	}
}

func TestReportIsOneLine(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"can't connect:\n\ta: refused\n\tb: refused\n\tb: refused": "can't connect: a: refused; b: refused",
		"one\r\ntwo\n": "one; two",
		"a\tb":         `a\tb`,
	} {
		var b bytes.Buffer
		if Report(&b, errors.New(in)); b.String() != "roster: "+want+"\n" {
			t.Errorf("%q: %q", in, b.String())
		}
	}
}

func TestVisibleEscapesControlCharacters(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"Zoë O'Hara \"Z\" 👩‍🚀": "Zoë O'Hara \"Z\" 👩‍🚀",
		"a\tb\nc\x1b[31m":      `a\tb\nc\x1b[31m`,
		"a\u202eb":             `a\u202eb`,
		"a\u0085b\x9b":         "a\\u0085b\uFFFD",
		"\"quoted\"\x00":       `"quoted"\x00`,
	} {
		if got := visible(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

func TestCSVHasNoFormulas(t *testing.T) {
	t.Parallel()
	columns := []column[string]{{"name", func(s string) string { return s }}, {"length", func(s string) string { return strconv.Itoa(len(s)) }}}
	var out strings.Builder
	if err := printCSV(&out, []string{"Jane", "=1+1", `a";=1`}, columns); err != nil {
		t.Fatal(err)
	}
	want := "\"name\",\"length\"\r\n\"Jane\",\"4\"\r\n\"'=1+1\",\"4\"\r\n\"a\"\";'=1\",\"5\"\r\n"
	if out.String() != want {
		t.Errorf("%q, want %q", out.String(), want)
	}
}

func TestCapabilities(t *testing.T) {
	t.Parallel()
	list := []string{
		"rbac|read", "users|create", "users|read", "dataset:*:query|read", "dataset:a:b:query|read", "view:errors:query|read",
		"app:billing:invoice:*|read", "app:billing:invoice:2026:a|b|approve", "app:billing:report|read", "app:wiki:theme|edit",
	}
	got, err := parseCapabilities(list)
	if err != nil {
		t.Fatal(err)
	}
	want := client.Capabilities{
		Org:      map[string][]string{"rbac": {"read"}, "users": {"create", "read"}},
		Datasets: map[string]map[string][]string{"*": {"query": {"read"}}, "a:b": {"query": {"read"}}},
		Views:    map[string]map[string][]string{"errors": {"query": {"read"}}},
		Apps: client.AppCapabilities{
			"billing": {"invoice": {On: map[string][]string{"*": {"read"}, "2026:a|b": {"approve"}}}, "report": {Actions: []string{"read"}}},
			"wiki":    {"theme": {Actions: []string{"edit"}}},
		},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if back := capabilityNames(got); back != strings.Join(list, " ") {
		t.Errorf("got %s", back)
	}
	for bad, says := range map[string]string{
		"users":                     "is not resource|action, as in users|read",
		"dataset:query|read":        "is not dataset:NAME:resource|action",
		"dataset:a:query":           "is not resource|action",
		"wat:a:query|read":          "has an unknown scope; use dataset, view, app, or none for the organization",
		"app:billing":               "is not app:APP:type|action or app:APP:type:NAME|action",
		"app:billing:report":        "is not app:APP:type|action or app:APP:type:NAME|action",
		"app::report|read":          "is not app:APP:type|action or app:APP:type:NAME|action",
		"app:billing:invoice:|read": "has an empty name; leave out the colon",
	} {
		if _, err := parseCapabilities([]string{bad}); ExitCode(err) != ExitUsage || !strings.Contains(err.Error(), bad) || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %s", bad, err, says)
		}
	}
	for _, pair := range [][]string{{"app:a:t|read", "app:a:t:x|read"}, {"app:a:t:x|read", "app:a:t|read"}} {
		if _, err := parseCapabilities(pair); ExitCode(err) != ExitUsage || !strings.Contains(err.Error(), "either t has instances, or it has none") {
			t.Errorf("%q: %v", pair, err)
		}
	}
}

func TestParseDays(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{"30d": "720h0m0s", "0d": "0s", "12h": "12h0m0s", "1h30m": "1h30m0s"} {
		if d, err := parseDays("--within", in); err != nil || d.String() != want {
			t.Errorf("%q: %v, %v", in, d, err)
		}
	}
	for _, bad := range []string{"", "d", "-1d", "-1h", "99999999999999d", "106751d", "30", "1.5d", "900000h"} {
		if d, err := parseDays("--within", bad); ExitCode(err) != ExitUsage {
			t.Errorf("%q: %v, %v", bad, d, err)
		}
	}
}

func TestShortenedHidesTokens(t *testing.T) {
	t.Parallel()
	for in, want := range map[string]string{
		"xapt-67d3c99b-b130-4f2c-8aae-8d37ceda2ebb": "xapt-…2ebb", "short": "…", "": "…",
	} {
		if got := shortened(in); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// Nobody whose access would change is left out, also if what changes may not be told.
func TestPrintDiffLeavesNobodyOut(t *testing.T) {
	t.Parallel()
	var b bytes.Buffer
	printDiff(&b, client.AccessDiff{Changes: []client.AccessChange{
		{Kind: "user", ID: "usr_1", Gained: []string{"users|read"}, Lost: []string{"rbac|read"}}, {Kind: "user", ID: "usr_2"},
	}, Omitted: 3})
	want := `dry run: nothing was changed
  user usr_1 would gain users|read
  user usr_1 would lose rbac|read
  user usr_2 would gain or lose something
  and 3 more would change
`
	if d := cmp.Diff(want, b.String()); d != "" {
		t.Error(d)
	}
}

func TestFullNamesAreThoseOfTheFlag(t *testing.T) {
	t.Parallel()
	for want, c := range map[string]client.Capability{
		"users|read":                      {Scope: "organization", Capability: "users|read"},
		"dataset:a:b:query|read":          {Scope: "dataset", Name: "a:b", Capability: "query|read"},
		"app:billing:report|read":         {Scope: "app", App: "billing", Capability: "report|read"},
		"app:billing:invoice:2026-*|read": {Scope: "app", App: "billing", Name: "2026-*", Capability: "invoice|read"},
	} {
		if got := fullName(c); got != want {
			t.Errorf("%+v: %s, want %s", c, got, want)
		}
		if !inScope(c, "") || !inScope(c, c.Scope) || inScope(c, "view") || inScope(c, "app:billing") != (c.App == "billing") || inScope(c, "app:other") {
			t.Errorf("%s: scope %s", want, scopeName(c))
		}
	}
}
