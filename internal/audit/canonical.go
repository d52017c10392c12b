package audit

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"slices"
	"strconv"
	"sync"

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

func (o *object) add(m member) {
	if len(o.b) > 1 {
		o.b = append(o.b, ',')
	}
	o.b = append(append(append(append(o.b, '"'), m.name...), '"', ':'), m.value...)
}

func (o *object) end() []byte { return append(o.b, '}') }

func (o *object) empty() bool { return len(o.b) == 1 }

// commit hashes data under a salt, apart from every other kind of data.
func commit(kind string, salt, data []byte) Hash {
	b := make([]byte, 0, 512) // most fit, and it is not on the heap then
	b = append(append(append(b, "roster audit v1 "...), kind...), '\n')
	b = append(append(b, salt...), '\n')
	return sha256.Sum256(append(b, data...))
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

type member struct{ name, value []byte }

func (m member) among(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return string(m.name) == name })
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
		case m.among(internalMembers):
			to = internal
		case isPerson && m.among(personalMembers):
			to = personal
		}
		to.add(m)
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

// reader is a decoder to be used again: to make one is a good part of reading a state.
type reader struct {
	jsontext.Decoder
	text bytes.Buffer
}

var readers = sync.Pool{New: func() any { return new(reader) }}

// of has the decoder read a value. It lets names stand twice, which membersOf finds
// where they stand side by side.
func (r *reader) of(v jsontext.Value) *jsontext.Decoder {
	r.text = *bytes.NewBuffer(v)
	r.Reset(&r.text, jsontext.AllowDuplicateNames(true))
	return &r.Decoder
}

// membersOf reads an object's members, each in its canonical form, in order.
func membersOf(v jsontext.Value) ([]member, error) {
	reader := readers.Get().(*reader) //nolint:forcetypeassert // nothing else is put there
	defer readers.Put(reader)
	d := reader.of(v)
	if d.PeekKind() != '{' {
		return nil, errors.New("a state is no JSON object")
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	kept := make([]byte, 0, len(v)) // what the decoder gives is good until it reads on
	keep := func(b []byte) []byte {
		kept = append(kept, b...)
		return kept[len(kept)-len(b) : len(kept) : len(kept)]
	}
	members := make([]member, 0, 12)
	for d.PeekKind() != '}' {
		name, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		m := member{name: keep(name[1 : len(name)-1])}
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		if m.value = keep(value); !plain(m.value) {
			canonical := jsontext.Value(m.value).Clone()
			if err := canonical.Canonicalize(); err != nil {
				return nil, err
			}
			m.value = canonical
		}
		if bytes.IndexByte(m.name, '\\') >= 0 {
			return nil, errors.New("a state has a member whose name is escaped")
		}
		members = append(members, m)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("something stands behind a state")
	}
	slices.SortFunc(members, func(a, b member) int { return bytes.Compare(a.name, b.name) })
	for i := 1; i < len(members); i++ {
		if bytes.Equal(members[i-1].name, members[i].name) {
			return nil, errors.New("a state has a member twice")
		}
	}
	return members, nil
}

// plain reports whether a value is surely in its canonical form already.
func plain(v []byte) bool {
	switch v[0] {
	case '"':
		return bytes.IndexByte(v, '\\') < 0
	case 't', 'f', 'n':
		return true
	default:
		return false
	}
}
