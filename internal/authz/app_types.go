package authz

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/quote"
)

// AppTypes are the resource types of an application by their names. Together with their
// actions, they are the capabilities that the application defines.
type AppTypes map[string]AppType

// AppType is a kind of thing in an application.
type AppType struct {
	Actions []string `json:"actions"`
	// Instances is true for a type of which capabilities name instances.
	Instances bool `json:"instances,omitempty"`
}

// Equal reports whether two applications define the same, in the same order.
func (types AppTypes) Equal(other AppTypes) bool {
	return maps.EqualFunc(types, other, func(a, b AppType) bool {
		return a.Instances == b.Instances && slices.Equal(a.Actions, b.Actions)
	})
}

// Check refuses a capability in the application that the types do not define.
func (types AppTypes) Check(g AppGrant) error {
	t, known := types[g.Type]
	switch {
	case !known:
		return fmt.Errorf("unknown resource type %s of application %s; known are %s",
			quote.Input(g.Type), quote.Input(g.App), strings.Join(slices.Sorted(maps.Keys(types)), ", "))
	case !slices.Contains(t.Actions, g.Action):
		return fmt.Errorf("unknown action %s for %s of application %s; known are %s",
			quote.Input(g.Action), quote.Input(g.Type), quote.Input(g.App), strings.Join(t.Actions, ", "))
	case t.Instances && g.On == "":
		return fmt.Errorf(`%s of application %s has instances: write {"NAME": ["%s"]}, or {"*": ["%[3]s"]} for all`,
			quote.Input(g.Type), quote.Input(g.App), g.Action)
	case !t.Instances && g.On != "":
		return fmt.Errorf(`%s of application %s has no instances: write ["%s"]`, quote.Input(g.Type), quote.Input(g.App), g.Action)
	}
	return nil
}

// Grants are all capabilities that the types define in an application, on all instances,
// in order.
func (types AppTypes) Grants(app string) []AppGrant {
	var all []AppGrant
	for typ, t := range types {
		for _, action := range t.Actions {
			g := AppGrant{App: app, Type: typ, Action: action}
			if t.Instances {
				g.On = Wildcard
			}
			all = append(all, g)
		}
	}
	return slices.Collect(AppGrantsOf(all).Each())
}
