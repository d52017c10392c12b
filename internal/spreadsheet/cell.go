// Package spreadsheet writes cells of CSV (RFC 4180) that no spreadsheet takes for a
// formula (owasp.org/www-community/attacks/CSV_Injection).
package spreadsheet

// AppendCell appends a cell, always in quotes.
//
// A cell whose first character would begin a formula gets an apostrophe in front. A
// spreadsheet that is set to another separator than the comma also takes quotes
// apart, so that cells of its own begin inside of this one: after a semicolon, a tab, a
// bar or a line break. An apostrophe goes in front of formulas there as well. Commas
// inside of the quotes begin no cell under any of these settings.
func AppendCell(b []byte, s string) []byte {
	b = append(b, '"')
	first := true // nothing of a cell but quotes and spaces has come
	for i := range len(s) {
		switch c := s[i]; {
		case first && formula(c):
			b = append(b, '\'')
			first = separator(c)
		case separator(c):
			first = true
		case c != '"' && c != ' ':
			first = false
		}
		if s[i] == '"' {
			b = append(b, '"')
		}
		b = append(b, s[i])
	}
	return append(b, '"')
}

// AppendRow appends a row of cells.
func AppendRow(b []byte, cells ...string) []byte {
	for i, cell := range cells {
		if i > 0 {
			b = append(b, ',')
		}
		b = AppendCell(b, cell)
	}
	return append(b, '\r', '\n')
}

func formula(c byte) bool {
	return c == '=' || c == '+' || c == '-' || c == '@' || c == '\t' || c == '\r'
}

func separator(c byte) bool { return c == ';' || c == '\t' || c == '|' || c == '\n' || c == '\r' }
