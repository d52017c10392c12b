package credentials_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/limits"
	"github.com/rosterhq/roster/internal/members"
)

func TestPersonalTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane, john := w.Join("Jane", "user"), w.Join("John", "admin")
	expires := w.Clock().Add(time.Hour)
	made := must(w.CreatePersonalToken(t.Context(), w.By(jane), credentials.NewPersonalToken{Name: " laptop ", Description: "d", ExpiresAt: expires}))(t)
	if !regexp.MustCompile(`^xapt-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`).MatchString(made.Secret) {
		t.Errorf("value %q", made.Secret)
	}
	want := directory.PersonalTokenRecord{
		ID: made.ID, AccountID: jane.AccountID, Name: "laptop", Description: "d", Hash: directory.HashSecret(made.Secret),
		ExpiresAt: expires.UTC().Truncate(time.Microsecond), CreatedAt: w.Clock().UTC().Truncate(time.Microsecond),
	}
	list := must(w.ListPersonalTokens(t.Context(), w.By(jane)))(t)
	i := slices.IndexFunc(list, func(r directory.PersonalTokenRecord) bool { return r.ID == made.ID })
	if len(list) != 2 || i < 0 {
		t.Fatalf("Jane's tokens are %v", list)
	}
	if diff := cmp.Diff([]directory.PersonalTokenRecord{want, want}, []directory.PersonalTokenRecord{made.PersonalTokenRecord, list[i]}); diff != "" {
		t.Errorf("(-want +created, listed):\n%s", diff)
	}
	if p := w.As(made.Secret, "").Principal; p.UserID != jane.ID || p.Role != "user" || p.TokenID != made.ID {
		t.Errorf("it acts as %+v", p)
	}
	// They are their owner's alone, whatever others may do.
	if others := must(w.ListPersonalTokens(t.Context(), w.By(john)))(t); len(others) != 1 || others[0].ID == made.ID {
		t.Errorf("John's tokens are %v", others)
	}
	for _, m := range []member{john, w.Owner} {
		w.Refused("another's", directory.NotFound, "", func() error { return w.DeletePersonalToken(t.Context(), w.By(m), made.ID) })
	}
	call := w.As(made.Secret, "")
	w.Wants("delete", "", w.DeletePersonalToken(t.Context(), call, made.ID)) // with itself
	_, err := w.Authenticate(t.Context(), made.Secret, "")
	w.Wants("afterwards", directory.Unauthenticated, err)
	w.Refused("a request under way", directory.Unauthenticated, "", func() error {
		return second(w.CreatePersonalToken(t.Context(), call, credentials.NewPersonalToken{Name: "back door"}))
	})
	w.Refused("delete again", directory.NotFound, "", func() error { return w.DeletePersonalToken(t.Context(), w.By(jane), made.ID) })
}

func TestPersonalTokensExpire(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	jane := w.Join("Jane", "user")
	made := must(w.CreatePersonalToken(t.Context(), w.By(jane), credentials.NewPersonalToken{Name: "x", ExpiresAt: w.Clock().Add(time.Hour)}))(t)
	call := w.As(made.Secret, "")
	w.Pass(time.Hour)
	_, err := w.Authenticate(t.Context(), made.Secret, "")
	w.Wants("expired", directory.Unauthenticated, err)
	w.Refused("a request under way", directory.Unauthenticated, "", func() error {
		return second(w.CreatePersonalToken(t.Context(), call, credentials.NewPersonalToken{Name: "longer"}))
	})
	for what, at := range map[string]time.Time{"now": w.Clock(), "past": w.Clock().Add(-time.Hour)} {
		w.Refused(what, directory.Invalid, "expiresAt", func() error {
			return second(w.CreatePersonalToken(t.Context(), w.By(jane), credentials.NewPersonalToken{Name: "x", ExpiresAt: at}))
		})
	}
}

// No API token touches personal tokens or anything else of an account.
func TestPersonalAffairsNeedAPersonalToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	call := w.As(w.APIToken, "")
	name := "X"
	for what, try := range map[string]func() error{
		"list tokens": func() error { return second(w.ListPersonalTokens(t.Context(), call)) },
		"create token": func() error {
			return second(w.CreatePersonalToken(t.Context(), call, credentials.NewPersonalToken{Name: "x"}))
		},
		"delete token": func() error { return w.DeletePersonalToken(t.Context(), call, w.ByOwner().Principal.TokenID) },
		"get self":     func() error { return second(w.GetSelf(t.Context(), call)) },
		"update self":  func() error { return second(w.UpdateSelf(t.Context(), call, members.SelfUpdate{Name: &name})) },
		"update user": func() error {
			return second(w.UpdateUser(t.Context(), call, w.Owner.ID, members.SelfUpdate{Name: &name}))
		},
		"list invitations": func() error { return second(w.ListInvitations(t.Context(), call)) },
		"accept":           func() error { return second(w.AcceptInvitation(t.Context(), call, w.Org.ID)) },
		"decline":          func() error { return w.DeclineInvitation(t.Context(), call, w.Org.ID) },
		"create org":       func() error { return second(w.CreateOrg(t.Context(), call, "X")) },
		"update org":       func() error { return second(w.UpdateOrg(t.Context(), call, w.Org.ID, "X")) },
		"update org of others": func() error {
			return second(w.UpdateOrg(t.Context(), call, "other-0000", "X"))
		},
	} {
		w.Refused(what, directory.Forbidden, "", func() error {
			err := try()
			if err != nil && !strings.Contains(err.Error(), "personal token") {
				t.Errorf("%s: %q does not say what to use instead", what, err)
			}
			return err
		})
	}
}

func TestMaxPersonalTokens(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	create := func() (credentials.IssuedPersonalToken, error) {
		return w.CreatePersonalToken(t.Context(), w.ByOwner(), credentials.NewPersonalToken{Name: "x"})
	}
	var last credentials.IssuedPersonalToken // never the one that the owner calls with
	for len(must(w.ListPersonalTokens(t.Context(), w.ByOwner()))(t)) < limits.Default().PersonalTokens {
		last = must(create())(t)
	}
	w.Refused("one more", directory.LimitExceeded, "", func() error { return second(create()) })
	w.Wants("delete", "", w.DeletePersonalToken(t.Context(), w.ByOwner(), last.ID))
	w.Wants("another", "", second(create()))
}
