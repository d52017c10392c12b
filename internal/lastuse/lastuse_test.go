package lastuse_test

import (
	"maps"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/lastuse"
)

func TestMarksMoveUntilTheyAreStored(t *testing.T) {
	var marks lastuse.Marks[string]
	lag := func(key string) time.Duration {
		if key == "seldom" {
			return time.Hour
		}
		return 0
	}
	start := time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)
	want := func(what string, times map[string]time.Time) {
		t.Helper()
		if got := marks.Moved(lag); !maps.Equal(got, times) {
			t.Errorf("%s: %v moved, want %v", what, got, times)
		}
	}
	marks.Of("unused")
	often, seldom := marks.Of("often"), marks.Of("seldom")
	want("before any use", map[string]time.Time{})
	often.Use(start)
	seldom.Use(start)
	both := map[string]time.Time{"often": start, "seldom": start}
	want("after the first use", both)
	want("not stored yet", both)
	marks.Stored(both)
	want("stored", map[string]time.Time{})

	later := start.Add(time.Minute)
	marks.Of("often").Use(later) // the same mark
	seldom.Use(later)
	want("within the lag", map[string]time.Time{"often": later})
	seldom.Use(start.Add(2 * time.Hour))
	want("after it", map[string]time.Time{"often": later, "seldom": start.Add(2 * time.Hour)})
}

func TestLatestIsTheLaterOfUsedAndStored(t *testing.T) {
	var marks lastuse.Marks[int]
	at := time.Date(2026, 3, 4, 5, 6, 7, 8000, time.UTC)
	marks.Of(1).Use(at)
	marks.Of(2)
	for _, tt := range []struct {
		key          int
		stored, want time.Time
	}{
		{1, time.Time{}, at},
		{1, at.Add(-time.Second), at},
		{1, at.Add(time.Second), at.Add(time.Second)},
		{2, time.Time{}, time.Time{}},
		{3, at, at},
	} {
		if got := marks.Latest(tt.key, tt.stored); !got.Equal(tt.want) {
			t.Errorf("of %d, stored at %v: %v, want %v", tt.key, tt.stored, got, tt.want)
		}
	}
	var nothing *lastuse.Mark
	nothing.Use(at) // is no panic
}
