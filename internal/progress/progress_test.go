package progress

import (
	"strings"
	"testing"
	"time"
)

func TestLine(t *testing.T) {
	for _, tt := range []struct {
		done, all int64
		elapsed   time.Duration
		full      int
		want      string
	}{
		{0, 200, 0, 0, "   0%  0 of 200 rows, 0s left"},
		{50, 200, 10 * time.Second, 7, "  25%  50 of 200 rows, 30s left"},
		{200, 200, 40 * time.Second, 30, " 100%  200 of 200 rows, 0s left"},
		{201, 200, 40 * time.Second, 30, " 100%  200 of 200 rows, 0s left"},
	} {
		got := line(tt.done, tt.all, "rows", tt.elapsed)
		if n := strings.Count(got, "█"); n != tt.full || n+strings.Count(got, "░") != width || !strings.HasSuffix(got, tt.want) {
			t.Errorf("%d of %d: %q, want %d full and %q", tt.done, tt.all, got, tt.full, tt.want)
		}
	}
}

// TestBarIsSilentWithoutATerminal checks that nothing is written to anything but a terminal.
func TestBarIsSilentWithoutATerminal(t *testing.T) {
	var b strings.Builder
	bar := New(&b, "rows")
	bar.At(1, 2)
	bar.End()
	if b.Len() > 0 {
		t.Errorf("%q was written", b.String())
	}
}
