package limits

import "sync/atomic"

// Refusals counts what each limit has refused. Its methods are safe for concurrent use.
type Refusals map[Name]*atomic.Int64

// NewRefusals returns counts of nothing.
func NewRefusals() Refusals {
	r := make(Refusals, len(kinds))
	for _, name := range Names() {
		r[name] = new(atomic.Int64)
	}
	return r
}

// Add counts a refusal.
func (r Refusals) Add(name Name) { r[name].Add(1) }

// Counts returns how often each limit has refused something.
func (r Refusals) Counts() map[Name]int64 {
	all := make(map[Name]int64, len(r))
	for name, n := range r {
		all[name] = n.Load()
	}
	return all
}
