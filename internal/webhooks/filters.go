package webhooks

import (
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
)

// MaxFilters is the largest number of actions or target types in a filter.
const MaxFilters = 50

// targetTypes are the types of the targets of entries.
var targetTypes = []string{"user", "apiToken", "personalToken", "session", "passkey", "signInLink", "role", "group", "organization", "orgSettings", "domain", "auditLog", "webhook", "schedule", "temporaryRole", "application", "appCredential"}

// cleanFilter checks a filter and drops duplicates. A name that could never match is an
// error, because it is a spelling mistake. Errors: [directory.Invalid].
func cleanFilter(f directory.WebhookFilter) (directory.WebhookFilter, error) {
	if len(f.Actions) > MaxFilters {
		return f, directory.InvalidField("actions", "has %d members; at most %d are allowed", len(f.Actions), MaxFilters)
	}
	if len(f.TargetTypes) > MaxFilters {
		return f, directory.InvalidField("targetTypes", "has %d members; at most %d are allowed", len(f.TargetTypes), MaxFilters)
	}
	for _, pattern := range f.Actions {
		if !directory.KnownAction(pattern) {
			return f, directory.InvalidField("actions", "%s is not an action of the audit log; use %s, or a prefix such as create*",
				quote.Input(pattern), strings.Join(directory.Actions(), ", "))
		}
	}
	for _, name := range f.TargetTypes {
		if !slices.Contains(targetTypes, name) {
			return f, directory.InvalidField("targetTypes", "%s is not a target type; use one of %s", quote.Input(name), strings.Join(targetTypes, ", "))
		}
	}
	f.Actions, f.TargetTypes = distinct(f.Actions), distinct(f.TargetTypes)
	return f, nil
}

// distinct drops duplicates.
func distinct(list []string) (once []string) {
	for _, s := range list {
		if !slices.Contains(once, s) {
			once = append(once, s)
		}
	}
	return once
}

// wants reports whether a webhook's filter selects an entry. A test entry is only for
// the webhook that it is about.
func wants(w directory.Webhook, e directory.Entry) bool {
	if e.OrgID != w.OrgID {
		return false
	}
	if e.Action == directory.OpTestWebhook.Name && e.Outcome == directory.Done {
		return e.Target.ID == string(w.ID)
	}
	return (w.Refusals || e.Outcome != directory.Refused) &&
		(len(w.Actions) == 0 || slices.ContainsFunc(w.Actions, func(p string) bool { return directory.MatchesAction(p, e.Action) })) &&
		(len(w.TargetTypes) == 0 || slices.Contains(w.TargetTypes, e.Target.Type))
}
