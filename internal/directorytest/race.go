package directorytest

import (
	"sync"

	"github.com/rosterhq/roster/internal/directory"
)

// AtOnce runs fn n times, all starting together, and returns their errors.
func AtOnce(n int, fn func(i int) error) []error {
	answers := make([]error, n)
	var ready, done sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(n)
	for i := range n {
		done.Go(func() {
			ready.Done()
			<-begin
			answers[i] = fn(i)
		})
	}
	ready.Wait()
	close(begin)
	done.Wait()
	return answers
}

// Tally counts answers by their code.
func Tally(answers []error) map[directory.Code]int {
	counts := make(map[directory.Code]int)
	for _, err := range answers {
		counts[Outcome(err)]++
	}
	return counts
}
