package scim

import (
	"net/url"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/scim/filter"
)

// isSearch reports whether a list takes more than a look into an index.
func isSearch(q url.Values) bool {
	if q.Has("sortBy") {
		return true
	}
	text := q.Get("filter")
	if text == "" {
		return false
	}
	expr, err := filter.Parse(text)
	return err == nil && !isLookup(expr)
}

func listCost(q url.Values) int {
	if isSearch(q) {
		return searchCost
	}
	return 1
}

// indexed are the attributes whose values an index finds.
var indexed = []string{"id", "username", "externalid", "emails", "emails.value", "displayname", "members.value", "members", "groups.value", "groups"}

// isLookup reports whether an index finds all that a filter can select.
func isLookup(expr filter.Expr) bool {
	switch e := expr.(type) {
	case filter.Compare:
		return e.Op == filter.Eq && slices.Contains(indexed, strings.ToLower(filter.AttrPath{Name: e.Attr.Name, Sub: e.Attr.Sub}.String()))
	case filter.And:
		return slices.ContainsFunc(e, isLookup)
	}
	return false
}
