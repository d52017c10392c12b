package directory

import (
	"slices"
	"sync"
)

// observers are called for every change when the cache has dropped what it changed.
type observers struct {
	mu  sync.RWMutex
	all []Observer
}

// Observe adds an observer, which is called for every change from then on. At that time, the
// cache has dropped what the change concerns, and the Write that made it has not returned.
func (s *Service) Observe(o Observer) {
	s.observers.mu.Lock()
	defer s.observers.mu.Unlock()
	s.observers.all = append(slices.Clip(s.observers.all), o) // list has given the array away
}

func (o *observers) list() []Observer {
	o.mu.RLock()
	defer o.mu.RUnlock()
	return o.all
}
