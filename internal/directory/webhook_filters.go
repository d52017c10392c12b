package directory

import (
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/quote"
)

// MaxFilters is how many actions or target types a filter may name.
const MaxFilters = 50

// WebhookFilter says which entries a webhook is sent; the zero value, all that
// was done.
type WebhookFilter struct {
	Actions     []string `json:"actions,omitempty"`     // names, or beginnings followed by *; none: all
	TargetTypes []string `json:"targetTypes,omitempty"` // none: all
	Refusals    bool     `json:"refusals,omitempty"`    // also what was tried and refused
}

// targetTypes are the kinds of things that entries are about.
var targetTypes = []string{"user", "apiToken", "personalToken", "role", "group", "organization", "orgSettings", "auditLog", "webhook"}

// clean checks a filter and drops duplicates. What could never match is an error: it
// is a spelling mistake.
func (f WebhookFilter) clean() (WebhookFilter, error) {
	if len(f.Actions) > MaxFilters {
		return f, InvalidField("actions", "has %d members; at most %d are allowed", len(f.Actions), MaxFilters)
	}
	if len(f.TargetTypes) > MaxFilters {
		return f, InvalidField("targetTypes", "has %d members; at most %d are allowed", len(f.TargetTypes), MaxFilters)
	}
	for _, pattern := range f.Actions {
		if !slices.ContainsFunc(actions, func(action string) bool { return matchesAction(pattern, action) }) {
			return f, InvalidField("actions", "%s is not an action of the audit log; use %s, or a prefix such as create*",
				quote.Input(pattern), strings.Join(actions, ", "))
		}
	}
	for _, name := range f.TargetTypes {
		if !slices.Contains(targetTypes, name) {
			return f, InvalidField("targetTypes", "%s is not a target type; use one of %s", quote.Input(name), strings.Join(targetTypes, ", "))
		}
	}
	f.Actions, f.TargetTypes = distinct(f.Actions), distinct(f.TargetTypes)
	return f, nil
}

// distinct keeps the first of each; nil for none.
func distinct(list []string) (once []string) {
	for _, s := range list {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	return once
}

func matchesAction(pattern, action string) bool {
	if prefix, ok := strings.CutSuffix(pattern, "*"); ok {
		return strings.HasPrefix(action, prefix)
	}
	return pattern == action
}

// Wants reports whether the webhook's filter lets an entry through. A test entry
// goes to the webhook it is about alone.
func (w Webhook) Wants(e Entry) bool {
	if e.OrgID != w.OrgID {
		return false
	}
	if e.Action == OpTestWebhook.Name && e.Outcome == Done {
		return e.Target.ID == string(w.ID)
	}
	return (w.Refusals || e.Outcome != Refused) &&
		(len(w.Actions) == 0 || slices.ContainsFunc(w.Actions, func(p string) bool { return matchesAction(p, e.Action) })) &&
		(len(w.TargetTypes) == 0 || slices.Contains(w.TargetTypes, e.Target.Type))
}
