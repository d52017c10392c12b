package cli

import (
	"fmt"
	"strconv"

	"github.com/spf13/cobra"

	"github.com/rosterhq/roster/client"
)

var limitColumns = []column[client.LimitUse]{
	{"limit", func(l client.LimitUse) string { return l.Limit }},
	{"used", func(l client.LimitUse) string { return number(l.Used, "") }},
	{"max", func(l client.LimitUse) string { return number(l.Max, "none") }},
	{"share", share},
}

// number formats a number, or none.
func number(n *int, none string) string {
	if n == nil {
		return none
	}
	return strconv.Itoa(*n)
}

// share returns the use of a limit in percent.
func share(l client.LimitUse) string {
	if l.Max == nil || l.Used == nil {
		return ""
	}
	return fmt.Sprintf("%d %%", 100**l.Used / *l.Max)
}

func (s *session) limits() *cobra.Command {
	return s.command("limits", "Show limits and how much of them is used\nThe operator sets them with `roster serve --limit`.",
		"roster limits\nroster limits --output json", cobra.NoArgs, list(s, limitColumns, (*client.Client).ListLimits))
}
