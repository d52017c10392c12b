package freshness

import (
	"strconv"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// ParseLogEnds reads texts of [directory.Written]. Errors: [directory.Invalid].
func ParseLogEnds(texts []string) (ends []directory.LogEnd, err error) {
	for _, text := range texts {
		for part := range strings.SplitSeq(text, ",") {
			part = strings.TrimSpace(part)
			if part == "" {
				continue // as in every list in a header (RFC 9110 section 5.6.1)
			}
			org, digits, _ := strings.Cut(part, ":")
			n, err := strconv.ParseInt(digits, 10, 64)
			if err != nil || n < 1 || org == "" || strings.ContainsFunc(org, notInSlug) || len(ends) == directory.MaxWritten {
				return nil, directory.Errorf(directory.Invalid, "Roster-Consistency must have at most %d values of earlier responses, as in acme-x7q2:42", directory.MaxWritten)
			}
			ends = append(ends, directory.LogEnd{OrgID: directory.OrgID(org), Sequence: n})
		}
	}
	return ends, nil
}

func notInSlug(r rune) bool { return r != '-' && (r < 'a' || r > 'z') && (r < '0' || r > '9') }
