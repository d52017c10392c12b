package credentials_test

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
)

// old is a token to regenerate.
func (w *world) old(expires time.Time, capabilities ...string) credentials.IssuedAPIToken {
	w.Helper()
	return must(w.CreateAPIToken(w.Context(), w.ByOwner(), credentials.NewAPIToken{
		Name: "Old", Description: "old one", Capabilities: caps(w, capabilities...), ExpiresAt: expires,
	}))(w)
}

func (w *world) works(what string, token credentials.IssuedAPIToken, want bool) {
	w.Helper()
	if _, err := w.Authenticate(w.Context(), token.Secret, ""); (err == nil) != want {
		w.Errorf("%s: works %t (%v), want %t", what, err == nil, err, want)
	}
}

func TestRegenerate(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.old(w.Clock().Add(time.Hour), "users|read", "dataset:logs:query|read")
	w.Pass(time.Minute)
	next := must(w.RegenerateAPIToken(t.Context(), w.ByOwner(), old.ID, credentials.Regeneration{ExistingExpiresAt: w.Clock()}))(t)
	if next.ID == old.ID || next.Secret == old.Secret {
		t.Error("the new token is the old one")
	}
	if next.Name != "Old" || next.Description != "old one" || !next.Capabilities.Equal(old.Capabilities) || !next.ExpiresAt.IsZero() {
		t.Errorf("the new token is %+v", next)
	}
	read := must(w.GetAPIToken(t.Context(), w.ByOwner(), next.ID))(t)
	if diff := cmp.Diff(next.APITokenRecord, read, sameSet); diff != "" {
		t.Errorf("(-answered +read):\n%s", diff)
	}
	w.works("the old one", old, false)
	w.works("the new one", next, true)
}

func TestRegenerateWithNewToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	end := w.Clock().Add(48 * time.Hour)
	for what, tt := range map[string]struct {
		in      credentials.Regeneration
		expires time.Time
	}{
		"own expiry":      {credentials.Regeneration{NewToken: &credentials.NewAPIToken{Name: "New", ExpiresAt: end}}, end},
		"expiry beside":   {credentials.Regeneration{NewToken: &credentials.NewAPIToken{Name: "New"}, NewExpiresAt: end}, end},
		"both":            {credentials.Regeneration{NewToken: &credentials.NewAPIToken{Name: "New", ExpiresAt: end.Add(1e9)}, NewExpiresAt: end}, end},
		"never":           {credentials.Regeneration{NewToken: &credentials.NewAPIToken{Name: "New"}}, time.Time{}},
		"copy and expiry": {credentials.Regeneration{NewExpiresAt: end}, end},
	} {
		old := w.old(time.Time{}, "users|read")
		next := must(w.RegenerateAPIToken(t.Context(), w.ByOwner(), old.ID, tt.in))(t)
		if !next.ExpiresAt.Equal(tt.expires.UTC().Truncate(time.Microsecond)) && (!tt.expires.IsZero() || !next.ExpiresAt.IsZero()) {
			t.Errorf("%s: ends %s, want %s", what, next.ExpiresAt, tt.expires)
		}
		if tt.in.NewToken != nil && (next.Name != "New" || next.Description != "" || !next.Capabilities.Empty()) {
			t.Errorf("%s: the new token is not what was given: %+v", what, next)
		}
	}
	old := w.old(time.Time{}, "users|read")
	for what, in := range map[string]credentials.NewAPIToken{
		"name": {}, "expiresAt": {Name: "x", ExpiresAt: w.Clock().Add(-time.Hour)},
	} {
		w.Refused("bad "+what, directory.Invalid, what, func() error {
			return second(w.RegenerateAPIToken(t.Context(), w.ByOwner(), old.ID, credentials.Regeneration{NewToken: &in}))
		})
	}
}

// The old token ends when asked, at once if that has passed, and never later
// than it would have.
func TestRegenerateGracePeriod(t *testing.T) {
	t.Parallel()
	hour := time.Hour
	for what, tt := range map[string]struct {
		life  time.Duration // of the old token, 0: for ever
		grace time.Duration
		ends  time.Duration
	}{
		"at once":                  {0, 0, 0},
		"a moment ago":             {0, -time.Second, 0},
		"long ago":                 {0, -1000 * hour, 0},
		"later":                    {0, hour, hour},
		"earlier than it would":    {2 * hour, hour, hour},
		"when it would":            {hour, hour, hour},
		"not later than it would":  {hour, 2 * hour, hour},
		"not for ever":             {hour, 100_000 * hour, hour},
		"at once, before its time": {hour, 0, 0},
	} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			var expires time.Time
			if tt.life > 0 {
				expires = w.Clock().Add(tt.life)
			}
			old := w.old(expires, "users|read")
			next := must(w.RegenerateAPIToken(t.Context(), w.ByOwner(), old.ID, credentials.Regeneration{
				ExistingExpiresAt: w.Clock().Add(tt.grace),
			}))(t)
			if tt.ends > 0 {
				w.Pass(tt.ends - 2*time.Microsecond)
				w.works("the old one in time", old, true)
				w.Pass(2 * time.Microsecond)
			}
			w.works("the old one after it", old, false)
			w.works("the new one", next, true)
		})
	}
}

// A token that has expired can be replaced, and stays expired.
func TestRegenerateExpired(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.old(w.Clock().Add(time.Hour), "users|read")
	w.Pass(2 * time.Hour)
	next := must(w.RegenerateAPIToken(t.Context(), w.ByOwner(), old.ID, credentials.Regeneration{
		ExistingExpiresAt: w.Clock().Add(time.Hour),
	}))(t)
	w.works("the old one", old, false)
	w.works("the new one", next, true)
}

// No time that can be written as RFC 3339 may end in something that can't be.
func TestRegenerateEndOfTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.old(time.Time{}, "users|read")
	w.Refused("beyond year 9999", directory.Invalid, "existingTokenExpiresAt", func() error {
		return second(w.RegenerateAPIToken(t.Context(), w.ByOwner(), old.ID, credentials.Regeneration{
			ExistingExpiresAt: time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("west", -12*3600)),
		}))
	})
	must(w.RegenerateAPIToken(t.Context(), w.ByOwner(), old.ID, credentials.Regeneration{
		ExistingExpiresAt: time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC),
	}))(t)
	w.Wants("delete the old one", "", w.DeleteAPIToken(t.Context(), w.ByOwner(), old.ID))
}

// To regenerate a token is to be handed what it can do.
func TestRegenerateStaysWithinTheCaller(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	renewer := w.Role("Renewer", "apiTokens|update", "users|read")
	strong := w.old(time.Time{}, "users|read", "users|delete")
	weak := w.old(time.Time{}, "users|read")
	named := w.old(time.Time{}, "dataset:logs:query|read")
	for who, call := range map[string]directory.Call{
		"user":  w.By(w.Join("Renewer2", renewer.ID)),
		"token": w.As(w.Token("apiTokens|update", "users|read").Secret, ""),
	} {
		regenerate := func(id directory.TokenID, in credentials.Regeneration) func() error {
			return func() error { return second(w.RegenerateAPIToken(t.Context(), call, id, in)) }
		}
		w.Refused(who+": a stronger one", directory.Forbidden, "", regenerate(strong.ID, credentials.Regeneration{}))
		w.Refused(who+": a stronger one, for a weaker", directory.Forbidden, "",
			regenerate(strong.ID, credentials.Regeneration{NewToken: &credentials.NewAPIToken{Name: "x"}}))
		w.Refused(who+": one for a dataset they don't have", directory.Forbidden, "", regenerate(named.ID, credentials.Regeneration{}))
		w.Refused(who+": a weaker one, for a stronger", directory.Forbidden, "",
			regenerate(weak.ID, credentials.Regeneration{NewToken: &credentials.NewAPIToken{Name: "x", Capabilities: authz.Everything()}}))
		w.works("what was refused", strong, true)
		w.Wants(who+": one within", "", regenerate(weak.ID, credentials.Regeneration{ExistingExpiresAt: w.Clock().Add(time.Hour)})())
	}
	maker := w.As(w.Token("apiTokens|create", "apiTokens|read", "apiTokens|delete", "users|read").Secret, "")
	w.Refused("without apiTokens|update", directory.Forbidden, "", func() error {
		return second(w.RegenerateAPIToken(t.Context(), maker, weak.ID, credentials.Regeneration{}))
	})
}

// A token may replace itself; the answer is the last that it gets.
func TestRegenerateOneself(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	self := w.Token("apiTokens|update", "apiTokens|read")
	next := must(w.RegenerateAPIToken(t.Context(), w.As(self.Secret, ""), self.ID, credentials.Regeneration{}))(t)
	w.works("the old one", self, false)
	w.works("the new one", next, true)
	if got := next.CreatedBy; got.Kind != directory.ActorAPIToken || got.TokenID != self.ID {
		t.Errorf("made by %+v", got)
	}
}

// A token that ends in ten days is replaced by one that ends ten days from then, also if
// its end was brought forward meanwhile.
func TestRegenerateKeepsTheLifetime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	const days = 10 * 24 * time.Hour
	keep := credentials.Regeneration{KeepLifetime: true}
	old := w.old(w.Clock().Add(days), "users|read")
	w.Pass(9 * 24 * time.Hour)
	for range 2 {
		next := must(w.RegenerateAPIToken(t.Context(), w.ByOwner(), old.ID, keep))(t)
		if want := w.now().Add(days); !next.ExpiresAt.Equal(want) {
			t.Errorf("ends %s, want %s", next.ExpiresAt, want)
		}
		w.Pass(time.Hour)
	}
	forever := must(w.RegenerateAPIToken(t.Context(), w.ByOwner(), w.old(time.Time{}, "users|read").ID, keep))(t)
	if !forever.ExpiresAt.IsZero() {
		t.Errorf("the successor of a token without an end ends %s", forever.ExpiresAt)
	}
	brief := w.old(w.Clock().Add(time.Microsecond), "users|read")
	if next := must(w.RegenerateAPIToken(t.Context(), w.ByOwner(), brief.ID, keep))(t); next.ExpiresAt.IsZero() {
		t.Error("the successor of a token that lived a microsecond never ends")
	}
	for what, in := range map[string]credentials.Regeneration{
		"beside":           {KeepLifetime: true, NewExpiresAt: w.Clock().Add(time.Hour)},
		"in the new token": {KeepLifetime: true, NewToken: &credentials.NewAPIToken{Name: "x", ExpiresAt: w.Clock().Add(time.Hour)}},
	} {
		w.Refused("an expiry "+what, directory.Invalid, "keepLifetime", func() error {
			return second(w.RegenerateAPIToken(t.Context(), w.ByOwner(), old.ID, in))
		})
	}
}

// A kept lifetime is cut to what the organization and the actor's token allow.
func TestRegenerateKeepsTheLifetimeWithinBounds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	keep := credentials.Regeneration{KeepLifetime: true, ExistingExpiresAt: w.Clock().Add(1000 * time.Hour)}
	long, forever, short := w.old(w.Clock().Add(100*time.Hour), "users|read"), w.old(time.Time{}, "users|read"), w.old(w.Clock().Add(time.Hour), "users|read")
	renewer := must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{
		Name: "Renewer", Capabilities: caps(t, "apiTokens|update", "users|read"), ExpiresAt: w.Clock().Add(5 * time.Hour),
	}))(t)
	ends := func(what string, call directory.Call, id directory.TokenID, want time.Duration) {
		t.Helper()
		next := must(w.RegenerateAPIToken(t.Context(), call, id, keep))(t)
		if got := next.ExpiresAt.Sub(w.now()); got != want {
			t.Errorf("%s ends after %s, want %s", what, got, want)
		}
	}
	ends("the actor's token bounds it", w.As(renewer.Secret, ""), long.ID, 5*time.Hour)
	ends("the actor's token bounds one without an end", w.As(renewer.Secret, ""), forever.ID, 5*time.Hour)
	must(w.UpdateOrgSettings(t.Context(), w.ByOwner(), w.Org.ID, directory.OrgSettings{MaxTokenSeconds: 7200}))(t)
	ends("a long one in an organization with a maximum", w.ByOwner(), long.ID, 2*time.Hour)
	ends("one without an end in an organization with a maximum", w.ByOwner(), forever.ID, 2*time.Hour)
	ends("a short one in an organization with a maximum", w.ByOwner(), short.ID, time.Hour)
}

// Successors that live are named, also those of successors that don't.
func TestRegenerateTwiceNamesTheSuccessors(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	again := func(id directory.TokenID) credentials.IssuedAPIToken {
		t.Helper()
		return must(w.RegenerateAPIToken(t.Context(), w.ByOwner(), id, credentials.Regeneration{}))(t)
	}
	a := w.old(time.Time{}, "users|read")
	b := again(a.ID)
	c := again(b.ID)
	if len(b.Successors)+len(c.Successors) != 0 {
		t.Errorf("successors %v and %v, want none", b.Successors, c.Successors)
	}
	d := again(a.ID)
	if diff := cmp.Diff([]directory.TokenID{c.ID}, d.Successors); diff != "" {
		t.Errorf("successors (-want +got):\n%s", diff)
	}
	w.Wants("delete a successor", "", w.DeleteAPIToken(t.Context(), w.ByOwner(), c.ID))
	w.Wants("delete the other", "", w.DeleteAPIToken(t.Context(), w.ByOwner(), d.ID))
	if e := again(a.ID); len(e.Successors) != 0 {
		t.Errorf("successors that were deleted are named: %v", e.Successors)
	}
}
