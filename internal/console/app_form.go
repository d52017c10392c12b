package console

import (
	"errors"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
)

// typeRow is a resource type of the form.
type typeRow struct {
	Name      string
	Actions   string // separated by spaces
	List      []string
	Instances bool
}

func typeRows(types authz.AppTypes) (rows []typeRow) {
	for _, name := range slices.Sorted(maps.Keys(types)) {
		t := types[name]
		rows = append(rows, typeRow{name, strings.Join(t.Actions, " "), t.Actions, t.Instances})
	}
	return rows
}

// typedRows are the rows of the form as they were sent.
func typedRows(form url.Values) (rows []typeRow) {
	at := func(values []string, i int) string {
		if i < len(values) {
			return values[i]
		}
		return ""
	}
	for i, name := range form["type"] {
		row := typeRow{Name: strings.TrimSpace(name), Actions: at(form["actions"], i), Instances: at(form["instances"], i) != ""}
		row.List = strings.FieldsFunc(row.Actions, func(r rune) bool { return r == ' ' || r == ',' || r == '\t' })
		if row.Name != "" || len(row.List) > 0 {
			rows = append(rows, row)
		}
	}
	return rows
}

// updateApp changes the application to what the form has.
func (rq *request) updateApp(call directory.Call, force bool) error {
	in := applications.NewApplication{Name: rq.PostForm.Get("name"), Types: make(authz.AppTypes)}
	for _, row := range typedRows(rq.PostForm) {
		if row.Name == "" {
			return directory.InvalidField("types", "a type with the actions %s has no name; enter one, or empty the row", quote.Input(row.Actions))
		}
		if _, twice := in.Types[row.Name]; twice {
			return directory.InvalidField("types", "there are two rows for %s; join them", quote.Input(row.Name))
		}
		in.Types[row.Name] = authz.AppType{Actions: row.List, Instances: row.Instances}
	}
	_, err := rq.console.Apps.UpdateApplication(rq.Context(), call, rq.appID(), in, force)
	return err
}

// forced reports whether the form asks to take from roles and tokens what they hold.
func (rq *request) forced() bool { return rq.PostForm.Get("force") != "" }

func saveApp(rq *request) (outcome, error) {
	err := rq.updateApp(rq.call, rq.forced())
	return outcome{to: rq.appPath(), note: note{Text: "The application was saved"}}, err
}

// appPreview is who would lose something if the application was saved.
type appPreview struct {
	preview
	Held string // why it takes force; "" if it does not
}

// previewApp says what saving would do, by a dry run.
func previewApp(rq *request) (any, error) {
	call := rq.call
	diff := new(access.Diff)
	call.DryRun = diff
	err := rq.updateApp(call, false)
	var held *directory.Error
	if directory.CodeOf(err) == directory.Conflict && errors.As(err, &held) {
		err = rq.updateApp(call, true)
	}
	tried, err := rq.tried(directory.OpUpdateApplication, diff, err)
	if err != nil {
		return nil, err
	}
	p := appPreview{preview: tried.(preview)}
	if held != nil {
		p.Held = heldSentence(held)
	}
	return p, nil
}
