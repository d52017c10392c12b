package provisioning

import (
	"testing"

	"github.com/rosterhq/roster/internal/directory"
)

func TestUniqueValuesAreComparedByTheSchema(t *testing.T) {
	const urn = "urn:example:acme:2.0:User"
	of := func(a directory.UniqueAttribute, encoded string) []directory.UniqueValue {
		attributes, err := directory.DecodeAttributes([]byte(encoded))
		if err != nil {
			t.Fatal(err)
		}
		return valuesIn(a, attributes, directory.Holder{User: "usr_a"})
	}
	code := directory.UniqueAttribute{Path: directory.Path{urn, "code"}}
	exact := directory.UniqueAttribute{Path: directory.Path{urn, "code"}, CaseExact: true}
	desk := directory.UniqueAttribute{Path: directory.Path{urn, "desks", "number"}}
	for _, test := range []struct {
		of   directory.UniqueAttribute
		a, b string
		same bool
	}{
		{code, `{"` + urn + `": {"code": "Straße"}}`, `{"` + urn + `": {"code": "STRASSE"}}`, false},
		{code, `{"` + urn + `": {"code": "Ab"}}`, `{"` + urn + `": {"code": "aB"}}`, true},
		{exact, `{"` + urn + `": {"code": "Ab"}}`, `{"` + urn + `": {"code": "aB"}}`, false},
		{exact, `{"` + urn + `": {"code": "Ab"}}`, `{"URN:EXAMPLE:ACME:2.0:USER": {"CODE": "Ab"}}`, true},
		{exact, `{"` + urn + `": {"code": 5}}`, `{"` + urn + `": {"code": 5.0}}`, true},
		{exact, `{"` + urn + `": {"code": 100}}`, `{"` + urn + `": {"code": 1e2}}`, true},
		{exact, `{"` + urn + `": {"code": 9007199254740993}}`, `{"` + urn + `": {"code": 9007199254740992}}`, false},
		{exact, `{"` + urn + `": {"code": "5"}}`, `{"` + urn + `": {"code": 5}}`, true},
		{exact, `{"` + urn + `": {"code": ["x", "x"]}}`, `{"` + urn + `": {"code": "x"}}`, true},
		{desk, `{"` + urn + `": {"desks": [{"number": 1}]}}`, `{"` + urn + `": {"desks": {"number": 1}}}`, true},
	} {
		a, b := of(test.of, test.a), of(test.of, test.b)
		if len(a) != 1 || len(b) != 1 || (a[0] == b[0]) != test.same {
			t.Errorf("%s and %s: %v and %v, want the same: %t", test.a, test.b, a, b, test.same)
		}
	}
	for _, none := range []string{
		`{}`, `{"` + urn + `": {"other": "x"}}`, `{"` + urn + `": {"code": ""}}`, `{"` + urn + `": {"code": null}}`, `{"` + urn + `": {"code": {"x": 1}}}`, `{"code": "x"}`,
	} {
		if values := of(code, none); len(values) != 0 {
			t.Errorf("%s: %v", none, values)
		}
	}
	if values := of(desk, `{"`+urn+`": {"desks": [{"number": 1}, {"number": 2}, {}]}}`); len(values) != 2 {
		t.Errorf("two elements: %v", values)
	}
	if name := desk.Name(); name != urn+":desks.number" {
		t.Error(name)
	}
}
