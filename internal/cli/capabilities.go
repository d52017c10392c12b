package cli

import (
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

func (s *session) addCapabilityFlag(cmd *cobra.Command, capabilities *[]string) {
	cmd.Flags().StringArrayVar(capabilities, "capability", nil,
		"capability: 'users|read', 'dataset:NAME:query|read' or 'view:NAME:query|read', where NAME can be * for all; repeatable")
	flagValues(cmd, "capability", s.completeCapabilities())
}

// parseCapabilities parses the flag. The server checks the names.
func parseCapabilities(list []string) (client.Capabilities, error) {
	caps := client.Capabilities{Org: map[string][]string{}, Datasets: map[string]map[string][]string{}}
	for _, s := range given(list) {
		scope, name, pair := "", "", s
		if kind, rest, ok := strings.Cut(s, ":"); ok {
			i := strings.LastIndex(rest, ":")
			if i < 1 || (kind != "dataset" && kind != "view") {
				return caps, usagef("--capability: %q is not dataset:NAME:resource|action or view:NAME:resource|action", s)
			}
			scope, name, pair = kind, rest[:i], rest[i+1:]
		}
		resource, action, ok := strings.Cut(pair, "|")
		if !ok {
			return caps, usagef("--capability: %q is not resource|action, as in users|read", s)
		}
		switch scope {
		case "":
			caps.Org[resource] = append(caps.Org[resource], action)
		case "dataset":
			add(caps.Datasets, name, resource, action)
		default:
			if caps.Views == nil {
				caps.Views = map[string]map[string][]string{}
			}
			add(caps.Views, name, resource, action)
		}
	}
	return caps, nil
}

func add(named map[string]map[string][]string, name, resource, action string) {
	if named[name] == nil {
		named[name] = map[string][]string{}
	}
	named[name][resource] = append(named[name][resource], action)
}

// capabilityCount says how many capabilities there are.
func capabilityCount(c client.Capabilities) string {
	n := 0
	for _, actions := range c.Org {
		n += len(actions)
	}
	for _, named := range []map[string]map[string][]string{c.Datasets, c.Views} {
		for _, resources := range named {
			for _, actions := range resources {
				n += len(actions)
			}
		}
	}
	return count(n, "action")
}

// capabilityNames formats capabilities as in the flag.
func capabilityNames(c client.Capabilities) string {
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
	return strings.Join(all, " ")
}
