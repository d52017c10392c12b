package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"fmt"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
)

// object writes a JSON object as RFC 8785 wants it, given its members in order.
// Members that are empty are left out.
type object struct{ b []byte }

func newObject(size int) *object { return &object{append(make([]byte, 0, size), '{')} }

func (o *object) member(name string) {
	if len(o.b) > 1 {
		o.b = append(o.b, ',')
	}
	o.b = append(o.b, '"')
	o.b = append(o.b, name...)
	o.b = append(o.b, '"', ':')
}

func (o *object) text(name, value string) {
	if value == "" {
		return
	}
	o.member(name)
	o.b, _ = jsontext.AppendQuote(o.b, value) // what is no UTF-8 is replaced
}

func (o *object) raw(name string, value []byte) {
	if len(value) == 0 {
		return
	}
	o.member(name)
	o.b = append(o.b, value...)
}

func (o *object) number(name string, value int64) {
	o.member(name)
	o.b = strconv.AppendInt(o.b, value, 10)
}

func (o *object) hash(name string, h Hash) {
	o.member(name)
	o.b = append(o.b, '"')
	o.b = base64.StdEncoding.AppendEncode(o.b, h[:])
	o.b = append(o.b, '"')
}

func (o *object) end() []byte { return append(o.b, '}') }

func (o *object) empty() bool { return len(o.b) == 1 }

// commit hashes data under a salt, apart from every other kind of data.
func commit(kind string, salt, data []byte) Hash {
	h := sha256.New()
	h.Write([]byte("roster audit v1 " + kind + "\n"))
	h.Write(salt)
	h.Write([]byte{'\n'})
	h.Write(data)
	return Hash(h.Sum(nil))
}

// state is what a target was before or after, parted by who may see it and for
// how long. Each part is canonical JSON, or nothing.
type state struct {
	public   []byte
	personal []byte // of a person: goes when they are erased
	internal []byte // never shown
}

// What of a state is not public. Account ids would tell who was known elsewhere,
// and so would the invitation that only an existing account gets.
var (
	personalMembers = []string{"email", "name"}
	internalMembers = []string{"accountId", "createdBy", "invited"}
)

type member struct {
	name  string
	value jsontext.Value
}

// parse parts a state; isPerson says that its target is one.
func (s *state) parse(v jsontext.Value, isPerson bool) error {
	if len(v) == 0 {
		return nil
	}
	members, err := membersOf(v)
	if err != nil {
		return err
	}
	public, personal, internal := newObject(len(v)), newObject(64), newObject(64)
	for _, m := range members {
		to := public
		switch {
		case slices.Contains(internalMembers, m.name):
			to = internal
		case isPerson && slices.Contains(personalMembers, m.name):
			to = personal
		}
		to.raw(m.name, m.value)
	}
	s.public = public.end()
	if !personal.empty() {
		s.personal = personal.end()
	}
	if !internal.empty() {
		s.internal = internal.end()
	}
	return nil
}

// membersOf reads an object's members, each in its canonical form, in order.
func membersOf(v jsontext.Value) ([]member, error) {
	d := jsontext.NewDecoder(bytes.NewBuffer(v))
	if d.PeekKind() != '{' {
		return nil, fmt.Errorf("a state is no JSON object")
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	members := make([]member, 0, 12)
	for d.PeekKind() != '}' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		m := member{name: name.String()}
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		m.value = value.Clone()
		if err := m.value.Canonicalize(); err != nil {
			return nil, err
		}
		members = append(members, m)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	slices.SortFunc(members, func(a, b member) int { return bytes.Compare([]byte(a.name), []byte(b.name)) })
	return members, nil
}
