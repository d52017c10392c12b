package ident_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/ident"
)

func TestNewSortsByTime(t *testing.T) {
	start := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	var ids []string
	for _, d := range []time.Duration{0, time.Millisecond, time.Second, time.Hour, 400 * 24 * time.Hour, 100 * 365 * 24 * time.Hour} {
		id := ident.New("usr", start.Add(d))
		if !ident.Is("usr", id) || ident.Is("tok", id) || len(id) != 30 {
			t.Errorf("%s is not an id of the kind usr", id)
		}
		ids = append(ids, id)
	}
	if !slices.IsSorted(ids) {
		t.Errorf("ids made one after the other are out of order: %q", ids)
	}
}

func TestIsRejectsOtherText(t *testing.T) {
	id := ident.New("usr", time.Now())
	for _, other := range []string{"", "usr_", "usr", id[:29], id + "0", strings.ToUpper(id), "usr_" + strings.Repeat("u", 26), strings.Replace(id, "_", "-", 1)} {
		if ident.Is("usr", other) {
			t.Errorf("%q counts as an id", other)
		}
	}
}

func TestSlug(t *testing.T) {
	for name, want := range map[string]string{
		"Acme": "acme", "Acme, Inc.": "acme-inc", " -- ": "org", "山田": "org", "Ünïcode Co": "n-code-co",
		strings.Repeat("ab", 60): strings.Repeat("ab", 20),
	} {
		if got := ident.Slug(name); !regexp.MustCompile("^" + want + "-[0-9a-hjkmnp-z]{4}$").MatchString(got) {
			t.Errorf("%q: got %s, want %s and four characters", name, got, want)
		}
	}
}

func TestSecretsAreRandomUUIDs(t *testing.T) {
	shape := regexp.MustCompile(`^xaat-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	a, b := ident.Secret("xaat-"), ident.Secret("xaat-")
	if !shape.MatchString(a) || !shape.MatchString(b) || a == b {
		t.Errorf("got %s and %s", a, b)
	}
}

func TestFirstIsNotAfterNew(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	id := ident.New("usr", now)
	if first, next := ident.First("usr", now), ident.First("usr", now.Add(time.Millisecond)); id < first || id >= next {
		t.Errorf("%s is not from %s up to %s", id, first, next)
	}
}
