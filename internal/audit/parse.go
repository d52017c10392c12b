package audit

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"iter"
	"runtime"

	"github.com/go-json-experiment/json"
)

const (
	batchSize = 512
	maxLine   = 8 << 20
)

// batch is some lines of a log, and what they come to: records with their leaves,
// up to the first that can't be read.
type batch struct {
	lines   [][]byte
	records []Record
	leaves  []Hash
	err     error
	done    chan struct{}
}

// parse reads records and computes their leaves, on all processors, and yields
// them in order. It ends at the first error, or with ctx.
func parse(ctx context.Context, log io.Reader) iter.Seq[*batch] {
	return func(yield func(*batch) bool) {
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		workers := runtime.GOMAXPROCS(0)
		ordered, work := make(chan *batch, 2*workers), make(chan *batch, 2*workers)
		go split(ctx, log, ordered, work)
		for range workers {
			go func() {
				for b := range work {
					b.parse()
				}
			}()
		}
		for b := range ordered {
			select {
			case <-b.done:
			case <-ctx.Done():
				return
			}
			if !yield(b) || b.err != nil {
				return
			}
		}
	}
}

// split cuts a log into batches of lines, and hands each to who waits for them in
// order and to whoever is free.
func split(ctx context.Context, log io.Reader, ordered, work chan<- *batch) {
	defer close(ordered)
	defer close(work)
	lines := bufio.NewScanner(log)
	lines.Buffer(make([]byte, 64<<10), maxLine)
	for more := true; more; {
		b := &batch{done: make(chan struct{})}
		for len(b.lines) < batchSize {
			if more = lines.Scan(); !more {
				b.err = lines.Err()
				break
			}
			if line := bytes.TrimSpace(lines.Bytes()); len(line) > 0 {
				b.lines = append(b.lines, bytes.Clone(line))
			}
		}
		for _, to := range []chan<- *batch{ordered, work} {
			select {
			case to <- b:
			case <-ctx.Done():
				return
			}
		}
	}
}

func (b *batch) parse() {
	defer close(b.done)
	b.records, b.leaves = make([]Record, 0, len(b.lines)), make([]Hash, 0, len(b.lines))
	for _, line := range b.lines {
		var r Record
		err := json.Unmarshal(line, &r, json.RejectUnknownMembers(true))
		var leaf Hash
		if err == nil {
			leaf, err = r.Leaf()
		}
		if err != nil {
			b.err = err
			return
		}
		b.records, b.leaves = append(b.records, r), append(b.leaves, leaf)
	}
}
