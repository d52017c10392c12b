package cli

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
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

// printList prints a list in the selected format. JSON has the objects of the API.
func printList[T any](s *session, cmd *cobra.Command, list []T, columns []column[T]) error {
	w := cmd.OutOrStdout()
	switch s.output {
	case "json":
		if list == nil {
			list = []T{}
		}
		return printJSON(w, list)
	case "csv":
		return printCSV(w, list, columns)
	default:
		return printTable(w, list, columns)
	}
}

// printOne prints an object: in JSON the object itself, otherwise a list of one.
func printOne[T any](s *session, cmd *cobra.Command, v T, columns []column[T]) error {
	if s.output == "json" {
		return printJSON(cmd.OutOrStdout(), v)
	}
	return printList(s, cmd, []T{v}, columns)
}

func printJSON(w io.Writer, v any) error {
	e := json.NewEncoder(w)
	e.SetEscapeHTML(false)
	e.SetIndent("", "  ")
	return e.Encode(v)
}

func printTable[T any](w io.Writer, list []T, columns []column[T]) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	names := make([]string, len(columns))
	for i, c := range columns {
		names[i] = strings.ToUpper(c.name)
	}
	if _, err := fmt.Fprintln(t, strings.Join(names, "\t")); err != nil {
		return err
	}
	for _, v := range list {
		cells := make([]string, len(columns))
		for i, c := range columns {
			cells[i] = visible(c.value(v))
		}
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

// when formats a time that may be missing.
func when(t *time.Time) string {
	if t == nil || t.IsZero() {
		return "never"
	}
	return t.UTC().Format(time.RFC3339)
}
