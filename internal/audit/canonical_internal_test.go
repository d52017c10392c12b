package audit

import (
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzPlain checks that values that pass as plain are in canonical form.
func FuzzPlain(f *testing.F) {
	for _, v := range []string{
		`"a"`, `"\u00e4"`, `true`, `null`, `12.0`, `[1]`, `{}`,
		`{"id":"user","name":"User"}`, `{"name":"User","id":"user"}`, `{"id":"user", "name":"User"}`, `{"id":"","name":"ä"}`,
		`{"ä":"1","b":"2"}`, `{"a":"1","a":"2"}`, `{"a":"\"","b":"2"}`, `{"a\"":"1"}`, `{"a":{"b":"1"}}`, `{"a":1}`, `{"a":"1","b":[]}`,
		`{"":"1"}`, "{\"\ue000\":\"1\",\"\U00010000\":\"2\"}",
	} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, text string) {
		v := jsontext.Value(text)
		if !v.IsValid() || strings.TrimSpace(text) != text || !plain(v) {
			return // a decoder gives valid values, without what stands around them
		}
		canonical := v.Clone()
		if err := canonical.Canonicalize(); err != nil || string(canonical) != text {
			t.Errorf("%q passes for plain, and its form is %q, %v", text, canonical, err)
		}
	})
}

// Roles, which every user's state has, are plain.
func TestRolesArePlain(t *testing.T) {
	for text, want := range map[string]bool{
		`{"id":"user","name":"user"}`:       true,
		`{"id":"rol_1","name":"Größe"}`:     true,
		`{"id":"rol_1","name":"a \"b\""}`:   false,
		`{"id":"rol_1","name":"\u003cb"}`:   false,
		`{"name":"user","id":"user"}`:       false,
		`{"id":"user","name":"user","z":1}`: false,
	} {
		if plain([]byte(text)) != want {
			t.Errorf("%s: plain is %v", text, !want)
		}
	}
}
