package authz

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/rosterhq/roster/internal/quote"
)

// Wire is a [Set] by name, as requests, answers and storage write it.
type Wire struct {
	Org      map[string][]string            `json:"orgCapabilities,omitempty"`
	Datasets map[string]map[string][]string `json:"datasetCapabilities,omitempty"`
	Views    map[string]map[string][]string `json:"viewCapabilities,omitempty"`
	Apps     AppsWire                       `json:"appCapabilities,omitempty"`
	// AllApps stands for all capabilities of every application. Requests and answers of
	// the API don't have it.
	AllApps bool `json:"allAppCapabilities,omitempty"`
}

// ErrNoName is returned for a dataset or view with an empty name.
var ErrNoName = errors.New("a dataset or view needs a name, or \"*\" for all")

// FieldError is a problem in one member of [Wire].
type FieldError struct {
	Field string // JSON name of the member
	Err   error
}

func (e *FieldError) Error() string { return e.Field + ": " + e.Err.Error() }

// Unwrap gives the problem without its place.
func (e *FieldError) Unwrap() error { return e.Err }

// Parse reads w; the error is a [*FieldError] naming the unknown capability or
// action. Names that grant nothing are dropped.
func (w Wire) Parse() (s Set, err error) {
	if s.Org, err = Org.Parse(w.Org); err != nil {
		return Set{}, &FieldError{"orgCapabilities", err}
	}
	if s.Datasets, err = parseNamed(Dataset, w.Datasets); err != nil {
		return Set{}, &FieldError{"datasetCapabilities", err}
	}
	if s.Views, err = parseNamed(View, w.Views); err != nil {
		return Set{}, &FieldError{"viewCapabilities", err}
	}
	if s.Apps, err = w.Apps.Parse(); err != nil {
		return Set{}, &FieldError{"appCapabilities", err}
	}
	if w.AllApps {
		s.Apps = AllApps()
	}
	return s, nil
}

func parseNamed(v *Vocabulary, wire map[string]map[string][]string) (map[string]Grants, error) {
	if len(wire) == 0 {
		return nil, nil
	}
	named := make(map[string]Grants, len(wire))
	for name, caps := range wire {
		if name == "" {
			return nil, ErrNoName
		}
		g, err := v.Parse(caps)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", quote.Input(name), err)
		}
		if g != 0 {
			named[name] = g
		}
	}
	return named, nil
}

// Wire is s by name. Org and Datasets are never nil, Views and Apps are nil when empty:
// the v2 objects require the first two and leave the others out.
func (s Set) Wire() Wire {
	w := Wire{Org: Org.Format(s.Org), Datasets: formatNamed(Dataset, s.Datasets), Apps: s.Apps.Wire(), AllApps: s.Apps.All()}
	if len(s.Views) > 0 {
		w.Views = formatNamed(View, s.Views)
	}
	return w
}

func formatNamed(v *Vocabulary, named map[string]Grants) map[string]map[string][]string {
	wire := make(map[string]map[string][]string, len(named))
	for name, g := range named {
		if g != 0 {
			wire[name] = v.Format(g)
		}
	}
	return wire
}

// Names lists every capability of s as people write it: "users|create",
// "dataset:NAME:query|read", "view:NAME:query|read", "app:APP:TYPE|ACTION", sorted within
// each scope. All capabilities of every application are "app:*".
func (s Set) Names() []string {
	var names []string
	for _, p := range Org.Pairs(s.Org) {
		names = append(names, p.String())
	}
	scoped := func(prefix string, v *Vocabulary, named map[string]Grants) {
		for _, name := range slices.Sorted(maps.Keys(named)) {
			for _, p := range v.Pairs(named[name]) {
				names = append(names, prefix+":"+name+":"+p.String())
			}
		}
	}
	scoped("dataset", Dataset, s.Datasets)
	scoped("view", View, s.Views)
	return append(names, s.Apps.names()...)
}

// MarshalJSON writes the names, sorted: equal sets give equal bytes.
func (s Set) MarshalJSON() ([]byte, error) { return json.Marshal(s.Wire()) }

// UnmarshalJSON reads what [Set.MarshalJSON] wrote.
func (s *Set) UnmarshalJSON(b []byte) error {
	var w Wire
	if err := json.Unmarshal(b, &w); err != nil {
		return err
	}
	parsed, err := w.Parse()
	if err != nil {
		return err
	}
	*s = parsed
	return nil
}
