package auditlog

import (
	"encoding/json"

	"github.com/rosterhq/roster/internal/directory"
)

// erase removes a user's personal data from an entry.
func erase(e *directory.Entry, id directory.UserID) (changed bool, err error) {
	sealed := e.Sealed()
	if _, err := sealed.Finish(); err != nil {
		return false, err
	}
	if e.Actor.UserID == id && e.Secrets.ActorHash == nil {
		changed = true
		if err := sealed.EraseActor(); err != nil {
			return false, err
		}
	}
	named := e.Target.Name != "" || e.Before != nil || e.After != nil
	if named && e.Target.Type == "user" && e.Target.ID == string(id) && e.Secrets.TargetHash == nil {
		changed = true
		if err := sealed.EraseTarget(); err != nil {
			return false, err
		}
	}
	if madeBy(e, id) && e.Secrets.InternalHash == nil {
		changed = true
		if err := sealed.EraseMaker(); err != nil {
			return false, err
		}
	}
	e.Actor.Name, e.RemoteAddr, e.UserAgent = sealed.Actor.Name, sealed.SourceAddress, sealed.UserAgent
	e.Target.Name = sealed.Target.Name
	e.Before, e.After = []byte(sealed.RawBefore), []byte(sealed.RawAfter)
	e.Secrets = sealed.Secrets
	return changed, nil
}

// madeBy reports whether an entry's state has a user as the creator of a token or webhook.
func madeBy(e *directory.Entry, id directory.UserID) bool {
	for _, state := range []json.RawMessage{e.Before, e.After} {
		var t struct {
			CreatedBy directory.Actor `json:"createdBy"`
		}
		if state != nil && json.Unmarshal(state, &t) == nil && t.CreatedBy.UserID == id {
			return true
		}
	}
	return false
}
