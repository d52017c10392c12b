package directory_test

import (
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

func (w *world) longestToken(d time.Duration) error {
	_, err := w.UpdateOrgSettings(w.Context(), w.byOwner(), w.org.ID, directory.OrgSettings{MaxTokenSeconds: int64(d / time.Second)})
	return err
}

func TestMaximumLifetimeOfAPITokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.token("users|read") // without an end
	w.wants("set", "", w.longestToken(24*time.Hour))
	latest := w.clock.Now().Add(24 * time.Hour).UTC().Truncate(time.Microsecond)
	create := func(ends time.Time) (directory.IssuedAPIToken, error) {
		return w.CreateAPIToken(t.Context(), w.byOwner(), directory.NewAPIToken{Name: "t", ExpiresAt: ends})
	}
	if made := must(create(time.Time{}))(t); !made.ExpiresAt.Equal(latest) {
		t.Errorf("without an end it ends at %v, want %v", made.ExpiresAt, latest)
	}
	if made := must(create(latest))(t); !made.ExpiresAt.Equal(latest) {
		t.Errorf("it ends at %v, want %v", made.ExpiresAt, latest)
	}
	w.refused("later", directory.Invalid, "expiresAt", func() error { return second(create(latest.Add(time.Second))) })
	if again := must(w.RegenerateAPIToken(t.Context(), w.byOwner(), old.ID, directory.Regeneration{ExistingExpiresAt: latest}))(t); !again.ExpiresAt.Equal(latest) {
		t.Errorf("regenerated it ends at %v, want %v", again.ExpiresAt, latest)
	}
	w.refused("regenerated for longer", directory.Invalid, "expiresAt", func() error {
		return second(w.RegenerateAPIToken(t.Context(), w.byOwner(), old.ID, directory.Regeneration{NewExpiresAt: latest.Add(time.Hour)}))
	})
	w.wants("replay", "", w.CheckLog(t.Context(), w.org.ID))
	w.wants("unset", "", w.longestToken(0))
	if made := must(create(time.Time{}))(t); !made.ExpiresAt.IsZero() {
		t.Errorf("without a maximum it ends at %v", made.ExpiresAt)
	}
	w.wants("replay", "", w.CheckLog(t.Context(), w.org.ID))
}

// A personal token that is older than the maximum does not act in the organization,
// remembered or not, and does so elsewhere.
func TestMaximumAgeOfPersonalTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.join("Jane", "user")
	elsewhere := must(w.CreateOrg(t.Context(), w.by(jane), "Elsewhere"))(t)
	w.pass(2 * time.Hour)
	fresh := w.withToken(jane.User)
	w.owner = w.withToken(w.owner.User)
	w.as(jane.secret, w.org.ID) // remembered
	held := w.by(jane)
	w.wants("set", "", w.longestToken(2*time.Hour))
	_, err := w.Authenticate(t.Context(), jane.secret, w.org.ID)
	w.wants("older than the maximum", directory.Forbidden, err)
	w.refused("a request under way", directory.Forbidden, "", func() error {
		return second(w.UpdateSelf(t.Context(), held, directory.SelfUpdate{Name: new("X")}))
	})
	w.as(jane.secret, elsewhere.Org.ID)
	w.as(fresh.secret, w.org.ID)
	w.pass(2 * time.Hour) // it is in memory, and grows old there
	_, err = w.Authenticate(t.Context(), fresh.secret, w.org.ID)
	w.wants("grown old", directory.Forbidden, err)
	w.owner = w.withToken(w.owner.User)
	w.wants("unset", "", w.longestToken(0))
	w.as(jane.secret, w.org.ID)
	w.as(fresh.secret, w.org.ID)
}

func TestOrgSettingsRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	john := w.join("John", "user")
	rival := w.tenant("Rival")
	set := func(call directory.Call, seconds int64) error {
		return second(w.UpdateOrgSettings(t.Context(), call, w.org.ID, directory.OrgSettings{MaxTokenSeconds: seconds}))
	}
	for _, seconds := range []int64{-1, 1, 3599, 36500*86400 + 1, 1 << 62} {
		w.refused("out of range", directory.Invalid, "maxTokenLifetimeSeconds", func() error { return set(w.byOwner(), seconds) })
	}
	w.refused("a user", directory.Forbidden, "", func() error { return set(w.by(john), 3600) })
	w.refused("an API token", directory.Forbidden, "", func() error { return set(w.as(w.apiToken, ""), 3600) })
	w.refused("a stranger", directory.NotFound, "", func() error { return set(w.by(rival), 3600) })
	w.wants("a stranger reads", directory.NotFound, second(w.GetOrgSettings(t.Context(), w.by(rival), w.org.ID)))
	w.pass(3 * time.Hour)
	w.refused("one's own token is older", directory.Conflict, "", func() error { return set(w.byOwner(), 3600) })
	admin := w.join("Ann", "admin")
	w.wants("an admin", "", set(w.by(admin), 3600))
	if got := must(w.GetOrgSettings(t.Context(), w.as(w.apiToken, ""), w.org.ID))(t); got.MaxTokenSeconds != 3600 {
		t.Errorf("got %+v", got)
	}
	w.wants("replay", "", w.CheckLog(t.Context(), w.org.ID))
}
