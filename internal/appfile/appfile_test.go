package appfile_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/appfile"
)

func TestParse(t *testing.T) {
	t.Parallel()
	got, err := appfile.Parse([]byte(`
id: billing
name: Billing
types:
  report: [read]
  invoice: {actions: [read, approve], instances: true}
subjects: email
paths:
  - {path: "/reports/*", methods: [GET], require: report|read}
---
id: wiki
`))
	if err != nil {
		t.Fatal(err)
	}
	want := []appfile.Application{
		{ID: "billing", Name: "Billing", Types: map[string]appfile.Type{
			"report": {Actions: []string{"read"}}, "invoice": {Actions: []string{"read", "approve"}, Instances: true},
		}, Subjects: "email", Paths: []appfile.Path{{Path: "/reports/*", Methods: []string{"GET"}, Require: "report|read"}}},
		{ID: "wiki"},
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

// A mistake in a file is an error that says what is wrong.
func TestParseRefuses(t *testing.T) {
	t.Parallel()
	for text, says := range map[string]string{
		"":                                       "it has no application",
		"# nothing":                              "it has no application",
		"name: A":                                "an application has no id",
		"id: a\n---\nname: A":                    "an application has no id",
		"id: a\ntitle: A":                        "title",
		"id: a\ntypes: {report: {action: [x]}}":  `unknown member "action" of a type; known are actions and instances`,
		"id: a\ntypes: {report: read}":           "line 2",
		"id: a\ntypes: {report: [{read: true}]}": "line 2",
		"id: a\nid: b":                           "already",
		"id: [":                                  "line 2",
	} {
		if _, err := appfile.Parse([]byte(text)); err == nil || !strings.Contains(err.Error(), says) {
			t.Errorf("%q: %v, want %s", text, err, says)
		}
	}
}
