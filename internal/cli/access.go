package cli

import (
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var accessColumns = []column[client.Capability]{
	{"scope", scopeName},
	{"name", func(c client.Capability) string { return c.Name }},
	{"capability", func(c client.Capability) string { return c.Capability }},
	{"why", func(c client.Capability) string { return why(c.Paths) }},
}

var decisionColumns = []column[client.Decision]{
	{"user", func(d client.Decision) string { return d.Principal.Name }},
	{"capability", func(d client.Decision) string { return fullName(d.Capability) }},
	{"allowed", func(d client.Decision) string { return map[bool]string{true: "yes", false: "no"}[d.Allowed] }},
	{"why", func(d client.Decision) string { return why(d.Paths) }},
}

// why formats the paths by which a capability is granted.
func why(paths []client.Path) string {
	var all []string
	for _, p := range paths {
		switch {
		case p.Group != nil && p.Role != nil:
			all = append(all, fmt.Sprintf("group %s → role %s", p.Group.Name, p.Role.Name))
		case p.Role != nil && p.Until != nil:
			all = append(all, "role "+p.Role.Name+" until "+when(p.Until))
		case p.Role != nil:
			all = append(all, "role "+p.Role.Name)
		default:
			all = append(all, p.Kind)
		}
	}
	return strings.Join(all, "; ")
}

// scopeName is the scope of a capability, with the application if it is of one.
func scopeName(c client.Capability) string {
	if c.App != "" {
		return c.Scope + ":" + c.App
	}
	return c.Scope
}

// fullName is a capability as in the flag.
func fullName(c client.Capability) string {
	resource, action, _ := strings.Cut(c.Capability, "|")
	switch {
	case c.App != "":
		return scopeName(c) + ":" + onInstances(resource, c.Name) + "|" + action
	case c.Name != "":
		return c.Scope + ":" + c.Name + ":" + c.Capability
	default:
		return c.Capability
	}
}

// inScope reports whether a capability is in the scope that the flag names.
func inScope(c client.Capability, scope string) bool {
	return scope == "" || scope == c.Scope || scope == scopeName(c)
}

func (s *session) usersAccess() *cobra.Command {
	var capability, scope, asOf string
	cmd := s.command("access USER", "Show what a user may do, and why\nWith --capability, checks one capability; the exit code is 0 in either case.",
		"roster users access jane.doe@example.com\nroster users access jane.doe@example.com --capability 'users|delete'\n"+
			"roster users access jane.doe@example.com --scope app:billing\n"+
			"roster users access jane.doe@example.com --capability 'app:billing:invoice:2026-0042|approve'\n"+
			"roster users access jane.doe@example.com --at 2026-01-31T23:59:59Z", cobra.ExactArgs(1),
		func(cmd *cobra.Command, c *client.Client, args []string) error {
			at, err := timeFlag("--at", asOf)
			if err != nil {
				return err
			}
			id, err := userIDAt(cmd.Context(), c, args[0], at)
			if err != nil {
				return err
			}
			if capability != "" {
				d, err := c.AskUserAccessAt(cmd.Context(), id, capability, at)
				if err != nil {
					return err
				}
				return printOne(s, cmd, d, decisionColumns)
			}
			a, err := c.GetUserAccessAt(cmd.Context(), id, at)
			if err != nil {
				return err
			}
			a.Capabilities = slices.DeleteFunc(a.Capabilities, func(c client.Capability) bool { return !inScope(c, scope) })
			if s.json() {
				return s.printJSON(cmd, a)
			}
			if a.Principal.Status != "" {
				cmd.PrintErrln("no access: the user is", visible(string(a.Principal.Status)))
			}
			return printList(s, cmd, a.Capabilities, accessColumns)
		})
	cmd.Flags().StringVar(&capability, "capability", "", "check one `CAPABILITY`: 'users|delete', 'dataset:NAME:query|read', 'view:NAME:query|read',\n'app:APP:type|action' or 'app:APP:type:NAME|action'")
	cmd.Flags().StringVar(&scope, "scope", "", "show only capabilities of this `SCOPE`: organization, dataset, view, app, or app:APP for one application")
	complete(cmd, "scope", "organization", "dataset", "view", "app")
	cmd.MarkFlagsMutuallyExclusive("capability", "scope")
	flagValues(cmd, "capability", s.completeCapabilities())
	addAt(cmd, &asOf)
	return cmd
}
