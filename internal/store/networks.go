package store

import (
	"fmt"
	"net/netip"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// networksText formats networks for a column: in CIDR notation, separated by spaces.
func networksText(n directory.Networks) string { return strings.Join(n.Strings(), " ") }

// networksColumn scans a column that [networksText] wrote.
type networksColumn struct{ into *directory.Networks }

// Scan implements [sql.Scanner].
func (c networksColumn) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("a column of networks holds a %T", value)
	}
	var all directory.Networks
	for one := range strings.FieldsSeq(text) {
		p, err := netip.ParsePrefix(one)
		if err != nil {
			return fmt.Errorf("a column of networks: %w", err)
		}
		all = append(all, p)
	}
	*c.into = all
	return nil
}
