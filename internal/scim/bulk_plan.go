package scim

import (
	"maps"
	"slices"
	"strings"
)

// bulkRef begins a reference to what another operation of the same request creates (RFC
// 7644 section 3.7.2).
const bulkRef = "bulkId:"

// bulkStep is a part of a bulk request: an operation. If operations refer to each other in
// a circle, one of them takes two steps. The first creates its resource without the
// references that lead to no resource yet, and the second completes it.
type bulkStep struct {
	operation int
	without   map[string]bool // bulkIds whose references the step leaves out
	completes bool
}

// planBulk orders operations so that each comes after those that it refers to, and
// otherwise as they were given. creates has the operation that each bulkId is of, and refs
// the bulkIds that each operation refers to, all of which are in creates.
func planBulk(refs []map[string]bool, creates map[string]int) []bulkStep {
	p := bulkPlan{
		refs: refs, creates: creates, done: make([]bool, len(refs)), planned: make([]bool, len(refs)),
		missing: make([]int, len(refs)), waiting: make(map[int][]int), left: make([][]string, len(refs)),
	}
	for i := range refs {
		p.missing[i] = len(refs[i])
		for id := range refs[i] {
			p.waiting[creates[id]] = append(p.waiting[creates[id]], i)
		}
	}
	for len(p.steps) < len(refs)+p.split {
		next := p.next()
		if next < 0 {
			p.breakCircle()
			continue
		}
		p.take(bulkStep{operation: next, completes: p.done[next]})
		p.planned[next] = true
	}
	return p.steps
}

type bulkPlan struct {
	refs    []map[string]bool
	creates map[string]int
	waiting map[int][]int // operations that refer to one
	missing []int         // references to operations that are not done
	done    []bool        // its resource is there
	planned []bool        // nothing is left to do for it
	split   int           // operations in two steps
	left    [][]string    // references that may lead nowhere yet, in order; made when a circle needs them
	steps   []bulkStep
}

// next is the first operation all of whose references lead somewhere, -1 if there is none.
func (p *bulkPlan) next() int {
	for i := range p.refs {
		if !p.planned[i] && p.missing[i] == 0 {
			return i
		}
	}
	return -1
}

func (p *bulkPlan) take(s bulkStep) {
	p.steps = append(p.steps, s)
	if p.done[s.operation] {
		return
	}
	p.done[s.operation] = true
	for _, i := range p.waiting[s.operation] {
		p.missing[i]--
	}
}

// breakCircle follows references from the first operation that is left until it comes to
// one for the second time, and creates that one's resource without them.
func (p *bulkPlan) breakCircle() {
	at := slices.Index(p.planned, false)
	seen := make(map[int]bool)
	for !seen[at] || p.done[at] {
		seen[at] = true
		if to := p.missingFrom(at); to >= 0 {
			at = to
		}
	}
	without := make(map[string]bool)
	for id := range p.refs[at] {
		if !p.done[p.creates[id]] {
			without[id] = true
		}
	}
	p.split++
	p.take(bulkStep{operation: at, without: without})
}

// missingFrom is an operation that one refers to and that is not done, -1 if there is none.
// An operation that is done stays done, so each reference is looked at once.
func (p *bulkPlan) missingFrom(at int) int {
	if p.left[at] == nil {
		p.left[at] = slices.Sorted(maps.Keys(p.refs[at]))
	}
	for ; len(p.left[at]) > 0; p.left[at] = p.left[at][1:] {
		if to := p.creates[p.left[at][0]]; !p.done[to] {
			return to
		}
	}
	return -1
}

// refsIn adds the bulkIds that a value refers to.
func refsIn(value any, refs map[string]bool) {
	switch v := value.(type) {
	case string:
		if id, ok := strings.CutPrefix(v, bulkRef); ok {
			refs[id] = true
		}
	case []any:
		for _, element := range v {
			refsIn(element, refs)
		}
	case map[string]any:
		for _, member := range v {
			refsIn(member, refs)
		}
	}
}

// resolve returns a value with ids in place of references.
func resolve(value any, ids map[string]string) any {
	switch v := value.(type) {
	case string:
		if ref, ok := strings.CutPrefix(v, bulkRef); ok {
			if id, known := ids[ref]; known {
				return id
			}
		}
	case []any:
		list := make([]any, len(v))
		for i := range v {
			list[i] = resolve(v[i], ids)
		}
		return list
	case map[string]any:
		o := make(map[string]any, len(v))
		for name, member := range v {
			o[name] = resolve(member, ids)
		}
		return o
	}
	return value
}

// leaveOut returns an object without the values that refer to some bulkIds. An object that
// has such a value is left out whole.
func leaveOut(o map[string]any, without map[string]bool) map[string]any {
	kept := make(map[string]any, len(o))
	for name, member := range o {
		if value, keep := part(member, without); keep {
			kept[name] = value
		}
	}
	return kept
}

func part(value any, without map[string]bool) (any, bool) {
	switch v := value.(type) {
	case string:
		id, isRef := strings.CutPrefix(v, bulkRef)
		return v, !isRef || !without[id]
	case []any:
		list := make([]any, 0, len(v))
		for _, element := range v {
			if kept, keep := part(element, without); keep {
				list = append(list, kept)
			}
		}
		return list, true
	case map[string]any:
		for _, member := range v {
			if s, ok := member.(string); ok {
				if _, keep := part(s, without); !keep {
					return nil, false
				}
			}
		}
		return leaveOut(v, without), true
	}
	return value, true
}
