package directory

import (
	"encoding/json"
	"time"

	"github.com/rosterhq/roster/internal/audit"
)

// Entry is one line of the audit log. It is appended in the transaction that
// made the change, so the log holds what happened and nothing else; caches,
// mail and every other follower read it as the feed of changes.
type Entry struct {
	// Position is the entry's place in the log of the whole deployment, by which
	// followers read; the store sets it. Sequence is its number in its organization's
	// log: 1, 2, 3, … in the order of commits.
	Position int64 `json:"position"`
	Sequence int64 `json:"sequence"`
	// At never goes back within an organization: what is up to a time is a
	// beginning of its log.
	At         time.Time       `json:"at"`
	OrgID      OrgID           `json:"orgId"`
	Actor      Actor           `json:"actor"`
	Action     string          `json:"action"`
	Outcome    Outcome         `json:"outcome,omitempty"`
	Reason     string          `json:"reason,omitempty"` // of a refusal
	Target     Target          `json:"target"`
	Before     json.RawMessage `json:"before,omitempty"`
	After      json.RawMessage `json:"after,omitempty"`
	TraceID    string          `json:"traceId,omitempty"`
	RemoteAddr string          `json:"remoteAddr,omitempty"`
	UserAgent  string          `json:"userAgent,omitempty"`

	Secrets audit.Secrets `json:"-"` // salts of what the log's proof says nothing of
	// Leaf is the entry's hash in the log's tree, as it was when the entry was
	// written, and MAC the server's authenticator of it; nil for what is older than both.
	Leaf []byte `json:"-"`
	MAC  []byte `json:"-"`

	subject AccountID // of who writes the entry; it saves finding it in the states
}

// Outcome is the result of a request.
type Outcome string

// The outcomes. Followers that need only changes skip refusals.
const (
	Done    Outcome = ""
	Refused Outcome = "refused"
)

// Record is the entry as it may be shown, and its leaf in the log's tree.
func (e Entry) Record() (audit.Record, audit.Hash, error) {
	sealed := e.Sealed()
	leaf, err := sealed.Finish()
	return sealed.Record, leaf, err
}

// Shown is the entry's record, with its leaf as it was when the entry was written.
func (e Entry) Shown() (audit.Record, error) {
	sealed := e.Sealed()
	err := sealed.Show()
	if leaf := (audit.Hash{}); len(e.Leaf) == len(leaf) {
		copy(leaf[:], e.Leaf)
		sealed.Proof.Leaf = &leaf
	}
	return sealed.Record, err
}

// Sealed is the entry in the audit's form, to be finished.
func (e *Entry) Sealed() audit.Entry {
	return audit.Entry{
		Record: audit.Record{
			Sequence: e.Sequence, Time: audit.Time{Time: e.At}, OrgID: string(e.OrgID),
			Actor:  audit.Actor{Kind: string(e.Actor.Kind), TokenID: string(e.Actor.TokenID), UserID: string(e.Actor.UserID), Name: e.Actor.Name},
			Action: e.Action, Outcome: string(e.Outcome), Reason: e.Reason,
			Target:  audit.Target{Type: e.Target.Type, ID: e.Target.ID, Name: e.Target.Name},
			TraceID: e.TraceID, SourceAddress: e.RemoteAddr, UserAgent: e.UserAgent,
		},
		RawBefore: []byte(e.Before), RawAfter: []byte(e.After),
		ActorAccount: string(e.Actor.AccountID), Secrets: e.Secrets,
	}
}

// account is the account of the user that an entry is about.
func (e *Entry) account() AccountID {
	if e.subject != "" {
		return e.subject
	}
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

// ActorKind is the kind of principal that acted.
type ActorKind string

// The kinds of actor.
const (
	ActorAPIToken ActorKind = "apiToken"
	ActorAccount  ActorKind = "account"
	ActorOperator ActorKind = "operator" // whoever runs the program's admin commands
	ActorSystem   ActorKind = "system"   // the server by itself, as configured before
	// ActorApplication is an application, by its credential.
	ActorApplication ActorKind = "application"
)

// Actor is who made a change, with the name they had then.
type Actor struct {
	Kind      ActorKind `json:"kind"`
	TokenID   TokenID   `json:"tokenId,omitempty"`
	AccountID AccountID `json:"accountId,omitempty"`
	UserID    UserID    `json:"userId,omitempty"`
	Name      string    `json:"name,omitempty"`
}

// OperatorActor and SystemActor are the actors of changes without a call.
var (
	OperatorActor = OperatorPrincipal("").Actor()
	SystemActor   = SystemPrincipal("").Actor()
)

// ID is the actor's id in queries of the log: a person's user id, else the token's id, or
// the kind if there is neither.
func (a Actor) ID() string {
	switch {
	case a.UserID != "":
		return string(a.UserID)
	case a.TokenID != "":
		return string(a.TokenID)
	default:
		return string(a.Kind)
	}
}

// Target is what was changed.
type Target struct {
	Type string `json:"type"` // such as user
	ID   string `json:"id"`
	Name string `json:"name,omitempty"`
}

// EntryQuery narrows a list of an organization's entries; zero values narrow nothing.
type EntryQuery struct {
	After, Before int64 // sequences: greater than the one, less than the other
	Actor         string
	Action        string
	Target        string
	Outcome       *Outcome
	NewestFirst   bool
	Limit         int
}

// Retention is how long an organization keeps the entries of its log.
type Retention struct {
	Days int `json:"days"` // 0: for ever
}
