package spreadsheet_test

import (
	"encoding/csv"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/spreadsheet"
)

func TestAppendCell(t *testing.T) {
	for in, want := range map[string]string{
		"": `""`, "Jane": `"Jane"`, `a"b`: `"a""b"`, "a,b": `"a,b"`, "a=1": `"a=1"`, "jane+x@example.com": `"jane+x@example.com"`,
		"=1+1": `"'=1+1"`, "+1": `"'+1"`, "-1": `"'-1"`, "@a": `"'@a"`, "\tx": "\"'\tx\"", "\rx": "\"'\rx\"", " =1": `" '=1"`,
		"x;=1+1": `"x;'=1+1"`, "x\t@a": "\"x\t'@a\"", "x|+1": `"x|'+1"`, "x\n-1": "\"x\n'-1\"", "x\r\n=1": "\"x\r\n'=1\"",
		`x;"=1"`: `"x;""'=1"""`, "x; =1": `"x; '=1"`, "\t=1": "\"'\t'=1\"", ";\t=1": "\";'\t'=1\"",
		`["a","-b"]`: `"[""a"",""-b""]"`, `{"n":-1}`: `"{""n"":-1}"`, // JSON stays what it is
	} {
		if got := string(spreadsheet.AppendCell(nil, in)); got != want {
			t.Errorf("%q: %q, want %q", in, got, want)
		}
	}
}

// cells are all cells that a spreadsheet might read with a separator: those that
// quotes hold together, and those that it begins at each separator regardless.
func cells(t *testing.T, text string, sep rune) []string {
	t.Helper()
	r := csv.NewReader(strings.NewReader(text))
	r.Comma, r.LazyQuotes, r.FieldsPerRecord = sep, true, -1
	rows, err := r.ReadAll()
	if err != nil {
		t.Fatalf("%q with %q: %v", text, sep, err)
	}
	var all []string
	for _, row := range rows {
		all = append(all, row...)
	}
	if sep != ',' { // the comma's quotes are kept by every reader
		all = append(all, strings.FieldsFunc(text, func(c rune) bool { return c == sep || c == '\n' })...)
	}
	return all
}

func holdsFormula(cell string) bool {
	cell = strings.Trim(cell, `" `)
	return cell != "" && strings.IndexByte("=+-@\t", cell[0]) >= 0
}

// A cell never is a formula, whatever separator reads it, and a reader of commas
// gets back the text without the apostrophes that were added.
func FuzzAppendCell(f *testing.F) {
	for _, seed := range []string{"", "a", "=1+1", "x;=1+1", "x\t=1", `";=1"`, `"";"=1`, "a\r\nb", "\r=1", "x|\"@a", "'", ";;\t \"-1", "\r'\r\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		row := string(spreadsheet.AppendRow(nil, "first", s, s, "last"))
		for _, sep := range ",;\t|" {
			for _, cell := range cells(t, row, sep) {
				if holdsFormula(cell) {
					t.Fatalf("%q was written as %q, and %q reads the formula %q", s, row, sep, cell)
				}
			}
		}
		read, err := csv.NewReader(strings.NewReader(row)).Read()
		if err != nil || len(read) != 4 {
			t.Fatalf("%q was written as %q: %q, %v", s, row, read, err)
		}
		bare := func(s string) string { return strings.ReplaceAll(s, "'", "") }
		if bare(read[1]) != bare(strings.ReplaceAll(s, "\r\n", "\n")) { // encoding/csv reads \r\n as \n
			t.Fatalf("%q was read as %q", s, read[1])
		}
	})
}
