package history

import (
	"encoding/json"
	"reflect"

	"github.com/rosterhq/roster/internal/directory"
)

// storedStates reads everything that entries describe.
func storedStates(tx directory.Tx, id directory.OrgID) (map[stateKey]any, error) {
	all := make(map[stateKey]any)
	// In the form that entries have, so that both are read alike.
	add := func(target directory.Target, v any) error {
		b, err := json.Marshal(v)
		if err == nil {
			all[stateKey{target.Type, target.ID}], err = parseState(target.Type, b)
		}
		return err
	}
	if err := storedApps(tx, id, add); err != nil || id == directory.DeploymentLog {
		return all, err
	}
	org, err := tx.Org(id)
	if err != nil {
		return nil, err
	}
	if err := add(org.Target(), org); err != nil {
		return nil, err
	}
	settings, err := tx.OrgSettings(id)
	if err != nil {
		return nil, err
	}
	if kept := settings.Recorded(); kept != nil {
		if err := add(directory.SettingsTarget(id), kept); err != nil {
			return nil, err
		}
	}
	for u, err := range tx.Users(id, directory.UserQuery{}) {
		if err != nil {
			return nil, err
		}
		if err := add(u.Target(), u); err != nil {
			return nil, err
		}
	}
	roles, err := tx.Roles(id)
	if err != nil {
		return nil, err
	}
	for _, r := range roles {
		if err := add(r.Target(), r); err != nil {
			return nil, err
		}
	}
	groups, err := tx.Groups(id)
	if err != nil {
		return nil, err
	}
	for _, g := range groups {
		if err := add(g.Target(), directory.RecordGroup(g)); err != nil {
			return nil, err
		}
	}
	tokens, err := tx.APITokens(id)
	if err != nil {
		return nil, err
	}
	for _, t := range tokens {
		if err := add(t.Target(), t); err != nil {
			return nil, err
		}
	}
	temporary, err := tx.TemporaryRoles(id)
	if err != nil {
		return nil, err
	}
	for _, t := range temporary {
		if err := add(t.Target(), t); err != nil {
			return nil, err
		}
	}
	domains, err := tx.Domains(id)
	if err != nil {
		return nil, err
	}
	for _, d := range domains {
		if err := add(d.Target(), d); err != nil {
			return nil, err
		}
	}
	hooks, err := tx.Webhooks(id)
	if err != nil {
		return nil, err
	}
	for _, w := range hooks {
		if err := add(w.Target(), w); err != nil {
			return nil, err
		}
	}
	return all, storedProfiles(tx, id, all)
}

// storedApps adds the applications of an organization or of the deployment, by whose log has
// their entries.
func storedApps(tx directory.Tx, log directory.OrgID, add func(directory.Target, any) error) error {
	org := log
	if log == directory.DeploymentLog {
		org = ""
	}
	apps, err := tx.Applications(org)
	if err != nil {
		return err
	}
	for _, a := range apps {
		if err := add(a.Target(), a); err != nil {
			return err
		}
		credentials, err := tx.AppCredentials(org, a.ID)
		if err != nil {
			return err
		}
		for _, c := range credentials {
			if err := add(c.Target(), c); err != nil {
				return err
			}
		}
	}
	return nil
}

// parseState reads a state, without what entries only show with it. It returns nil for
// no state, and for targets that do not belong to an organization.
func parseState(kind string, raw json.RawMessage) (any, error) {
	if raw == nil {
		return nil, nil
	}
	switch kind {
	case "organization":
		return decodeState(raw, func(*directory.Org) {})
	case "orgSettings":
		return decodeState(raw, func(*directory.OrgSettings) {})
	case "user":
		return decodeState(raw, func(u *directory.User) { u.Role.Name = "" }) // belongs to the role
	case "temporaryRole":
		return decodeState(raw, func(t *directory.TemporaryRole) { t.Role.Name = "" })
	case "role":
		return decodeState(raw, func(r *directory.Role) { r.Members = nil }) // belong to the users
	case "group":
		return decodeState(raw, func(g *directory.Group) { *g = withLists(*g) })
	case "apiToken":
		return decodeState(raw, func(*directory.APITokenRecord) {})
	case "domain":
		return decodeState(raw, func(*directory.Domain) {})
	case "webhook":
		return decodeState(raw, func(*directory.Webhook) {})
	case "application":
		return decodeState(raw, func(*directory.Application) {})
	case "appCredential":
		return decodeState(raw, func(*directory.AppCredential) {})
	default:
		return nil, nil
	}
}

func decodeState[T any](raw json.RawMessage, trim func(*T)) (any, error) {
	var v T
	if err := json.Unmarshal(raw, &v); err != nil {
		return nil, err
	}
	trim(&v)
	return v, nil
}

// sameState compares two states, except for what was erased from either.
func sameState(a, b any) bool {
	switch x := a.(type) {
	case directory.User:
		if y, ok := b.(directory.User); ok && (erased(x) || erased(y)) {
			x.Name, x.Email, y.Name, y.Email = "", "", "", ""
			a, b = x, y
		}
	case directory.APITokenRecord:
		if y, ok := b.(directory.APITokenRecord); ok && (x.CreatedBy == directory.Actor{} || y.CreatedBy == directory.Actor{}) {
			x.CreatedBy, y.CreatedBy = directory.Actor{}, directory.Actor{}
			a, b = x, y
		}
	case directory.Webhook:
		if y, ok := b.(directory.Webhook); ok && (x.CreatedBy == directory.Actor{} || y.CreatedBy == directory.Actor{}) {
			x.CreatedBy, y.CreatedBy = directory.Actor{}, directory.Actor{}
			a, b = x, y
		}
	case directory.AppCredential:
		if y, ok := b.(directory.AppCredential); ok && (x.CreatedBy == directory.Actor{} || y.CreatedBy == directory.Actor{}) {
			x.CreatedBy, y.CreatedBy = directory.Actor{}, directory.Actor{}
			a, b = x, y
		}
	}
	return reflect.DeepEqual(a, b)
}

// erased reports whether a user's personal data was erased from an entry.
func erased(u directory.User) bool { return u.Name == "" && u.Email == "" }

func stateText(v any) string {
	if v == nil {
		return "nothing"
	}
	b, err := json.Marshal(v)
	if err != nil {
		return err.Error()
	}
	return string(b)
}
