package cli

import (
	"testing"
	"time"
)

func TestLaterFlag(t *testing.T) {
	t.Parallel()
	zone := time.FixedZone("west", -5*3600)
	now := time.Date(2026, 11, 28, 20, 0, 0, 0, zone)
	for value, want := range map[string]string{
		"2026-12-01T18:00":          "2026-12-01T23:00:00Z",
		"2026-12-01 18:00":          "2026-12-01T23:00:00Z",
		"2026-12-01T18:00:30":       "2026-12-01T23:00:30Z",
		"2026-12-01":                "2026-12-01T05:00:00Z",
		"2026-12-01T18:00:00Z":      "2026-12-01T18:00:00Z",
		"2026-12-01T18:00:00+02:00": "2026-12-01T16:00:00Z",
		"+48h":                      "2026-12-01T01:00:00Z",
		"+7d":                       "2026-12-06T01:00:00Z",
		"48h":                       "",
		"+x":                        "",
		"tomorrow":                  "",
		"":                          "",
	} {
		got, err := laterFlag("--at", value, now)
		if want == "" {
			if err == nil {
				t.Errorf("%q is %s, want an error", value, got)
			}
			continue
		}
		if err != nil || got.UTC().Format(time.RFC3339) != want {
			t.Errorf("%q is %s, %v, want %s", value, got.UTC().Format(time.RFC3339), err, want)
		}
	}
}
