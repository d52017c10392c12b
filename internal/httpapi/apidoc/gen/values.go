package main

import (
	"html/template"
	"maps"
	"net/http"
	"slices"
	"strings"
)

// resolve follows a reference, if v is one.
func (r *renderer) resolve(v any) map[string]any {
	m := object(v)
	ref := text(m["$ref"])
	if ref == "" {
		return m
	}
	var at any = r.doc
	for token := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		at = object(at)[token]
	}
	return object(at)
}

func object(v any) map[string]any {
	m, _ := v.(map[string]any)
	return m
}

func list(v any) []any {
	l, _ := v.([]any)
	return l
}

func text(v any) string {
	s, _ := v.(string)
	return s
}

func sortedKeys(m map[string]any) []string { return slices.Sorted(maps.Keys(m)) }

func slug(s string) string { return strings.ReplaceAll(strings.ToLower(s), " ", "-") }

// paragraphs makes HTML of plain text in which `code` is marked.
func paragraphs(s string) template.HTML {
	var b strings.Builder
	for p := range strings.SplitSeq(strings.TrimSpace(s), "\n\n") {
		b.WriteString("<p>")
		for i, part := range strings.Split(p, "`") {
			escaped := template.HTMLEscapeString(part)
			if i%2 == 1 {
				escaped = "<code>" + escaped + "</code>"
			}
			b.WriteString(escaped)
		}
		b.WriteString("</p>")
	}
	return template.HTML(b.String()) //nolint:gosec // every part is escaped above
}

// curl is a call that can be pasted once the variables are set.
func curl(o *operation) string {
	var b strings.Builder
	b.WriteString("curl")
	if o.Method != http.MethodGet {
		b.WriteString(" -X " + o.Method)
	}
	b.WriteString(" \"$ROSTER_URL" + address(o) + "\"")
	if o.Permission != "public" {
		b.WriteString(" \\\n  -H \"Authorization: Bearer $ROSTER_TOKEN\"")
	}
	if o.Body != nil {
		b.WriteString(" \\\n  -H 'Content-Type: application/json' \\\n  -d '" + strings.Join(strings.Fields(o.BodyExample), " ") + "'")
	}
	return b.String()
}

// address is the path with what the call can't do without.
func address(o *operation) string {
	path, query := o.Path, ""
	for _, p := range o.Parameters {
		switch {
		case p.In == "path":
			path = strings.ReplaceAll(path, "{"+p.Name+"}", p.Value)
		case p.In == "query" && p.Required:
			query += "&" + p.Name + "=" + p.Value
		}
	}
	return path + strings.Replace(query, "&", "?", 1)
}
