package authz

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/quote"
)

// AppsWire is [AppGrants] by application and resource type, as requests, answers and
// storage write them.
type AppsWire map[string]map[string]TypeWire

// TypeWire has the actions on a resource type: on the type itself, as in ["read"], or by
// the pattern of its instances, as in {"2026-*": ["read"]}. A set that was made before
// the type had instances, joined with one of later, has both: then the pattern of the
// type itself is "".
type TypeWire struct {
	Actions []string
	On      map[string][]string
}

// MarshalJSON writes a list, or an object with its members in order.
func (w TypeWire) MarshalJSON() ([]byte, error) {
	if w.On != nil {
		return json.Marshal(w.On)
	}
	return json.Marshal(w.Actions)
}

// ErrTypeWire is returned for what is neither of the two forms.
var ErrTypeWire = errors.New(`must be a list of actions, as in ["read"], or if the type has instances, lists by their names, as in {"2026-*": ["read"]}`)

// UnmarshalJSON reads a list or an object.
func (w *TypeWire) UnmarshalJSON(b []byte) error {
	*w = TypeWire{}
	if len(b) > 0 && b[0] == '{' {
		if json.Unmarshal(b, &w.On) != nil {
			return ErrTypeWire
		}
		return nil
	}
	if json.Unmarshal(b, &w.Actions) != nil {
		return ErrTypeWire
	}
	return nil
}

// Parse reads w. It does not check whether there are such applications, types and
// actions, which are data. Errors are for what no application can have.
func (w AppsWire) Parse() (AppGrants, error) {
	var grants []AppGrant
	add := func(app, typ string, on Pattern, actions []string) error {
		for _, action := range actions {
			g := AppGrant{App: app, Type: typ, Action: action, On: on}
			if err := g.check(); err != nil {
				return err
			}
			grants = append(grants, g)
		}
		return nil
	}
	for app, types := range w {
		for typ, t := range types {
			if err := add(app, typ, "", t.Actions); err != nil {
				return AppGrants{}, err
			}
			for on, actions := range t.On {
				if err := Pattern(on).check(); err != nil {
					return AppGrants{}, fmt.Errorf("%s: %s: %w", quote.Input(app), quote.Input(typ), err)
				}
				if err := add(app, typ, Pattern(on), actions); err != nil {
					return AppGrants{}, err
				}
			}
		}
	}
	return AppGrantsOf(grants), nil
}

// check refuses what is not a pattern of instances.
func (p Pattern) check() error {
	if i := strings.Index(string(p), Wildcard); i >= 0 && i != len(p)-1 {
		return fmt.Errorf("%s is not a name, or the beginning of names followed by *", quote.Input(string(p)))
	}
	return nil
}

// check refuses names that could be mistaken for something else where they are written.
func (g AppGrant) check() error {
	for _, name := range []string{g.App, g.Type, g.Action} {
		if !IsAppName(name) {
			return fmt.Errorf("%s is not the name of an application, a type or an action", quote.Input(name))
		}
	}
	return nil
}

// maxAppName is how long the names of applications, types and actions may be.
const maxAppName = 64

// IsAppName reports whether an application, a resource type or an action may have a name:
// ASCII letters, digits, ".", "_" and "-", the first a letter.
func IsAppName(name string) bool {
	if name == "" || len(name) > maxAppName {
		return false
	}
	for i, c := range []byte(name) {
		letter := c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z'
		later := c >= '0' && c <= '9' || c == '.' || c == '_' || c == '-'
		if !letter && (i == 0 || !later) {
			return false
		}
	}
	return true
}

// Wire is a by name; nil if a lists nothing.
func (a AppGrants) Wire() AppsWire {
	if a.Len() == 0 {
		return nil
	}
	w := make(AppsWire)
	for g := range a.Each() {
		if w[g.App] == nil {
			w[g.App] = make(map[string]TypeWire)
		}
		t := w[g.App][g.Type]
		w[g.App][g.Type] = t.with(g)
	}
	return w
}

// with returns w with a grant on the type.
func (w TypeWire) with(g AppGrant) TypeWire {
	if g.On == "" && w.On == nil {
		w.Actions = append(w.Actions, g.Action)
		return w
	}
	if w.On == nil {
		w.On = make(map[string][]string)
	}
	if w.Actions != nil {
		w.On[""], w.Actions = w.Actions, nil
	}
	w.On[string(g.On)] = append(w.On[string(g.On)], g.Action)
	return w
}

// ParseAppGrant reads what [AppGrant.String] writes.
func ParseAppGrant(s string) (AppGrant, error) {
	rest, isApp := strings.CutPrefix(s, appPrefix)
	app, rest, hasType := strings.Cut(rest, ":")
	i := strings.LastIndexByte(rest, '|')
	if !isApp || !hasType || i < 0 {
		return AppGrant{}, fmt.Errorf("%s is not app:APP:type|action or app:APP:type:NAME|action", quote.Input(s))
	}
	typ, on, instanced := strings.Cut(rest[:i], ":")
	g := AppGrant{App: app, Type: typ, Action: rest[i+1:], On: Pattern(on)}
	if err := g.check(); err != nil {
		return AppGrant{}, err
	}
	if instanced && g.On == "" {
		return AppGrant{}, fmt.Errorf("%s has an empty name; leave out the colon for a type without instances", quote.Input(s))
	}
	return g, g.On.check()
}

// names lists a as people write it.
func (a AppGrants) names() (names []string) {
	if a.All() {
		return []string{appPrefix + Wildcard}
	}
	for g := range a.Each() {
		names = append(names, g.String())
	}
	return names
}

// Apps are the applications that a lists grants in, sorted.
func (a AppGrants) Apps() []string {
	apps := make(map[string]bool)
	for g := range a.Each() {
		apps[g.App] = true
	}
	return slices.Sorted(maps.Keys(apps))
}
