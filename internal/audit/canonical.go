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
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// object is a JSON object as RFC 8785 wants it, to which its members are appended in
// order. Members that are empty are left out.
type object []byte

// newObject begins an object behind what is in b already.
func newObject(b []byte) object { return append(b, '{') }

func sizedObject(size int) object { return newObject(make([]byte, 0, size)) }

// begin opens an object in the object, until end.
func (o object) begin(name string) object { return append(o.member(name), '{') }

func (o object) end() object { return append(o, '}') }

func (o object) empty() bool { return o[len(o)-1] == '{' }

func (o object) separate() object {
	if o.empty() {
		return o
	}
	return append(o, ',')
}

func (o object) member(name string) object {
	o = append(o.separate(), '"')
	o = append(o, name...)
	return append(o, '"', ':')
}

func (o object) text(name, value string) object {
	if value == "" {
		return o
	}
	o, _ = jsontext.AppendQuote(o.member(name), value) // what is no UTF-8 is replaced
	return o
}

func (o object) raw(name string, value []byte) object {
	if len(value) == 0 {
		return o
	}
	return append(o.member(name), value...)
}

func (o object) number(name string, value int64) object {
	return strconv.AppendInt(o.member(name), value, 10)
}

func (o object) hash(name string, h Hash) object {
	o = append(o.member(name), '"')
	o = base64.StdEncoding.AppendEncode(o, h[:])
	return append(o, '"')
}

func (o object) add(m member) object {
	o = append(o.separate(), '"')
	o = append(append(o, m.name...), '"', ':')
	return append(o, m.value...)
}

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

// The members of a state that are not public. Account ids would reveal who has an account
// elsewhere, and so would an invitation, which only existing accounts get.
var (
	personalMembers = []string{"email", "name", "profile"}
	internalMembers = []string{"accountId", "createdBy", "invited", "invitedBy", "invitedUntil"}
)

type member struct{ name, value []byte }

func (m member) among(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool { return string(m.name) == name })
}

// partSize is enough for most parts of states.
const partSize = 112

// parse parts a state; isPerson says that its target is one.
func (s *state) parse(v jsontext.Value, isPerson bool) error {
	if len(v) == 0 {
		return nil
	}
	members, err := membersOf(v)
	if err != nil {
		return err
	}
	public, personal, internal := sizedObject(len(v)), sizedObject(partSize), sizedObject(partSize)
	for _, m := range members {
		to := &public
		switch {
		case m.among(internalMembers):
			to = &internal
		case isPerson && m.among(personalMembers):
			to = &personal
		}
		*to = to.add(m)
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
	reader := readers.Get().(*reader) // nothing else is put there
	defer readers.Put(reader)
	d := reader.of(v)
	if d.PeekKind() != '{' {
		return nil, errors.New("a state is not a JSON object")
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
			return nil, errors.New("a state has a member with an escaped name")
		}
		members = append(members, m)
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); !errors.Is(err, io.EOF) {
		return nil, errors.New("a state has data after its end")
	}
	slices.SortFunc(members, func(a, b member) int { return bytes.Compare(a.name, b.name) })
	for i := 1; i < len(members); i++ {
		if bytes.Equal(members[i-1].name, members[i].name) {
			return nil, errors.New("a state has a duplicate member")
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
	case '{':
		return flat(v[1:])
	default:
		return false
	}
}

// flat is plain for what follows the brace of an object of strings, such as a role.
func flat(rest []byte) bool {
	for last := []byte(nil); ; {
		name, after, ok := unescaped(rest)
		if !ok || after[0] != ':' || bytes.Compare(last, name) >= 0 || bytes.ContainsFunc(name, notASCII) {
			return false // UTF-16's order, which the form wants, is another one for what is no ASCII
		}
		if _, rest, ok = unescaped(after[1:]); !ok {
			return false
		}
		if rest[0] != ',' {
			return rest[0] == '}'
		}
		last, rest = name, rest[1:]
	}
}

// unescaped takes a string without escapes off the rest of a JSON text.
func unescaped(b []byte) (text, rest []byte, ok bool) {
	if b[0] != '"' {
		return nil, nil, false
	}
	end := 1 + bytes.IndexByte(b[1:], '"')
	text, rest = b[1:end], b[end+1:]
	return text, rest, bytes.IndexByte(text, '\\') < 0
}

func notASCII(r rune) bool { return r >= utf8.RuneSelf }
