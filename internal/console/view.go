package console

import (
	"bytes"
	"compress/gzip"
	"embed"
	"fmt"
	"html/template"
	"io/fs"
	"path"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

//go:embed templates
var templateFiles embed.FS

// templates are the pages' templates by their names, each with what all pages share.
// They are parsed on first use: most commands of the program serve no page.
var templates = sync.OnceValue(func() map[string]*template.Template {
	shared := template.Must(template.New("").Funcs(functions).ParseFS(templateFiles, "templates/shared/*.html"))
	files, err := fs.Glob(templateFiles, "templates/*.html")
	if err != nil {
		panic(err) // the pattern is well formed
	}
	all := make(map[string]*template.Template)
	for _, file := range files {
		page := template.Must(template.Must(shared.Clone()).ParseFS(templateFiles, file))
		all[strings.TrimSuffix(path.Base(file), ".html")] = page
	}
	return all
})

// view is what a template is executed with.
type view struct {
	Title   string
	Data    any // of the page
	Now     time.Time
	Me      *directory.Principal // nil on an error page for who is not signed in
	Org     directory.OrgID
	OrgName string
	Menu    []menuEntry
	Note    *note
	SignIn  string // path of the page that signs in
	Page    string // its name
	rq      *request
}

// menuEntry is a page in the menu.
type menuEntry struct {
	Path, Title, Name, Key string
	Current                bool
}

func (rq *request) view(data any) *view {
	v := &view{
		Title: rq.page.title, Data: data, Now: rq.now(), Me: rq.call.Principal, Org: rq.org, SignIn: rq.console.SignIn, Page: rq.page.name, rq: rq,
	}
	if rq.Header.Get("HX-Request") != "" {
		return v // a part has no frame
	}
	if v.Me != nil {
		v.Note = rq.takeNote()
	}
	if v.Me == nil || v.Org == "" {
		return v
	}
	v.OrgName = rq.orgName()
	for _, p := range rq.console.pages {
		if p.menu != "" && p.open(v.Me) {
			v.Menu = append(v.Menu, menuEntry{
				Path: rq.path(p.path), Title: p.title, Name: p.name, Key: p.menu,
				Current: p.name == rq.page.name || p.path != "" && (p.path == rq.page.under || strings.HasPrefix(rq.page.path, p.path+"/")),
			})
		}
	}
	return v
}

// orgName is the name of the organization, or its id if that can't be read.
func (rq *request) orgName() string {
	m, err := rq.console.orgs.GetOrg(rq.Context(), rq.call, rq.org)
	if err != nil {
		return string(rq.org)
	}
	return m.Org.Name
}

// Path is the path of a page of the organization.
func (v *view) Path(parts ...any) string {
	texts := make([]string, len(parts))
	for i, p := range parts {
		texts[i] = fmt.Sprint(p)
	}
	return v.rq.path(strings.Join(texts, "/"))
}

// May reports whether the person is allowed an operation, by its name.
func (v *view) May(name string) (bool, error) {
	i := slices.IndexFunc(gates, func(op directory.Operation) bool { return op.Name == name })
	if i < 0 {
		return false, fmt.Errorf("the console has no gate %s", name)
	}
	return v.Me != nil && v.rq.may(gates[i]), nil
}

// Form is a form of the page by the name of its action: as it was refused, or else new.
func (v *view) Form(name string) *form {
	if f := v.rq.form; f != nil && f.name == name {
		return f
	}
	return &form{name: name}
}

// Query is a parameter of the request.
func (v *view) Query(name string) string { return v.rq.URL.Query().Get(name) }

// render executes a template of a page.
func render(name, part string, v *view) (b bytes.Buffer, err error) {
	t, ok := templates()[name]
	if !ok {
		return b, fmt.Errorf("there is no template %s", name)
	}
	if err := t.ExecuteTemplate(&b, part, v); err != nil {
		return b, fmt.Errorf("execute %s of %s: %w", part, name, err)
	}
	return b, nil
}

// write writes a template of a page. Nothing is sent before all of it was made, so that
// an error becomes a page of its own.
func (rq *request) write(status int, name, part string, v *view) error {
	b, err := render(name, part, v)
	if err != nil {
		return err
	}
	h := rq.w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Add("Vary", "Accept-Encoding")
	if !strings.Contains(rq.Header.Get("Accept-Encoding"), "gzip") {
		rq.w.WriteHeader(status)
		rq.w.Write(b.Bytes()) // a client that is gone needs no answer
		return nil
	}
	h.Set("Content-Encoding", "gzip")
	rq.w.WriteHeader(status)
	z, _ := gzip.NewWriterLevel(rq.w, gzip.BestSpeed)
	_, _ = z.Write(b.Bytes()) // as above
	_ = z.Close()
	return nil
}

// Asked reports whether the address asks for a dialog, as links do without scripts.
func (v *view) Asked(name string) bool { return v.rq.URL.Query().Has(name) }
