package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"
	"time"
	"unicode"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/rosterhq/roster/internal/spreadsheet"
)

// column is one column of a table or of CSV.
type column[T any] struct {
	name  string
	value func(T) string
}

// secretColumns are the columns with a value that is shown only once.
var secretColumns = []string{"token", "secret", "credential"}

// format is an output format. As a flag it accepts only known ones.
type format string

// String implements [pflag.Value].
func (f *format) String() string { return string(*f) }

// Type implements [pflag.Value].
func (f *format) Type() string { return "FORMAT" }

// Set implements [pflag.Value].
func (f *format) Set(s string) error {
	if s != "table" && s != "json" && s != "csv" {
		return errors.New("must be table, json or csv")
	}
	*f = format(s)
	return nil
}

func addOutput(f *pflag.FlagSet, output *format) {
	*output = "table"
	f.VarP(output, "output", "o", "table, json or csv")
}

// printList prints a list as the flags say. JSON has the objects of the API. On a
// terminal, a table has the brief columns in place of those of the same names.
func printList[T any](s *session, cmd *cobra.Command, list []T, columns []column[T], brief ...column[T]) error {
	w := cmd.OutOrStdout()
	if s.quiet {
		return printAlone(w, list, columns)
	}
	if s.json() {
		if list == nil {
			list = []T{}
		}
		return s.printJSON(cmd, list)
	}
	columns, err := selectColumns(columns, s.fields)
	if err != nil {
		return err
	}
	if s.output == "csv" {
		return printCSV(w, list, columns)
	}
	width := 0
	if !s.wide {
		width = terminalWidth(w)
	}
	if width > 0 {
		columns = briefly(columns, brief)
	}
	return printTable(w, list, columns, width)
}

// printOne prints an object: in JSON the object itself, otherwise a list of one.
func printOne[T any](s *session, cmd *cobra.Command, v T, columns []column[T], brief ...column[T]) error {
	if s.json() && !s.quiet {
		return s.printJSON(cmd, v)
	}
	return printList(s, cmd, []T{v}, columns, brief...)
}

// json reports whether the output is JSON.
func (s *session) json() bool { return s.output == "json" || s.jq.code != nil }

// printJSON prints a value as JSON, or what --fields and --jq make of it.
func (s *session) printJSON(cmd *cobra.Command, v any) error {
	v, err := pickFields(v, s.fields)
	if err != nil {
		return err
	}
	if s.jq.code != nil {
		return s.jq.print(cmd.Context(), cmd.OutOrStdout(), v)
	}
	return printJSON(cmd.OutOrStdout(), v)
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

// printAlone prints one value of each object: its secret if it has one, else what the first column shows.
func printAlone[T any](w io.Writer, list []T, columns []column[T]) error {
	alone := columns[0]
	for _, c := range columns {
		if slices.Contains(secretColumns, c.name) {
			alone = c
		}
	}
	for _, v := range list {
		if _, err := fmt.Fprintln(w, visible(alone.value(v))); err != nil {
			return err
		}
	}
	return nil
}

// briefly replaces the columns that have a brief form.
func briefly[T any](columns, brief []column[T]) []column[T] {
	columns = slices.Clone(columns)
	for i, c := range columns {
		for _, b := range brief {
			if b.name == c.name {
				columns[i] = b
			}
		}
	}
	return columns
}

// printTable prints a table. If width is not 0, cells are shortened to fit in it.
func printTable[T any](w io.Writer, list []T, columns []column[T], width int) error {
	rows := make([][]string, 0, len(list)+1)
	header := make([]string, len(columns))
	for i, c := range columns {
		header[i] = strings.ToUpper(c.name)
	}
	rows = append(rows, header)
	for _, v := range list {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = visible(c.value(v))
		}
		rows = append(rows, cells)
	}
	if width > 0 {
		whole := make([]bool, len(columns))
		for i, c := range columns {
			whole[i] = c.name == "id" || c.name == "url" || slices.Contains(secretColumns, c.name)
		}
		fit(rows, whole, width)
	}
	t := tabwriter.NewWriter(w, 0, 0, columnGap, ' ', 0)
	for _, cells := range rows {
		if _, err := fmt.Fprintln(t, strings.Join(cells, "\t")); err != nil {
			return err
		}
	}
	return t.Flush()
}

// visible escapes characters that move the cursor or reverse the text, because other
// people choose the names that are printed.
func visible(s string) string {
	s = strings.ToValidUTF8(s, "\uFFFD")
	if !strings.ContainsFunc(s, hidden) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if hidden(r) {
			b.WriteString(strings.Trim(strconv.QuoteRuneToASCII(r), "'"))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

func hidden(r rune) bool { return unicode.IsControl(r) || unicode.Is(unicode.Bidi_Control, r) }

func printCSV[T any](w io.Writer, list []T, columns []column[T]) error {
	return writeCSV(w, list, columns, true)
}

func writeCSV[T any](w io.Writer, list []T, columns []column[T], header bool) error {
	row := make([]string, len(columns))
	var out []byte
	if header {
		for i, col := range columns {
			row[i] = col.name
		}
		out = spreadsheet.AppendRow(out, row...)
	}
	for _, v := range list {
		for i, col := range columns {
			row[i] = col.value(v)
		}
		out = spreadsheet.AppendRow(out, row...)
	}
	_, err := w.Write(out)
	return err
}

// day formats the day of a time that may be missing.
func day(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.DateOnly)
}

// when formats a time that may be missing.
func when(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}
