package audit

import (
	"crypto/rand"

	"github.com/go-json-experiment/json/jsontext"
)

// Entry is an entry as it is kept: a record with what is not shown.
type Entry struct {
	Record
	// RawBefore and RawAfter are the states with everything in them, and
	// ActorAccount the actor's account; none of it is shown.
	RawBefore, RawAfter jsontext.Value
	ActorAccount        string
	Secrets             Secrets
}

// Secrets are an entry's salts, and hashes that stand in for what was erased,
// nil for what was not.
type Secrets struct {
	Actor, Target, Internal             []byte
	ActorHash, TargetHash, InternalHash *Hash
}

// saltSize is enough that nobody tries what was salted one by one.
const saltSize = 16

// NewSecrets draws an entry's salts.
func NewSecrets() Secrets {
	var salts [3 * saltSize]byte
	rand.Read(salts[:])
	return Secrets{Actor: salts[:saltSize], Target: salts[saltSize : 2*saltSize], Internal: salts[2*saltSize:]}
}

// Finish fills in what is shown of the states and the proof, and computes the leaf.
func (e *Entry) Finish() (Hash, error) {
	before, after, err := e.fill()
	if err != nil {
		return Hash{}, err
	}
	return e.leaf(&before, &after), nil
}

// Show is [Entry.Finish] where the leaf is known.
func (e *Entry) Show() error {
	_, _, err := e.fill()
	return err
}

func (e *Entry) fill() (before, after state, err error) {
	isPerson := e.Target.Type == person
	if err := before.parse(e.RawBefore, isPerson); err != nil {
		return before, after, err
	}
	if err := after.parse(e.RawAfter, isPerson); err != nil {
		return before, after, err
	}
	e.Before, e.After = before.shown(), after.shown()
	e.Proof = Proof{ActorSalt: e.Secrets.Actor, ActorHash: e.Secrets.ActorHash, InternalHash: e.Secrets.InternalHash}
	if isPerson {
		e.Proof.TargetSalt, e.Proof.TargetHash = e.Secrets.Target, e.Secrets.TargetHash
	}
	if e.Proof.InternalHash == nil {
		var text [scratch]byte
		o := newObject(text[:0])
		o = o.text("accountId", e.ActorAccount)
		o = o.raw("after", after.internal)
		o = o.raw("before", before.internal)
		if !o.empty() {
			h := commit("internal", e.Secrets.Internal, o.end())
			e.Proof.InternalHash = &h
		}
	}
	return before, after, nil
}

// shown joins the parts of a state that may be seen.
func (s *state) shown() jsontext.Value {
	if len(s.personal) == 0 {
		return s.public
	}
	if len(s.public) == 2 {
		return s.personal
	}
	joined := make([]byte, 0, len(s.public)+len(s.personal))
	joined = append(append(joined, s.public[:len(s.public)-1]...), ',')
	return append(joined, s.personal[1:]...)
}

// EraseActor takes out who acted and where from; EraseTarget a person's name,
// email and profile as a target. The leaf stays the same: the hashes stay, and the salts
// needed to guess the data are deleted. [Entry.Finish] has been called.
func (e *Entry) EraseActor() error {
	h := e.actorHash()
	e.Secrets.ActorHash, e.Secrets.Actor = &h, nil
	e.Actor.Name, e.SourceAddress, e.UserAgent = "", "", ""
	_, err := e.Finish()
	return err
}

// EraseTarget is described at [Entry.EraseActor].
func (e *Entry) EraseTarget() error {
	isPerson := e.Target.Type == person
	if !isPerson {
		return nil
	}
	var before, after state
	if err := before.parse(e.RawBefore, isPerson); err != nil {
		return err
	}
	if err := after.parse(e.RawAfter, isPerson); err != nil {
		return err
	}
	h := e.targetHash(&before, &after)
	e.Secrets.TargetHash, e.Secrets.Target = &h, nil
	e.Target.Name = ""
	e.RawBefore, e.RawAfter = without(e.RawBefore, personalMembers), without(e.RawAfter, personalMembers)
	_, err := e.Finish()
	return err
}

// EraseMaker takes the name of who made a token out of what is not shown of it.
func (e *Entry) EraseMaker() error {
	e.Secrets.InternalHash, e.Secrets.Internal = e.Proof.InternalHash, nil
	e.RawBefore, e.RawAfter = without(e.RawBefore, []string{"createdBy"}), without(e.RawAfter, []string{"createdBy"})
	_, err := e.Finish()
	return err
}

// without gives an object that was parsed before without some members.
func without(v jsontext.Value, names []string) jsontext.Value {
	if len(v) == 0 {
		return nil
	}
	members, err := membersOf(v)
	if err != nil {
		return v
	}
	o := sizedObject(len(v))
	for _, m := range members {
		if !m.among(names) {
			o = o.add(m)
		}
	}
	return jsontext.Value(o.end())
}
