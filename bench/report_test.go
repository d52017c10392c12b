package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// A part that is measured alone replaces its section of the report, and nothing else.
func TestWriteReplacesThePartsSection(t *testing.T) {
	file := filepath.Join(t.TempDir(), "performance.md")
	const report = "# Performance\n\n<!-- bench start: written by make bench -->\nold\n<!-- bench start: end -->\n\ntext\n\n" +
		"<!-- bench ask: written by make bench -->\nkept\n<!-- bench ask: end -->\n"
	if err := os.WriteFile(file, []byte(report), 0o600); err != nil {
		t.Fatal(err)
	}
	l := &lab{options: options{out: file}}
	var s section
	s.most("start", 60*time.Millisecond, 21*time.Millisecond)
	s.mib("memory", 30, 31)
	s.printf("\ndetails\n")
	for range 2 {
		l.write("start", &s)
	}
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	got := string(b)
	for _, want := range []string{"| start | at most 60ms | 21ms | met |", "| memory | at most 30 MiB | 31.0 MiB | **missed** |", "\ndetails\n", "\ntext\n", "\nkept\n"} {
		if strings.Count(got, want) != 1 {
			t.Errorf("%q is not there once:\n%s", want, got)
		}
	}
	if strings.Contains(got, "old") {
		t.Errorf("the old section is still there:\n%s", got)
	}
	if !strings.HasSuffix(got, report[strings.Index(report, "\n\ntext"):]) {
		t.Errorf("what follows the section has changed:\n%s", got)
	}
}

// A ratio is taken round by round, and not of medians.
func TestRatioIsOfRounds(t *testing.T) {
	w := work{rounds: [][]sample{{{rate: 10}, {rate: 10}}, {{rate: 40}, {rate: 20}}, {{rate: 9}, {rate: 3}}}}
	if mid, low, high := w.ratio(1); mid != 2 || low != 1 || high != 3 {
		t.Errorf("%v (%v to %v), want 2 (1 to 3)", mid, low, high)
	}
}
