// Package audit proves the audit log: it defines the sealed form of an entry, the Merkle
// tree of an organization's entries and its signed checkpoints, and verifies them. It
// does no I/O.
//
// Formats are those of transparency logs: trees as in RFC 6962 section 2.1,
// checkpoints as in c2sp.org/tlog-checkpoint, signatures as in c2sp.org/signed-note.
package audit

import (
	"crypto/sha256"
	"time"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	"golang.org/x/mod/sumdb/tlog"
)

// Hash is SHA-256; as JSON it is base64.
type Hash = tlog.Hash

// Record is an entry of the audit log as it is shown. It has everything that its
// leaf in the tree is made of, and no account's id: those never leave the server.
type Record struct {
	Sequence int64          `json:"sequence"` // 1, 2, 3, … within the organization
	Time     Time           `json:"time"`
	OrgID    string         `json:"orgId"`
	Actor    Actor          `json:"actor"`
	Action   string         `json:"action"`
	Outcome  string         `json:"outcome,omitzero"` // "" for what was done, or "refused"
	Reason   string         `json:"reason,omitzero"`  // of a refusal
	Target   Target         `json:"target"`
	Before   jsontext.Value `json:"before,omitzero"` // nothing for what did not exist
	After    jsontext.Value `json:"after,omitzero"`  // nothing for what does not any more

	TraceID       string `json:"traceId,omitzero"`
	SourceAddress string `json:"sourceAddress,omitzero"`
	UserAgent     string `json:"userAgent,omitzero"`

	Proof Proof `json:"proof"`
}

// Actor is who acted, with the name they had then.
type Actor struct {
	Kind    string `json:"kind"`
	TokenID string `json:"tokenId,omitzero"`
	UserID  string `json:"userId,omitzero"`
	Name    string `json:"name,omitzero"`
}

// Target is what was acted on.
type Target struct {
	Type string `json:"type"`
	ID   string `json:"id"`
	Name string `json:"name,omitzero"`
}

// Proof is what makes a leaf of a record whose personal data is not in the leaf
// itself, but committed to: a hash of it under a salt. With the data and its salt
// gone, the hash says nothing any more, and still proves the rest.
type Proof struct {
	ActorSalt  []byte `json:"actorSalt,omitzero"`  // of name, sourceAddress and userAgent
	TargetSalt []byte `json:"targetSalt,omitzero"` // of a person's name, email and profile
	// ActorHash and TargetHash stand in for what was erased.
	ActorHash  *Hash `json:"actorHash,omitzero"`
	TargetHash *Hash `json:"targetHash,omitzero"`
	// InternalHash commits to what is not shown.
	InternalHash *Hash `json:"internalHash,omitzero"`
	// Leaf is the leaf as it was sealed, where it has been and was asked for.
	Leaf *Hash `json:"leaf,omitzero"`
}

// person is the type of targets whose names are personal data.
const person = "user"

// Time is a time to the microsecond, in UTC, that has one text.
type Time struct{ time.Time }

const timeFormat = "2006-01-02T15:04:05.000000Z"

func (t Time) String() string { return t.UTC().Format(timeFormat) }

// MarshalJSON writes the one text.
func (t Time) MarshalJSON() ([]byte, error) {
	return t.UTC().AppendFormat(make([]byte, 0, len(timeFormat)+2), `"`+timeFormat+`"`), nil
}

// UnmarshalJSON reads RFC 3339.
func (t *Time) UnmarshalJSON(b []byte) error { return t.Time.UnmarshalJSON(b) }

// Leaf computes the record's hash in the tree, from what it shows.
func (r *Record) Leaf() (Hash, error) {
	var before, after state
	if err := before.parse(r.Before, r.Target.Type == person); err != nil {
		return Hash{}, err
	}
	if err := after.parse(r.After, r.Target.Type == person); err != nil {
		return Hash{}, err
	}
	return r.leaf(&before, &after), nil
}

// scratch is room on the stack for what is only to be hashed, in most cases.
const scratch = 1024

// leaf hashes the canonical JSON (RFC 8785) of what is sealed: members in order,
// those that are empty left out. The hash is a leaf's of RFC 6962 section 2.1, of
// which a 0 before the data is part.
func (r *Record) leaf(before, after *state) Hash {
	var text [scratch]byte
	o := newObject(append(text[:0], 0))
	o = o.text("action", r.Action)
	o = o.begin("actor")
	o = o.text("kind", r.Actor.Kind)
	o = o.text("tokenId", r.Actor.TokenID)
	o = o.text("userId", r.Actor.UserID)
	o = o.end()
	o = o.hash("actorHash", r.actorHash())
	o = o.raw("after", after.public)
	o = o.raw("before", before.public)
	if r.Proof.InternalHash != nil {
		o = o.hash("internalHash", *r.Proof.InternalHash)
	}
	o = o.text("orgId", r.OrgID)
	o = o.text("outcome", r.Outcome)
	o = o.text("reason", r.Reason)
	o = o.number("sequence", r.Sequence)
	o = o.begin("target")
	o = o.text("id", r.Target.ID)
	if r.Target.Type != person {
		o = o.text("name", r.Target.Name)
	}
	o = o.text("type", r.Target.Type)
	o = o.end()
	if r.Target.Type == person {
		o = o.hash("targetHash", r.targetHash(before, after))
	}
	o = o.text("time", r.Time.String())
	o = o.text("traceId", r.TraceID)
	return sha256.Sum256(o.end())
}

func (r *Record) actorHash() Hash {
	if r.Proof.ActorHash != nil {
		return *r.Proof.ActorHash
	}
	var text [scratch]byte
	o := newObject(text[:0])
	o = o.text("name", r.Actor.Name)
	o = o.text("sourceAddress", r.SourceAddress)
	o = o.text("userAgent", r.UserAgent)
	return commit("actor", r.Proof.ActorSalt, o.end())
}

func (r *Record) targetHash(before, after *state) Hash {
	if r.Proof.TargetHash != nil {
		return *r.Proof.TargetHash
	}
	var text [scratch]byte
	o := newObject(text[:0])
	o = o.raw("after", after.personal)
	o = o.raw("before", before.personal)
	o = o.text("name", r.Target.Name)
	return commit("target", r.Proof.TargetSalt, o.end())
}

// Encode gives the record as one line of JSON, without the line's end.
func (r *Record) Encode() ([]byte, error) { return json.Marshal(r) }
