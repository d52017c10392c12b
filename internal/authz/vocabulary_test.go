package authz_test

import (
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/rosterhq/roster/internal/authz"
)

var vocabularies = []struct {
	name      string
	v         *authz.Vocabulary
	published string
	pairs     int
}{
	{"organization", authz.Org, publishedOrg, 53},
	{"dataset", authz.Dataset, publishedDataset, 16},
	{"view", authz.View, publishedView, 4},
}

func TestVocabularyIsThePublishedOne(t *testing.T) {
	for _, voc := range vocabularies {
		t.Run(voc.name, func(t *testing.T) {
			if diff := cmp.Diff(table(voc.published), voc.v.Format(voc.v.All())); diff != "" {
				t.Errorf("vocabulary (-published +package):\n%s", diff)
			}
			if n := voc.v.All().Len(); n != voc.pairs {
				t.Errorf("%d pairs, want %d", n, voc.pairs)
			}
		})
	}
}

// Every resource of any vocabulary with every action: only published pairs are known.
func TestGrantKnowsPublishedPairsOnly(t *testing.T) {
	resources := map[string]bool{"": true, "Users": true, "*": true, "tokens": true}
	for _, voc := range vocabularies {
		for r := range table(voc.published) {
			resources[r] = true
		}
	}
	for _, voc := range vocabularies {
		want := table(voc.published)
		seen := authz.Grants(0)
		for _, r := range slices.Sorted(maps.Keys(resources)) {
			for _, a := range []authz.Action{authz.Create, authz.Read, authz.Update, authz.Delete} {
				g, ok := voc.v.Grant(authz.Pair{Resource: r, Action: a})
				if known := slices.Contains(want[r], a.String()); ok != known {
					t.Errorf("%s: %s|%s known: %t, want %t", voc.name, r, a, ok, known)
				}
				if ok && (g.Len() != 1 || seen.Covers(g)) {
					t.Errorf("%s: %s|%s does not have a bit of its own", voc.name, r, a)
				}
				if !ok && g != 0 {
					t.Errorf("%s: unknown pair %s|%s grants %b", voc.name, r, a, g)
				}
				seen |= g
			}
		}
		if seen != voc.v.All() {
			t.Errorf("%s: pairs %b, All %b", voc.name, seen, voc.v.All())
		}
	}
}

func TestParseNamesTheOffender(t *testing.T) {
	for _, voc := range vocabularies {
		for _, tt := range []struct {
			what string
			wire map[string][]string
			want []string // all in the message
		}{
			{"unknown resource", map[string][]string{"cats": {"read"}}, []string{`"cats"`, voc.name}},
			{"unknown resource without actions", map[string][]string{"cats": nil}, []string{`"cats"`}},
			{"resource in another letter case", map[string][]string{"QUERY": {"read"}}, []string{`"QUERY"`}},
			{"empty resource", map[string][]string{"": {"read"}}, []string{`""`}},
		} {
			_, err := voc.v.Parse(tt.wire)
			checkNames(t, voc.name+": "+tt.what, err, tt.want)
		}
		for r, actions := range table(voc.published) {
			for _, a := range []string{"create", "read", "update", "delete", "Read", "write", "", "*"} {
				if slices.Contains(actions, a) {
					continue
				}
				_, err := voc.v.Parse(map[string][]string{r: append(slices.Clone(actions), a)})
				// The answer also says what would have been right.
				checkNames(t, voc.name+": action", err, []string{`"` + a + `"`, `"` + r + `"`, strings.Join(actions, ", ")})
			}
		}
	}
}

func checkNames(t *testing.T, what string, err error, want []string) {
	t.Helper()
	if err == nil {
		t.Errorf("%s: accepted", what)
		return
	}
	for _, w := range want {
		if !strings.Contains(err.Error(), w) {
			t.Errorf("%s: error %q does not name %s", what, err, w)
		}
	}
}

func TestParseTakesNullEmptyAndRepeated(t *testing.T) {
	read, _ := authz.Org.Grant(authz.Pair{Resource: "users", Action: authz.Read})
	for name, tt := range map[string]struct {
		wire map[string][]string
		want authz.Grants
	}{
		"null":     {nil, 0},
		"empty":    {map[string][]string{}, 0},
		"no list":  {map[string][]string{"users": nil}, 0},
		"no items": {map[string][]string{"users": {}}, 0},
		"repeated": {map[string][]string{"users": {"read", "read"}}, read},
	} {
		if got, err := authz.Org.Parse(tt.wire); err != nil || got != tt.want {
			t.Errorf("%s: %b, %v; want %b", name, got, err, tt.want)
		}
	}
}

func TestParseFormat(t *testing.T) {
	for _, voc := range vocabularies {
		t.Run(voc.name, rapid.MakeCheck(func(t *rapid.T) {
			g := grants(voc.v).Draw(t, "g")
			wire := voc.v.Format(g)
			if back, err := voc.v.Parse(wire); err != nil || back != g {
				t.Fatalf("%b → %v → %b, %v", g, wire, back, err)
			}
			n := 0
			for r, actions := range wire {
				n += len(actions)
				if len(actions) == 0 {
					t.Fatalf("%s stands without actions", r)
				}
			}
			if n != g.Len() || n != len(voc.v.Pairs(g)) {
				t.Fatalf("%d actions, Len %d, %d pairs", n, g.Len(), len(voc.v.Pairs(g)))
			}
		}))
	}
}

func TestParsePair(t *testing.T) {
	for _, voc := range vocabularies {
		for _, p := range voc.v.Pairs(voc.v.All()) {
			if back, err := voc.v.ParsePair(p.String()); err != nil || back != p {
				t.Errorf("%s: %s read back as %s, %v", voc.name, p, back, err)
			}
		}
	}
	for bad, offender := range map[string]string{
		"users":            `"users"`,
		"":                 `""`,
		"users/create":     `"users/create"`,
		"cats|read":        `"cats"`,
		"users|":           `""`,
		"|read":            `""`,
		"users|read|x":     `"read|x"`,
		"auditLog|delete":  `"delete"`,
		"users|read,write": `"read,write"`,
	} {
		_, err := authz.Org.ParsePair(bad)
		checkNames(t, bad, err, []string{offender})
	}
}
