// Package turns shares scarce resources fairly between tenants. Waiting calls get a turn
// in the order of their tenants' recent usage, so that a busy tenant delays only itself.
package turns

import (
	"container/heap"
	"slices"
	"time"
)

const (
	// turn is charged for every turn besides its time, so that tenants with very short
	// turns still alternate.
	turn = 50 * time.Microsecond
	// maxIdle bounds how many tenants without waiting items are kept with their usage.
	maxIdle = 4096
)

// Queue holds waiting items in a line for each tenant. [Queue.Pop] takes from the line of
// the tenant that has used the least (start-time fair queueing, Goyal et al., 1996). The
// cost of a turn is charged after it was measured. The zero value is an empty queue. A
// Queue is not safe for concurrent use.
type Queue[K, T comparable] struct {
	lines   map[K]*line[K, T]
	waiting waiting[K, T] // the lines that are not empty
	length  int
	now     time.Duration // the usage that a new or idle tenant starts from
	turns   uint64
}

// line has the waiting items of a tenant, and its usage.
type line[K, T comparable] struct {
	tenant K
	items  []T
	used   time.Duration
	turn   uint64 // its latest turn; with equal usage, the earlier one goes first
	at     int    // in the heap; -1 if the line is empty
}

// Len returns the number of waiting items.
func (q *Queue[K, T]) Len() int { return q.length }

// Push appends item to tenant's line.
func (q *Queue[K, T]) Push(tenant K, item T) {
	if q.length == 0 { // nobody waits, so no tenant has an advantage
		clear(q.lines)
		q.now = 0
	}
	l := q.lines[tenant]
	if l == nil {
		if q.lines == nil {
			q.lines = make(map[K]*line[K, T])
		}
		q.evict()
		l = &line[K, T]{tenant: tenant, at: -1}
		q.lines[tenant] = l
	}
	l.items = append(l.items, item)
	q.length++
	if l.at < 0 {
		l.used = max(l.used, q.now) // idle time earns no credit
		heap.Push(&q.waiting, l)
	}
}

// evict drops lines when there are many: first the empty ones that equal a new line, and
// if that is not enough, all empty ones.
func (q *Queue[K, T]) evict() {
	if len(q.lines)-len(q.waiting) < maxIdle {
		return
	}
	drop := func(all bool) {
		for tenant, l := range q.lines {
			if l.at < 0 && (all || l.used <= q.now) {
				delete(q.lines, tenant)
			}
		}
	}
	drop(false)
	if len(q.lines)-len(q.waiting) >= maxIdle/2 {
		drop(true)
	}
}

// Pop takes the first item of the tenant that has used the least, among those for which
// may returns true. If may is nil, these are all.
func (q *Queue[K, T]) Pop(may func(K) bool) (tenant K, item T, ok bool) {
	var passed []*line[K, T]
	for len(q.waiting) > 0 && !ok {
		l := heap.Pop(&q.waiting).(*line[K, T]) // the heap has only lines
		if may != nil && !may(l.tenant) {
			passed = append(passed, l)
			continue
		}
		tenant, item, ok = l.tenant, l.items[0], true
		l.items = slices.Delete(l.items, 0, 1)
		q.length--
		q.now = max(q.now, l.used)
		q.turns++
		l.turn = q.turns
		l.used += turn
		if len(l.items) > 0 {
			heap.Push(&q.waiting, l)
		}
	}
	for _, l := range passed {
		heap.Push(&q.waiting, l)
	}
	return tenant, item, ok
}

// Charge adds to the usage of a tenant. It also raises the start of new tenants by an equal
// share for each waiting tenant, so that newcomers can't overtake a charged tenant forever.
func (q *Queue[K, T]) Charge(tenant K, used time.Duration) {
	q.now += used / time.Duration(len(q.waiting)+1)
	l := q.lines[tenant]
	if l == nil {
		return
	}
	l.used += used
	if l.at >= 0 {
		heap.Fix(&q.waiting, l.at)
	}
}

// Remove removes a waiting item. It reports false if the item no longer waits.
func (q *Queue[K, T]) Remove(tenant K, item T) bool {
	l := q.lines[tenant]
	if l == nil {
		return false
	}
	i := slices.Index(l.items, item)
	if i < 0 {
		return false
	}
	l.items = slices.Delete(l.items, i, i+1)
	q.length--
	if len(l.items) == 0 {
		heap.Remove(&q.waiting, l.at)
	}
	return true
}

// waiting is a heap of lines. The one with the least usage comes first.
type waiting[K, T comparable] []*line[K, T]

func (w waiting[K, T]) Len() int { return len(w) }

func (w waiting[K, T]) Less(i, j int) bool {
	if w[i].used != w[j].used {
		return w[i].used < w[j].used
	}
	return w[i].turn < w[j].turn
}

func (w waiting[K, T]) Swap(i, j int) {
	w[i], w[j] = w[j], w[i]
	w[i].at, w[j].at = i, j
}

// Push implements [heap.Interface].
func (w *waiting[K, T]) Push(x any) {
	l := x.(*line[K, T]) // the heap has only lines
	l.at = len(*w)
	*w = append(*w, l)
}

// Pop implements [heap.Interface].
func (w *waiting[K, T]) Pop() any {
	last := len(*w) - 1
	l := (*w)[last]
	(*w)[last] = nil
	*w = (*w)[:last]
	l.at = -1
	return l
}
