package cli

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

func (s *session) addCapabilityFlag(cmd *cobra.Command, capabilities *[]string) {
	cmd.Flags().StringArrayVar(capabilities, "capability", nil,
		"`CAPABILITY`, repeatable: 'users|read', 'dataset:NAME:query|read' or 'view:NAME:query|read', where NAME can be * for all.\n"+
			"In an application: 'app:APP:type|action', or 'app:APP:type:NAME|action', where NAME can end with *")
	flagValues(cmd, "capability", s.completeCapabilities())
}

// parseCapabilities parses the flag. The server checks the names.
func parseCapabilities(list []string) (client.Capabilities, error) {
	caps := client.Capabilities{Org: map[string][]string{}, Datasets: map[string]map[string][]string{}}
	for _, s := range given(list) {
		var err error
		switch kind, rest, scoped := strings.Cut(s, ":"); {
		case !scoped:
			var resource, action string
			if resource, action, err = parsePair(s); err == nil {
				caps.Org[resource] = append(caps.Org[resource], action)
			}
		case kind == "dataset":
			err = addNamed(&caps.Datasets, rest)
		case kind == "view":
			err = addNamed(&caps.Views, rest)
		case kind == "app":
			err = addApp(&caps.Apps, rest)
		default:
			err = errors.New("has an unknown scope; use dataset, view, app, or none for the organization")
		}
		if err != nil {
			return caps, usagef("--capability: %q %w", s, err)
		}
	}
	return caps, nil
}

func parsePair(s string) (resource, action string, err error) {
	i := strings.LastIndex(s, "|")
	if i < 0 {
		return "", "", errors.New("is not resource|action, as in users|read")
	}
	return s[:i], s[i+1:], nil
}

// addNamed adds a capability on a dataset or view, whose name may have colons.
func addNamed(named *map[string]map[string][]string, s string) error {
	i := strings.LastIndex(s, ":")
	if i < 1 {
		return errors.New("is not dataset:NAME:resource|action or view:NAME:resource|action")
	}
	resource, action, err := parsePair(s[i+1:])
	if err != nil {
		return err
	}
	if *named == nil {
		*named = make(map[string]map[string][]string)
	}
	if (*named)[s[:i]] == nil {
		(*named)[s[:i]] = make(map[string][]string)
	}
	(*named)[s[:i]][resource] = append((*named)[s[:i]][resource], action)
	return nil
}

// addApp adds a capability in an application, on a type or on its instances, whose names
// may have colons and bars.
func addApp(apps *client.AppCapabilities, s string) error {
	app, rest, ok := strings.Cut(s, ":")
	on, action, err := parsePair(rest)
	if !ok || err != nil || app == "" {
		return errors.New("is not app:APP:type|action or app:APP:type:NAME|action")
	}
	typ, name, instanced := strings.Cut(on, ":")
	if instanced && name == "" {
		return errors.New("has an empty name; leave out the colon for a type without instances, or use * for all")
	}
	if *apps == nil {
		*apps = make(client.AppCapabilities)
	}
	if (*apps)[app] == nil {
		(*apps)[app] = make(map[string]client.TypeCapabilities)
	}
	t := (*apps)[app][typ]
	if instanced && t.Actions != nil || !instanced && t.On != nil {
		return fmt.Errorf("contradicts another: either %s has instances, or it has none", typ)
	}
	if instanced {
		if t.On == nil {
			t.On = make(map[string][]string)
		}
		t.On[name] = append(t.On[name], action)
	} else {
		t.Actions = append(t.Actions, action)
	}
	(*apps)[app][typ] = t
	return nil
}

// capabilityCount says how many capabilities there are.
func capabilityCount(c client.Capabilities) string { return count(len(capabilityList(c)), "action") }

// capabilityNames formats capabilities as in the flag.
func capabilityNames(c client.Capabilities) string { return strings.Join(capabilityList(c), " ") }

// capabilityList lists capabilities as in the flag.
func capabilityList(c client.Capabilities) []string {
	var all []string
	list := func(prefix string, caps map[string][]string) {
		for _, resource := range slices.Sorted(maps.Keys(caps)) {
			for _, action := range caps[resource] {
				all = append(all, prefix+resource+"|"+action)
			}
		}
	}
	list("", c.Org)
	for _, name := range slices.Sorted(maps.Keys(c.Datasets)) {
		list("dataset:"+name+":", c.Datasets[name])
	}
	for _, name := range slices.Sorted(maps.Keys(c.Views)) {
		list("view:"+name+":", c.Views[name])
	}
	for _, app := range slices.Sorted(maps.Keys(c.Apps)) {
		for _, typ := range slices.Sorted(maps.Keys(c.Apps[app])) {
			t := c.Apps[app][typ]
			list("app:"+app+":", map[string][]string{typ: t.Actions})
			for _, name := range slices.Sorted(maps.Keys(t.On)) {
				list("app:"+app+":", map[string][]string{onInstances(typ, name): t.On[name]})
			}
		}
	}
	return all
}

// onInstances writes a resource type with the name of its instances, if it has any.
func onInstances(typ, name string) string {
	if name == "" {
		return typ
	}
	return typ + ":" + name
}
