package authz

import (
	"fmt"
	"math/bits"
	"slices"
	"strings"

	"github.com/rosterhq/roster/internal/quote"
)

// Action is what a capability lets its holder do with a resource.
type Action uint8

// The four actions of the published vocabulary, in the order it lists them.
const (
	Create Action = iota
	Read
	Update
	Delete

	actionCount = 4
)

var actionNames = [actionCount]string{"create", "read", "update", "delete"}

func (a Action) String() string { return actionNames[a] }

// Vocabulary is the closed list of resources and actions of one scope. A
// resource's place in it is its place in the bits of [Grants], so a process
// must not mix vocabularies; storage writes names, never bits.
type Vocabulary struct {
	scope     string
	resources []resource
	index     map[string]int
}

type resource struct {
	name    string
	actions []Action
}

var (
	crud     = []Action{Create, Read, Update, Delete}
	sharing  = []Action{Create, Read, Delete}
	readOnly = []Action{Read}
)

// The three vocabularies of the v2 description: roleOrgCapabilities,
// roleDatasetCapabilities and roleViewCapabilities, the same for tokens.
var (
	Org = newVocabulary(
		"organization",
		resource{"annotations", crud},
		resource{"apiTokens", crud},
		resource{"auditLog", readOnly},
		resource{"billing", []Action{Read, Update}},
		resource{"dashboards", crud},
		resource{"datasets", crud},
		resource{"endpoints", crud},
		resource{"flows", crud},
		resource{"integrations", crud},
		resource{"monitors", crud},
		resource{"notifiers", crud},
		resource{"rbac", crud},
		resource{"sharedAccessKeys", []Action{Read, Update}},
		resource{"users", crud},
		resource{"views", crud},
	)
	Dataset = newVocabulary(
		"dataset",
		resource{"data", []Action{Delete}},
		resource{"ingest", []Action{Create}},
		resource{"query", readOnly},
		resource{"share", sharing},
		resource{"starredQueries", crud},
		resource{"trim", []Action{Update}},
		resource{"vacuum", []Action{Update}},
		resource{"virtualFields", crud},
	)
	View = newVocabulary(
		"view",
		resource{"query", readOnly},
		resource{"share", sharing},
	)
)

func newVocabulary(scope string, resources ...resource) *Vocabulary {
	v := &Vocabulary{scope: scope, resources: resources, index: make(map[string]int, len(resources))}
	for i, r := range resources {
		v.index[r.name] = i
	}
	return v
}

// Grants is a set of resource and action pairs of one [Vocabulary], a bit for
// each. The zero value grants nothing.
type Grants uint64

func bit(resource int, a Action) Grants { return 1 << (resource*actionCount + int(a)) }

// Covers reports whether g has everything that other has.
func (g Grants) Covers(other Grants) bool { return other&^g == 0 }

// Len is the number of pairs in g.
func (g Grants) Len() int { return bits.OnesCount64(uint64(g)) }

// All is every pair that v knows.
func (v *Vocabulary) All() Grants { return v.where(func(string, Action) bool { return true }) }

func (v *Vocabulary) where(keep func(resource string, a Action) bool) (g Grants) {
	for i, r := range v.resources {
		for _, a := range r.actions {
			if keep(r.name, a) {
				g |= bit(i, a)
			}
		}
	}
	return g
}

// Parse reads the wire form, resource → actions. An unknown resource or action
// is an error that names it; a nil map or list grants nothing.
func (v *Vocabulary) Parse(wire map[string][]string) (g Grants, err error) {
	for name, actions := range wire {
		i, ok := v.index[name]
		if !ok {
			return 0, fmt.Errorf("unknown %s capability %s; known are %s", v.scope, quote.Input(name), v.resourceNames())
		}
		for _, actionName := range actions {
			a := slices.Index(actionNames[:], actionName)
			if a < 0 || !slices.Contains(v.resources[i].actions, Action(a)) { // a is 0 to 3
				return 0, fmt.Errorf("unknown action %s for %s capability %s; known are %s",
					quote.Input(actionName), v.scope, quote.Input(name), v.resources[i].actionNames())
			}
			g |= bit(i, Action(a)) // a is 0 to 3
		}
	}
	return g, nil
}

// Format is the inverse of [Vocabulary.Parse]; resources without actions are
// left out, actions stand in the published order. Never nil.
func (v *Vocabulary) Format(g Grants) map[string][]string {
	wire := make(map[string][]string)
	for c := range v.each(g) {
		wire[c.Resource] = append(wire[c.Resource], c.Action.String())
	}
	return wire
}

// each yields the pairs of g in the vocabulary's order.
func (v *Vocabulary) each(g Grants) func(yield func(Pair) bool) {
	return func(yield func(Pair) bool) {
		for i, r := range v.resources {
			for _, a := range r.actions {
				if g&bit(i, a) != 0 && !yield(Pair{Resource: r.name, Action: a}) {
					return
				}
			}
		}
	}
}

// Pair is a resource and an action on it, written "users|create".
type Pair struct {
	Resource string
	Action   Action
}

func (p Pair) String() string { return p.Resource + "|" + p.Action.String() }

// Pairs lists the pairs of g in the vocabulary's order.
func (v *Vocabulary) Pairs(g Grants) []Pair { return slices.Collect(v.each(g)) }

// Grant returns the set with p alone; ok is false when v has no such pair.
func (v *Vocabulary) Grant(p Pair) (g Grants, ok bool) {
	i, known := v.index[p.Resource]
	if !known || !slices.Contains(v.resources[i].actions, p.Action) {
		return 0, false
	}
	return bit(i, p.Action), true
}

// ParsePair reads "users|create"; an error names what is unknown.
func (v *Vocabulary) ParsePair(s string) (Pair, error) {
	name, action, ok := strings.Cut(s, "|")
	if !ok {
		return Pair{}, fmt.Errorf("%s is not resource|action, as in \"users|create\"", quote.Input(s))
	}
	g, err := v.Parse(map[string][]string{name: {action}})
	if err != nil {
		return Pair{}, err
	}
	return v.Pairs(g)[0], nil
}

func (v *Vocabulary) resourceNames() string {
	names := make([]string, len(v.resources))
	for i, r := range v.resources {
		names[i] = r.name
	}
	return strings.Join(names, ", ")
}

func (r resource) actionNames() string {
	names := make([]string, len(r.actions))
	for i, a := range r.actions {
		names[i] = a.String()
	}
	return strings.Join(names, ", ")
}
