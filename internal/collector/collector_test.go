package collector

import (
	"runtime"
	"runtime/debug"
	"testing"
	"time"
)

func TestPercent(t *testing.T) {
	for _, c := range []struct {
		live, scanned uint64
		want          int
	}{
		{0, 0, 1600}, {4 << 20, 2 << 20, 450}, {200 << 20, 4 << 20, 10}, {200 << 20, 200 << 20, 108}, {16 << 20, 99 << 20, 200},
	} {
		if got := percent(c.live, c.scanned); got != c.want {
			t.Errorf("%d MiB, %d MiB of it scanned: %d, want %d", c.live>>20, c.scanned>>20, got, c.want)
		}
	}
}

// TestSettle checks that memory without pointers hardly raises the garbage limit.
func TestSettle(t *testing.T) {
	before := debug.SetGCPercent(100)
	defer debug.SetGCPercent(before)
	release := Settle()
	text := make([]byte, 256<<20)
	var m runtime.MemStats
	for range 100 { // finalisers run when they run
		runtime.GC()
		if runtime.ReadMemStats(&m); m.NextGC < 320<<20 {
			break
		}
		time.Sleep(time.Millisecond)
	}
	if m.NextGC < 256<<20+spare || m.NextGC > 320<<20 {
		t.Errorf("beside 256 MiB of text the next collection is at %d MiB", m.NextGC>>20)
	}
	runtime.KeepAlive(text)
	release()
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("GOGC is %d afterwards", got)
	}
	t.Setenv("GOGC", "75")
	Settle()()
	if got := debug.SetGCPercent(100); got != 100 {
		t.Errorf("the operator's GOGC was changed to %d", got)
	}
}
