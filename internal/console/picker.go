package console

import (
	"cmp"
	"maps"
	"net/url"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// picker is a matrix of capabilities to look at or to choose from.
type picker struct {
	Actions []string // the columns
	Scopes  []pickerScope
	Apps    []pickerApp
	AllApps bool // everything in every application is granted
	Locked  bool // nothing can be chosen
}

// pickerScope is the organization, a dataset or a view.
type pickerScope struct {
	Scope authz.Scope
	Name  string // of the dataset or view
	Field string // that the chosen capabilities are sent in
	Rows  []pickerRow
	Any   bool // something is chosen
}

type pickerRow struct {
	Resource string
	Cells    []pickerCell // one for each action
}

type pickerCell struct {
	Pair    string // empty if the resource has no such action
	Chosen  bool
	Offered bool // it may be chosen
}

var actionColumns = []authz.Action{authz.Create, authz.Read, authz.Update, authz.Delete}

// newPicker makes a picker with what is chosen. offered bounds what can be chosen.
func newPicker(chosen, offered authz.Set, locked bool) picker {
	p := picker{Locked: locked}
	for _, a := range actionColumns {
		p.Actions = append(p.Actions, a.String())
	}
	p.add(authz.ScopeOrg, "", authz.Org, chosen.Org, offered.Org)
	for _, name := range namesToPick(chosen.Datasets, locked) {
		p.add(authz.ScopeDataset, name, authz.Dataset, chosen.Datasets[name], offered.Datasets[authz.Wildcard]|offered.Datasets[name])
	}
	for _, name := range namesToPick(chosen.Views, locked) {
		p.add(authz.ScopeView, name, authz.View, chosen.Views[name], offered.Views[authz.Wildcard]|offered.Views[name])
	}
	return p
}

// namesToPick are the names that a picker has: all datasets or views together first, if any
// can be chosen.
func namesToPick(chosen map[string]authz.Grants, locked bool) []string {
	names := slices.Sorted(maps.Keys(chosen))
	if _, there := chosen[authz.Wildcard]; !there && !locked {
		names = append([]string{authz.Wildcard}, names...)
	}
	return names
}

func (p *picker) add(scope authz.Scope, name string, v *authz.Vocabulary, chosen, offered authz.Grants) {
	s := pickerScope{Scope: scope, Name: name, Field: fieldOf(scope, name), Any: chosen != 0}
	for _, pair := range v.Pairs(v.All()) {
		if n := len(s.Rows); n == 0 || s.Rows[n-1].Resource != pair.Resource {
			s.Rows = append(s.Rows, pickerRow{Resource: pair.Resource, Cells: make([]pickerCell, len(actionColumns))})
		}
		g, _ := v.Grant(pair)
		s.Rows[len(s.Rows)-1].Cells[slices.Index(actionColumns, pair.Action)] = pickerCell{
			Pair: pair.String(), Chosen: chosen.Covers(g), Offered: !p.Locked && (offered.Covers(g) || chosen.Covers(g)),
		}
	}
	p.Scopes = append(p.Scopes, s)
}

// Grants are how many capabilities are chosen.
func (s pickerScope) Grants() (n int) {
	for _, row := range s.Rows {
		for _, c := range row.Cells {
			if c.Chosen {
				n++
			}
		}
	}
	return n
}

// fieldOf is the form's field for the capabilities on something.
func fieldOf(scope authz.Scope, name string) string {
	if scope == authz.ScopeOrg {
		return "can"
	}
	return "can:" + string(scope) + ":" + name
}

// parsePicked reads what was chosen. A choice for all datasets also counts for one
// that was named beside, if that one has nothing of its own. If something can't be read,
// the set has the rest.
func parsePicked(form url.Values) (set authz.Set, refusal error) {
	for _, field := range slices.Sorted(maps.Keys(form)) {
		kind, rest, _ := strings.Cut(field, ":")
		if kind != "can" {
			continue
		}
		scope, name, _ := strings.Cut(rest, ":")
		values := form[field]
		var err error
		switch authz.Scope(scope) {
		case "":
			set.Org, err = parsePairs(authz.Org, values)
		case authz.ScopeDataset:
			err = pick(&set.Datasets, name, authz.Dataset, values)
		case authz.ScopeView:
			err = pick(&set.Views, name, authz.View, values)
		case authz.ScopeApp: // below
		default:
			err = directory.InvalidField("capabilities", "there is no scope %q", scope)
		}
		refusal = cmp.Or(refusal, err)
	}
	apps, err := parsePickedApps(form)
	set.Apps = apps
	return set, cmp.Or(refusal, err)
}

func pick(into *map[string]authz.Grants, name string, v *authz.Vocabulary, values []string) error {
	g, err := parsePairs(v, values)
	if *into == nil {
		*into = make(map[string]authz.Grants)
	}
	(*into)[name] = g
	return err
}

func parsePairs(v *authz.Vocabulary, values []string) (all authz.Grants, err error) {
	for _, value := range values {
		pair, err := v.ParsePair(value)
		if err != nil {
			return all, directory.InvalidField("capabilities", "%v", err)
		}
		g, _ := v.Grant(pair)
		all |= g
	}
	return all, nil
}

// addNamed gives a set an empty dataset or view of the name, for a picker to offer it.
func addNamed(set authz.Set, scope, name string) authz.Set {
	add := func(to map[string]authz.Grants) map[string]authz.Grants {
		to = maps.Clone(to)
		if to == nil {
			to = make(map[string]authz.Grants)
		}
		to[name] |= 0
		return to
	}
	switch {
	case name == "":
	case scope == string(authz.ScopeView):
		set.Views = add(set.Views)
	default:
		set.Datasets = add(set.Datasets)
	}
	return set
}
