package store

import (
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// postgresJSON writes conditions on JSON for PostgreSQL.
type postgresJSON struct{}

func (postgresJSON) document(text string) string { return `CAST(` + text + ` AS jsonb)` }

func (postgresJSON) email(key string) string {
	return `jsonb_build_object('emails', jsonb_build_array(jsonb_build_object('primary', true, 'value', ` + key + `)))`
}

// path is an array's text. Names in it are quoted.
func (postgresJSON) path(p directory.Path) string {
	names := make([]string, len(p))
	for i, name := range p {
		names[i] = `"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`
	}
	return "{" + strings.Join(names, ",") + "}"
}

func at(doc, path string) string { return `(` + doc + ` #> CAST(` + path + ` AS text[]))` }

func textAt(doc, path string) string { return `(` + doc + ` #>> CAST(` + path + ` AS text[]))` }

func (postgresJSON) text(doc, path string) string {
	return `CASE WHEN jsonb_typeof(` + at(doc, path) + `) = 'string' THEN ` + textAt(doc, path) + ` COLLATE "C" END`
}

func (postgresJSON) number(doc, path string) string {
	return `CASE WHEN jsonb_typeof(` + at(doc, path) + `) = 'number' THEN CAST(` + textAt(doc, path) + ` AS double precision) END`
}

func (postgresJSON) bool(doc, path string, want bool) string {
	if want {
		return at(doc, path) + ` = CAST('true' AS jsonb)`
	}
	return at(doc, path) + ` = CAST('false' AS jsonb)`
}

func (postgresJSON) present(doc, path string) string {
	return textAt(doc, path) + ` NOT IN ('', '[]', '{}')`
}

func (postgresJSON) sortable(doc, path string) string {
	return `CASE WHEN jsonb_typeof(` + at(doc, path) + `) IN ('string', 'number', 'boolean') THEN ` + textAt(doc, path) + ` COLLATE "C" END`
}

func (postgresJSON) elements(doc, path, as string) string {
	return `jsonb_array_elements(CASE WHEN jsonb_typeof(` + at(doc, path) + `) = 'array' THEN ` + at(doc, path) + ` ELSE CAST('[]' AS jsonb) END) WITH ORDINALITY AS ` + as + `(doc, key)`
}

func (postgresJSON) contains(text, part string) string {
	return `strpos(` + text + `, ` + part + `) > 0`
}
