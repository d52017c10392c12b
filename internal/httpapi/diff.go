package httpapi

import (
	"fmt"
	"strings"

	"github.com/go-json-experiment/json"

	"github.com/rosterhq/roster/internal/access"
)

// headerDiff has the access that users would gain and lose, on the response to a dry run.
const headerDiff = "Roster-Access-Diff"

// maxDiffHeader bounds the header to a length that proxies accept.
const maxDiffHeader = 6 << 10

type accessDiff struct {
	Changes []accessChange `json:"changes"`
	Omitted int            `json:"omitted"`
}

type accessChange struct {
	Kind   string   `json:"kind"`
	ID     string   `json:"id"`
	Gained []string `json:"gained"`
	Lost   []string `json:"lost"`
}

// diffHeader returns the diff as one line of ASCII JSON. It counts changes that don't fit.
func diffHeader(d *access.Diff) string {
	out := accessDiff{Changes: []accessChange{}, Omitted: d.Omitted}
	for _, c := range d.Changes {
		out.Changes = append(out.Changes, accessChange{
			Kind: c.Target.Type, ID: c.Target.ID, Gained: c.Gained.Names(), Lost: c.Lost.Names(),
		})
	}
	for {
		b, err := json.Marshal(out)
		if err != nil {
			return `{"changes":[],"omitted":-1}` // strings and numbers always encode
		}
		if line := asciiJSON(string(b)); len(line) <= maxDiffHeader || len(out.Changes) == 0 {
			return line
		}
		out.Changes = out.Changes[:len(out.Changes)/2]
		out.Omitted = d.Omitted + len(d.Changes) - len(out.Changes)
	}
}

// asciiJSON escapes all but ASCII for a header, because dataset names may be in any script.
func asciiJSON(s string) string {
	var b strings.Builder
	for _, r := range s {
		switch {
		case r < 0x7f:
			b.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&b, `\u%04x`, r)
		default:
			r -= 0x10000
			fmt.Fprintf(&b, `\u%04x\u%04x`, 0xd800+r>>10, 0xdc00+r&0x3ff)
		}
	}
	return b.String()
}
