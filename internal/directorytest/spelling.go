package directorytest

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rosterhq/roster/internal/access"
	"github.com/rosterhq/roster/internal/directory"
)

// Networks parses networks that the test spells right.
func Networks(t testing.TB, list ...string) directory.Networks {
	t.Helper()
	return Must(directory.ParseNetworks(list))(t)
}

// TellAccess writes what somebody may do, with every reason and its names.
func TellAccess(a access.Access) string {
	var text strings.Builder
	for _, c := range a.Capabilities {
		fmt.Fprintf(&text, "%s:", c.Key)
		for _, p := range c.Paths {
			fmt.Fprintf(&text, " %s %q %v", p.Role.ID, p.Role.Name, p.Role.Capabilities.Names())
			if p.Group != nil {
				fmt.Fprintf(&text, " by %s %q", p.Group.ID, p.Group.Name)
			}
		}
		text.WriteByte('\n')
	}
	return text.String()
}
