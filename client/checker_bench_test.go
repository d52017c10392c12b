package client_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/rosterhq/roster/client"
)

// An answer from the cache takes no memory, with 10,000 others beside it.
func BenchmarkCheckCached(b *testing.B) {
	f := newFakeRoster(b)
	k := f.checker(client.CheckerOptions{Timeout: time.Minute})
	defer k.Close()
	s := f.stream()
	stop := make(chan struct{})
	defer close(stop)
	go func() {
		for {
			select {
			case <-stop:
				return
			case <-time.After(100 * time.Millisecond):
				s.heartbeat()
			}
		}
	}()
	questions := make([]client.Question, 9_999)
	for i := range questions {
		questions[i] = may(fmt.Sprintf("usr_%d", i))
	}
	for range 20 {
		time.Sleep(100 * time.Millisecond)
		if _, err := k.AskAll(b.Context(), questions); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportAllocs()
	before := f.questions()
	i := 0
	for b.Loop() {
		if i++; i == len(questions) {
			i = 0
		}
		if ok, err := k.Check(b.Context(), questions[i]); !ok || err != nil {
			b.Fatal(ok, err)
		}
	}
	b.ReportMetric(float64(f.questions()-before)/float64(b.N), "asked/op")
}
