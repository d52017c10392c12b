package store

import (
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

func (takesTurns) json() jsonDialect { return sqliteJSON{} }

// sqliteJSON writes conditions on JSON for SQLite (sqlite.org/json1.html).
type sqliteJSON struct{}

func (sqliteJSON) document(text string) string { return text }

func (sqliteJSON) email(key string) string {
	return `json_object('emails', json_array(json_object('primary', json('true'), 'value', ` + key + `)))`
}

func (sqliteJSON) path(p directory.Path) string {
	var b strings.Builder
	b.WriteString("$")
	for _, name := range p {
		b.WriteString(`."` + strings.ReplaceAll(name, `"`, "") + `"`)
	}
	return b.String()
}

func (sqliteJSON) text(doc, path string) string {
	return `CASE WHEN json_type(` + doc + `, ` + path + `) = 'text' THEN json_extract(` + doc + `, ` + path + `) END`
}

func (sqliteJSON) number(doc, path string) string {
	return `CASE WHEN json_type(` + doc + `, ` + path + `) IN ('integer', 'real') THEN json_extract(` + doc + `, ` + path + `) END`
}

func (sqliteJSON) bool(doc, path string, want bool) string {
	if want {
		return `json_type(` + doc + `, ` + path + `) = 'true'`
	}
	return `json_type(` + doc + `, ` + path + `) = 'false'`
}

func (sqliteJSON) present(doc, path string) string {
	return `COALESCE(json_type(` + doc + `, ` + path + `), 'null') <> 'null' AND json_extract(` + doc + `, ` + path + `) NOT IN ('', '[]', '{}')`
}

func (sqliteJSON) sortable(doc, path string) string {
	return `CASE WHEN json_type(` + doc + `, ` + path + `) IN ('text', 'integer', 'real', 'true', 'false') THEN CAST(json_extract(` + doc + `, ` + path + `) AS TEXT) END`
}

// elements quotes texts, so that every element is a document of its own.
func (sqliteJSON) elements(doc, path, as string) string {
	return `(SELECT key, CASE type WHEN 'text' THEN json_quote(value) WHEN 'true' THEN 'true' WHEN 'false' THEN 'false' WHEN 'null' THEN 'null' ELSE value END AS doc
		FROM json_each(CASE WHEN json_type(` + doc + `, ` + path + `) = 'array' THEN json_extract(` + doc + `, ` + path + `) ELSE '[]' END)) AS ` + as
}

func (sqliteJSON) contains(text, part string) string { return `instr(` + text + `, ` + part + `) > 0` }
