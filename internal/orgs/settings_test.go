package orgs_test

import (
	"testing"
	"time"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

func (w *world) longestToken(d time.Duration) error {
	_, err := w.UpdateOrgSettings(w.Context(), w.ByOwner(), w.Org.ID, directory.OrgSettings{MaxTokenSeconds: int64(d / time.Second)})
	return err
}

func TestMaximumLifetimeOfAPITokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	old := w.Token("users|read") // without an end
	w.Wants("set", "", w.longestToken(24*time.Hour))
	latest := w.Clock().Add(24 * time.Hour).UTC().Truncate(time.Microsecond)
	create := func(ends time.Time) (credentials.IssuedAPIToken, error) {
		return w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{Name: "t", ExpiresAt: ends})
	}
	if made := must(create(time.Time{}))(t); !made.ExpiresAt.Equal(latest) {
		t.Errorf("without an end it ends at %v, want %v", made.ExpiresAt, latest)
	}
	if made := must(create(latest))(t); !made.ExpiresAt.Equal(latest) {
		t.Errorf("it ends at %v, want %v", made.ExpiresAt, latest)
	}
	w.Refused("later", directory.Invalid, "expiresAt", func() error { return second(create(latest.Add(time.Second))) })
	if again := must(w.RegenerateAPIToken(t.Context(), w.ByOwner(), old.ID, credentials.Regeneration{ExistingExpiresAt: latest}))(t); !again.ExpiresAt.Equal(latest) {
		t.Errorf("regenerated it ends at %v, want %v", again.ExpiresAt, latest)
	}
	w.Refused("regenerated for longer", directory.Invalid, "expiresAt", func() error {
		return second(w.RegenerateAPIToken(t.Context(), w.ByOwner(), old.ID, credentials.Regeneration{NewExpiresAt: latest.Add(time.Hour)}))
	})
	w.Wants("replay", "", w.CheckLog(t.Context(), w.Org.ID))
	w.Wants("unset", "", w.longestToken(0))
	if made := must(create(time.Time{}))(t); !made.ExpiresAt.IsZero() {
		t.Errorf("without a maximum it ends at %v", made.ExpiresAt)
	}
	w.Wants("replay", "", w.CheckLog(t.Context(), w.Org.ID))
}

// A personal token that is older than the maximum does not act in the organization,
// remembered or not, and does so elsewhere.
func TestMaximumAgeOfPersonalTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "user")
	elsewhere := must(w.CreateOrg(t.Context(), w.By(jane), "Elsewhere"))(t)
	w.Pass(2 * time.Hour)
	fresh := w.WithToken(jane.User)
	w.Owner = w.WithToken(w.Owner.User)
	w.As(jane.Secret, w.Org.ID) // remembered
	held := w.By(jane)
	w.Wants("set", "", w.longestToken(2*time.Hour))
	_, err := w.Authenticate(t.Context(), jane.Secret, w.Org.ID)
	w.Wants("older than the maximum", directory.Forbidden, err)
	w.Refused("a request under way", directory.Forbidden, "", func() error {
		return second(w.UpdateSelf(t.Context(), held, members.SelfUpdate{Name: new("X")}))
	})
	w.As(jane.Secret, elsewhere.Org.ID)
	w.As(fresh.Secret, w.Org.ID)
	w.Pass(2 * time.Hour) // it is in memory, and grows old there
	_, err = w.Authenticate(t.Context(), fresh.Secret, w.Org.ID)
	w.Wants("grown old", directory.Forbidden, err)
	w.Owner = w.WithToken(w.Owner.User)
	w.Wants("unset", "", w.longestToken(0))
	w.As(jane.Secret, w.Org.ID)
	w.As(fresh.Secret, w.Org.ID)
}

func TestOrgSettingsRules(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	john := w.Join("John", "user")
	rival := w.Tenant("Rival")
	set := func(call directory.Call, seconds int64) error {
		return second(w.UpdateOrgSettings(t.Context(), call, w.Org.ID, directory.OrgSettings{MaxTokenSeconds: seconds}))
	}
	for _, seconds := range []int64{-1, 1, 3599, 36500*86400 + 1, 1 << 62} {
		w.Refused("out of range", directory.Invalid, "maxTokenLifetimeSeconds", func() error { return set(w.ByOwner(), seconds) })
	}
	w.Refused("a user", directory.Forbidden, "", func() error { return set(w.By(john), 3600) })
	w.Refused("an API token", directory.Forbidden, "", func() error { return set(w.As(w.APIToken, ""), 3600) })
	w.Refused("a stranger", directory.NotFound, "", func() error { return set(w.By(rival), 3600) })
	w.Wants("a stranger reads", directory.NotFound, second(w.GetOrgSettings(t.Context(), w.By(rival), w.Org.ID)))
	w.Pass(3 * time.Hour)
	w.Refused("one's own token is older", directory.Conflict, "", func() error { return set(w.ByOwner(), 3600) })
	admin := w.Join("Ann", "admin")
	w.Wants("an admin", "", set(w.By(admin), 3600))
	if got := must(w.GetOrgSettings(t.Context(), w.As(w.APIToken, ""), w.Org.ID))(t); got.MaxTokenSeconds != 3600 {
		t.Errorf("got %+v", got)
	}
	w.Wants("replay", "", w.CheckLog(t.Context(), w.Org.ID))
}
