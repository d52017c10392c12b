package console

import (
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// pickerApp is an application in a picker.
type pickerApp struct {
	ID    directory.AppID
	Name  string
	Types []pickerType
	// Cut is true if only what is chosen is there, because the page would be too large.
	Cut bool
}

// pickerType is a resource type of an application, or some of its instances.
type pickerType struct {
	Type string
	On   authz.Pattern // "" for a type without instances
	// Open is true for the row in which somebody names instances.
	Open  bool
	Cells []appCell
}

type appCell struct {
	Action  string
	Value   string // as [authz.AppGrant.String] writes it; in an open row, only the action
	Chosen  bool
	Offered bool
}

// appCellsShown is how many capabilities in applications a picker offers without being
// asked for one of the applications by its id.
const appCellsShown = 2000

// picker makes a picker, with the applications that the person may read.
func (rq *request) picker(chosen, offered authz.Set, locked bool) (picker, error) {
	p := newPicker(chosen, offered, locked)
	p.AllApps = chosen.Apps.All()
	apps, err := rq.apps()
	if err != nil {
		return p, err
	}
	for _, id := range chosen.Apps.Apps() {
		if !slices.ContainsFunc(apps, func(a directory.Application) bool { return string(a.ID) == id }) {
			apps = append(apps, directory.Application{ID: directory.AppID(id), Name: id}) // one that the person may not read
		}
	}
	asked, left := directory.AppID(rq.URL.Query().Get("app")), appCellsShown
	for _, app := range apps {
		held := chosen.Apps.Of(string(app.ID))
		if locked && (held.Empty() || p.AllApps) {
			continue
		}
		cells := 0
		for _, t := range app.Types {
			cells += 2 * len(t.Actions)
		}
		a := pickerApp{ID: app.ID, Name: app.Name, Cut: cells > left && app.ID != asked && !locked}
		if !a.Cut {
			left -= cells
		}
		a.Types = pickerTypes(app, held, offered.Apps, locked || a.Cut)
		for i := range a.Types {
			for j := range a.Types[i].Cells {
				a.Types[i].Cells[j].Offered = a.Types[i].Cells[j].Offered && !locked
			}
		}
		p.Apps = append(p.Apps, a)
	}
	return p, nil
}

// apps are the applications that serve the organization, if the person may read them.
func (rq *request) apps() ([]directory.Application, error) {
	if !rq.may(directory.OpListApplications) {
		return nil, nil
	}
	return rq.console.Apps.ListApplications(rq.Context(), rq.call)
}

// definedApps lists what the applications define in place of everything, which only a
// built-in role can have.
func (rq *request) definedApps(held authz.AppGrants) (authz.AppGrants, error) {
	if !held.All() {
		return held, nil
	}
	apps, err := rq.apps()
	var all []authz.AppGrant
	for _, app := range apps {
		all = append(all, app.Grants()...)
	}
	return authz.AppGrantsOf(all), err
}

// pickerTypes are the rows of an application: what it defines, and the instances that held
// names. With only, the rows have nothing but what is held.
func pickerTypes(app directory.Application, held, offered authz.AppGrants, only bool) (rows []pickerType) {
	named := make(map[string][]authz.Pattern)
	for g := range held.Each() {
		if !slices.Contains(named[g.Type], g.On) {
			named[g.Type] = append(named[g.Type], g.On)
		}
	}
	types := slices.Collect(maps.Keys(named))
	if !only {
		types = slices.AppendSeq(types, maps.Keys(app.Types))
	}
	slices.Sort(types)
	for _, typ := range slices.Compact(types) {
		t := app.Types[typ]
		on := named[typ]
		if every := patternOfAll(t); !only && !slices.Contains(on, every) {
			on = append([]authz.Pattern{every}, on...)
		}
		for _, pattern := range on {
			rows = append(rows, pickerRowOf(app, authz.AppGrant{App: string(app.ID), Type: typ, On: pattern}, held, offered, only))
		}
		if t.Instances && !only {
			open := pickerType{Type: typ, Open: true}
			for _, action := range t.Actions {
				open.Cells = append(open.Cells, appCell{Action: action, Value: action, Offered: mayNameSome(offered, string(app.ID), typ, action)})
			}
			rows = append(rows, open)
		}
	}
	return rows
}

// patternOfAll is the pattern of capabilities on all of a type.
func patternOfAll(t authz.AppType) authz.Pattern {
	if t.Instances {
		return authz.Wildcard
	}
	return ""
}

func pickerRowOf(app directory.Application, g authz.AppGrant, held, offered authz.AppGrants, only bool) pickerType {
	row := pickerType{Type: g.Type, On: g.On}
	actions := slices.Clone(app.Types[g.Type].Actions)
	for h := range held.Each() {
		if h.Type == g.Type && h.On == g.On && !slices.Contains(actions, h.Action) {
			actions = append(actions, h.Action)
		}
	}
	for _, action := range actions {
		g.Action = action
		chosen := held.Allows(g)
		if only && !chosen {
			continue
		}
		row.Cells = append(row.Cells, appCell{Action: action, Value: g.String(), Chosen: chosen, Offered: chosen || offered.Allows(g)})
	}
	return row
}

// mayNameSome reports whether some instances of a type can be offered.
func mayNameSome(offered authz.AppGrants, app, typ, action string) bool {
	if offered.All() {
		return true
	}
	for g := range offered.Each() {
		if g.App == app && g.Type == typ && g.Action == action {
			return true
		}
	}
	return false
}

// Grants are how many capabilities are chosen.
func (a pickerApp) Grants() (n int) {
	for _, t := range a.Types {
		for _, c := range t.Cells {
			if c.Chosen {
				n++
			}
		}
	}
	return n
}

const (
	// fieldApps is the field of a form for capabilities in applications. The choices of an
	// open row are in fields that begin with fieldOpen, and the instances in one that begins
	// with fieldNames, each with the row's number, application and type.
	fieldApps  = "can:app"
	fieldNames = "names:"
	fieldOpen  = "open:"
)

// parsePickedApps reads what was chosen in applications. If something can't be read, the
// set has the rest.
func parsePickedApps(form url.Values) (set authz.AppGrants, refusal error) {
	var grants []authz.AppGrant
	add := func(text string) {
		g, err := authz.ParseAppGrant(text)
		if err != nil {
			refusal = directory.InvalidField("capabilities", "%v", err)
			return
		}
		grants = append(grants, g)
	}
	for _, value := range form[fieldApps] {
		add(value)
	}
	for field, actions := range form {
		row, open := strings.CutPrefix(field, fieldOpen)
		if !open {
			continue
		}
		_, on, _ := strings.Cut(row, ":") // APP:TYPE, after the row's number
		name := strings.TrimSpace(form.Get(fieldNames + row))
		if name == "" {
			refusal = directory.InvalidField("capabilities", "you chose actions on instances of %s, but named none; enter a name, the beginning of names followed by *, or untick them", on)
			continue
		}
		for _, action := range actions {
			add("app:" + on + ":" + name + "|" + action)
		}
	}
	for field := range form {
		if row, names := strings.CutPrefix(field, fieldNames); names && strings.TrimSpace(form.Get(field)) != "" && len(form[fieldOpen+row]) == 0 {
			refusal = directory.InvalidField("capabilities", "you named instances, but chose no action on them; tick one, or empty the name")
		}
	}
	return authz.AppGrantsOf(grants), refusal
}
