package authz_test

import (
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
)

func TestSetJSONRoundTrip(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		s := sets().Draw(t, "s")
		first, err := json.Marshal(s)
		if err != nil {
			t.Fatal(err)
		}
		var back authz.Set
		if err := json.Unmarshal(first, &back); err != nil {
			t.Fatal(err)
		}
		if !back.Equal(s) {
			t.Fatalf("%v came back as %v", s.Names(), back.Names())
		}
		second, err := json.Marshal(back)
		if err != nil {
			t.Fatal(err)
		}
		var again authz.Set
		if err := json.Unmarshal(second, &again); err != nil {
			t.Fatal(err)
		}
		// A name that grants nothing may be lost the first time, nothing after that.
		if third, _ := json.Marshal(again); string(second) != string(third) {
			t.Fatalf("not stable: %s, then %s", second, third)
		}
	})
}

func TestEqualSetsGiveEqualJSON(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		a, b := sets().Draw(t, "a"), sets().Draw(t, "b")
		ab, _ := json.Marshal(a.Union(b))
		ba, _ := json.Marshal(b.Union(a))
		if string(ab) != string(ba) {
			t.Fatalf("%s, the other way round %s", ab, ba)
		}
	})
}

func TestWireOmitsWhatIsEmpty(t *testing.T) {
	query, _ := authz.Dataset.Grant(authz.Pair{Resource: "query", Action: authz.Read})
	for name, tt := range map[string]struct {
		set  authz.Set
		want string
	}{
		"nothing":      {authz.Set{}, `{}`},
		"organization": {org(t, "users|update", "users|create", "auditLog|read"), `{"orgCapabilities":{"auditLog":["read"],"users":["create","update"]}}`},
		"dataset": {
			authz.Set{Datasets: map[string]authz.Grants{"b": query, "*": query, "none": 0}},
			`{"datasetCapabilities":{"*":{"query":["read"]},"b":{"query":["read"]}}}`,
		},
		"view": {
			authz.Set{Views: map[string]authz.Grants{"v": authz.View.All()}},
			`{"viewCapabilities":{"v":{"query":["read"],"share":["create","read","delete"]}}}`,
		},
	} {
		if got, err := json.Marshal(tt.set); err != nil || string(got) != tt.want {
			t.Errorf("%s: %s, %v; want %s", name, got, err, tt.want)
		}
	}
	w := authz.Set{}.Wire()
	if w.Org == nil || w.Datasets == nil || w.Views != nil {
		t.Errorf("the zero set as %#v: the first two members are required, the third is left out", w)
	}
}

func TestWireParseSaysWhere(t *testing.T) {
	bad := map[string][]string{"cats": {"read"}}
	badAction := map[string][]string{"query": {"write"}}
	for _, tt := range []struct {
		wire  authz.Wire
		field string
		names []string
	}{
		{authz.Wire{Org: bad}, "orgCapabilities", []string{`"cats"`}},
		{authz.Wire{Org: map[string][]string{"auditLog": {"delete"}}}, "orgCapabilities", []string{`"delete"`, `"auditLog"`}},
		{authz.Wire{Datasets: map[string]map[string][]string{"logs": bad}}, "datasetCapabilities", []string{`"logs"`, `"cats"`}},
		{authz.Wire{Datasets: map[string]map[string][]string{"logs": badAction}}, "datasetCapabilities", []string{`"logs"`, `"write"`, `"query"`}},
		{authz.Wire{Views: map[string]map[string][]string{"v": badAction}}, "viewCapabilities", []string{`"v"`, `"write"`}},
		// Capabilities of another scope are unknown here.
		{authz.Wire{Org: map[string][]string{"ingest": {"create"}}}, "orgCapabilities", []string{`"ingest"`}},
		{authz.Wire{Views: map[string]map[string][]string{"v": {"ingest": {"create"}}}}, "viewCapabilities", []string{`"ingest"`}},
	} {
		s, err := tt.wire.Parse()
		checkNames(t, tt.field, err, tt.names)
		if fe, ok := errors.AsType[*authz.FieldError](err); !ok || fe.Field != tt.field {
			t.Errorf("error %v does not blame %s", err, tt.field)
		}
		if !s.Empty() {
			t.Errorf("%s: a refused set grants %v", tt.field, s.Names())
		}
	}
	for field, wire := range map[string]authz.Wire{
		"datasetCapabilities": {Datasets: map[string]map[string][]string{"": {"query": {"read"}}}},
		"viewCapabilities":    {Views: map[string]map[string][]string{"": nil}},
	} {
		if _, err := wire.Parse(); !errors.Is(err, authz.ErrNoName) || !strings.Contains(err.Error(), field) {
			t.Errorf("an empty name in %s: %v", field, err)
		}
	}
}

func TestUnmarshalRefusesWhatItDoesNotKnow(t *testing.T) {
	kept := org(t, "users|read")
	for _, in := range []string{`{"orgCapabilities":{"cats":["read"]}}`, `{"orgCapabilities":[]}`, `nonsense`} {
		s := kept
		if err := json.Unmarshal([]byte(in), &s); err == nil {
			t.Errorf("%s is read as %v", in, s.Names())
		}
		if !s.Equal(kept) {
			t.Errorf("%s is refused and changes the set", in)
		}
	}
	for _, in := range []string{`{}`, `{"orgCapabilities":null,"datasetCapabilities":null,"viewCapabilities":null}`, `{"datasetCapabilities":{"logs":null}}`} {
		s := kept
		if err := json.Unmarshal([]byte(in), &s); err != nil || !s.Empty() {
			t.Errorf("%s is read as %v, %v", in, s.Names(), err)
		}
	}
}

func TestWireNamesResources(t *testing.T) {
	s, err := authz.Wire{
		Org:      map[string][]string{"users": {"read", "create"}, "apiTokens": {"read"}},
		Datasets: map[string]map[string][]string{"logs": {"query": {"read"}}, "*": {"ingest": {"create"}}},
		Views:    map[string]map[string][]string{"v": {"share": {"delete", "read"}}},
	}.Parse()
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"apiTokens|read", "users|create", "users|read",
		"dataset:*:ingest|create", "dataset:logs:query|read", "view:v:share|read", "view:v:share|delete",
	}
	if diff := cmp.Diff(want, s.Names()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
	if slices.Contains(authz.Set{}.Names(), "") || len(authz.Set{}.Names()) != 0 {
		t.Error("the zero set has names")
	}
}
