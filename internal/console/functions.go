package console

import (
	"fmt"
	"html/template"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/quote"
)

// functions are what templates can call.
var functions = template.FuncMap{
	"asset":        assetPath,
	"field":        newField,
	"list":         func(items ...any) []any { return items },
	"day":          func(t time.Time) string { return t.UTC().Format("2 Jan 2006") },
	"instant":      func(t time.Time) string { return t.UTC().Format("2 Jan 2006, 15:04:05 UTC") },
	"machine":      func(t time.Time) string { return t.UTC().Format(time.RFC3339Nano) },
	"since":        since,
	"inc":          func(n int) int { return n + 1 },
	"initial":      initial,
	"cut":          quote.Cut[string],
	"number":       number,
	"plural":       plural,
	"grants":       grants,
	"action":       actionLabel,
	"dict":         dict,
	"browser":      browserName,
	"inactivities": func() []string { return inactivities },
	"sentence":     sentence,
	"vocabulary":   typeRows,
	"instanced":    instanced,
}

// dict makes a map of keys and values, for templates within templates.
func dict(keysAndValues ...any) (map[string]any, error) {
	if len(keysAndValues)%2 != 0 {
		return nil, fmt.Errorf("dict needs a value for each key")
	}
	m := make(map[string]any, len(keysAndValues)/2)
	for i := 0; i < len(keysAndValues); i += 2 {
		m[fmt.Sprint(keysAndValues[i])] = keysAndValues[i+1]
	}
	return m, nil
}

// since says how long ago a time was, or how long it is until then.
func since(t, now time.Time) string {
	d, form := now.Sub(t), "%s ago"
	if d < 0 {
		d, form = -d, "in %s"
	}
	switch {
	case d < time.Minute:
		if t.After(now) {
			return "in a moment"
		}
		return "just now"
	case d < time.Hour:
		return fmt.Sprintf(form, plural(int(d.Minutes()), "minute"))
	case d < 24*time.Hour:
		return fmt.Sprintf(form, plural(int(d.Hours()), "hour"))
	case d < 60*24*time.Hour:
		return fmt.Sprintf(form, plural(int(d.Hours()/24), "day"))
	default:
		return t.UTC().Format("2 Jan 2006")
	}
}

// initial is the first letter of a name.
func initial(name string) string {
	for _, r := range name {
		return strings.ToUpper(string(r))
	}
	return "?"
}

// number writes a number with a comma between thousands.
func number(n int) string {
	s := strconv.Itoa(n)
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + "," + s[i:]
	}
	return s
}

// plural writes a number of things.
func plural(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return number(n) + " " + noun + "s"
}

// grant is what a set has on one resource.
type grant struct {
	Scope    authz.Scope
	On       string // the dataset, view or application
	Resource string
	Actions  string // such as "create, read"
}

// grants lists what a set has, resource by resource.
func grants(s authz.Set) []grant {
	list := grantsOn(authz.ScopeOrg, "", authz.Org.Pairs(s.Org))
	for _, name := range slices.Sorted(maps.Keys(s.Datasets)) {
		list = append(list, grantsOn(authz.ScopeDataset, name, authz.Dataset.Pairs(s.Datasets[name]))...)
	}
	for _, name := range slices.Sorted(maps.Keys(s.Views)) {
		list = append(list, grantsOn(authz.ScopeView, name, authz.View.Pairs(s.Views[name]))...)
	}
	return append(list, appGrants(s.Apps)...)
}

// appGrants lists what a set has in applications.
func appGrants(held authz.AppGrants) (list []grant) {
	if held.All() {
		return []grant{{authz.ScopeApp, "every application", "everything", "any action"}}
	}
	for g := range held.Each() {
		resource := resourceOf(g)
		i := slices.IndexFunc(list, func(l grant) bool { return l.On == g.App && l.Resource == resource })
		if i < 0 {
			list = append(list, grant{authz.ScopeApp, g.App, resource, g.Action})
			continue
		}
		list[i].Actions += ", " + g.Action
	}
	return list
}

// resourceOf names what a capability in an application is on: the type, and its instances.
func resourceOf(g authz.AppGrant) string {
	if g.On == "" {
		return g.Type
	}
	return g.Type + " " + string(g.On)
}

func grantsOn(scope authz.Scope, name string, pairs []authz.Pair) (list []grant) {
	for _, p := range pairs {
		if n := len(list) - 1; n >= 0 && list[n].Resource == p.Resource {
			list[n].Actions += ", " + p.Action.String()
			continue
		}
		list = append(list, grant{scope, name, p.Resource, p.Action.String()})
	}
	return list
}

// actionLabel writes an action's name, such as createAPIToken, as words: Create API token.
func actionLabel(name string) string {
	var b strings.Builder
	letters := []rune(name)
	for i, r := range letters {
		nextLower := i+1 < len(letters) && unicode.IsLower(letters[i+1])
		if i > 0 && unicode.IsUpper(r) && (nextLower || unicode.IsLower(letters[i-1])) {
			b.WriteByte(' ')
		}
		switch {
		case i == 0:
			r = unicode.ToUpper(r)
		case nextLower:
			r = unicode.ToLower(r)
		}
		b.WriteRune(r)
	}
	return b.String()
}

// browserName is about what a browser calls itself: enough to recognize one's own.
func browserName(userAgent string) string {
	find := func(names ...string) string {
		for _, name := range names {
			if text, label, _ := strings.Cut(name, "="); strings.Contains(userAgent, text) {
				return label
			}
		}
		return ""
	}
	browser := find("Edg/=Edge", "OPR/=Opera", "Firefox/=Firefox", "Chrome/=Chrome", "Safari/=Safari")
	system := find("iPhone=iPhone", "iPad=iPad", "Android=Android", "Windows=Windows", "Mac OS X=macOS", "CrOS=ChromeOS", "Linux=Linux")
	switch {
	case browser != "" && system != "":
		return browser + " on " + system
	case browser != "":
		return browser
	case userAgent == "":
		return "Unknown"
	default:
		return userAgent
	}
}
