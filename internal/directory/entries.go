package directory

import (
	"encoding/json"
	"time"
)

// Entry is one line of the audit log. It is appended in the transaction that
// made the change, so the log holds what happened and nothing else; caches,
// mail and every other follower read it as the feed of changes.
type Entry struct {
	Seq        int64           `json:"seq"` // set by the store; grows in the order of commits within an organisation
	At         time.Time       `json:"at"`
	OrgID      OrgID           `json:"orgId"`
	Actor      Actor           `json:"actor"`
	Action     string          `json:"action"`
	Target     Target          `json:"target"`
	Before     json.RawMessage `json:"before,omitempty"`
	After      json.RawMessage `json:"after,omitempty"`
	TraceID    string          `json:"traceId,omitempty"`
	RemoteAddr string          `json:"remoteAddr,omitempty"`
	UserAgent  string          `json:"userAgent,omitempty"`
}

// account is the account of the user that an entry is about.
func (e Entry) account() AccountID {
	var u struct {
		AccountID AccountID `json:"accountId"`
	}
	for _, state := range []json.RawMessage{e.Before, e.After} {
		if state != nil && json.Unmarshal(state, &u) == nil && u.AccountID != "" {
			break
		}
	}
	return u.AccountID
}

// ActorKind says what kind of principal acted.
type ActorKind string

// The kinds of actor.
const (
	ActorAPIToken ActorKind = "apiToken"
	ActorAccount  ActorKind = "account"
	ActorOperator ActorKind = "operator" // whoever runs the program's admin commands
)

// Actor is who made a change, with the name they had then.
type Actor struct {
	Kind      ActorKind `json:"kind"`
	TokenID   TokenID   `json:"tokenId,omitempty"`
	AccountID AccountID `json:"accountId,omitempty"`
	UserID    UserID    `json:"userId,omitempty"`
	Name      string    `json:"name,omitempty"`
}

// Target is what was changed.
type Target struct {
	Type string `json:"type"` // user, apiToken, personalToken, role, group, organization, account
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}
