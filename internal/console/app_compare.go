package console

import (
	"maps"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
)

// comparedApp is what each role may do in an application.
type comparedApp struct {
	ID    directory.AppID
	Name  string
	Types []comparedResource
}

// appTypesCompared is how many resource types of applications are compared in one table,
// and appNamesCompared how many names of instances a cell spells out.
const (
	appTypesCompared = 100
	appNamesCompared = 2
)

// compareApps compares roles in applications. cut is true if there is more to compare.
func compareApps(apps []directory.Application, roles []roleUse) (all []comparedApp, cut bool) {
	left := appTypesCompared
	for _, app := range apps {
		a := comparedApp{ID: app.ID, Name: app.Name}
		for _, typ := range slices.Sorted(maps.Keys(app.Types)) {
			if left == 0 {
				return all, true
			}
			left--
			row := comparedResource{Resource: typ}
			for _, r := range roles {
				row.Cells = append(row.Cells, compareAppCell(app, typ, r.Capabilities.Apps))
			}
			a.Types = append(a.Types, row)
		}
		if len(a.Types) > 0 {
			all = append(all, a)
		}
	}
	return all, false
}

// compareAppCell writes what a role may do on a resource type: "all" for every action on
// all of it.
func compareAppCell(app directory.Application, typ string, held authz.AppGrants) (c comparedCell) {
	t := app.Types[typ]
	c.All = true
	for _, action := range t.Actions {
		c.All = c.All && held.Allows(authz.AppGrant{App: string(app.ID), Type: typ, Action: action, On: patternOfAll(t)})
	}
	if c.All {
		c.Letters, c.Actions = "all", strings.Join(t.Actions, ", ")
		return c
	}
	var names []authz.Pattern
	actions := make(map[authz.Pattern][]string)
	for g := range held.Of(string(app.ID)).Each() {
		if g.Type == typ {
			if actions[g.On] == nil {
				names = append(names, g.On)
			}
			actions[g.On] = append(actions[g.On], g.Action)
		}
	}
	var parts []string
	for _, name := range names {
		part := strings.Join(actions[name], ", ")
		if name != patternOfAll(t) {
			part += " on " + string(name)
		}
		parts = append(parts, part)
	}
	c.Actions = strings.Join(parts, "; ")
	c.Letters = c.Actions
	if n := len(parts) - appNamesCompared; n > 0 {
		c.Letters = strings.Join(parts[:appNamesCompared], "; ") + " and " + number(n) + " more"
	}
	return c
}
