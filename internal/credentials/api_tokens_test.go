package credentials_test

import (
	"context"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/dbtest"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/roles"
	"github.com/rosterhq/roster/internal/text"
)

var sameSet = cmp.Comparer(func(a, b authz.Set) bool { return a.Equal(b) })

func TestCreateAPIToken(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	shape := regexp.MustCompile(`^xaat-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	now := w.Clock().UTC().Truncate(time.Microsecond)
	for what, tt := range map[string]struct {
		expires, kept time.Time
		code          directory.Code
	}{
		"never":               {time.Time{}, time.Time{}, ""},
		"in a microsecond":    {now.Add(time.Microsecond), now.Add(time.Microsecond), ""},
		"to the nanosecond":   {now.Add(time.Hour + 999), now.Add(time.Hour), ""},
		"in another zone":     {now.Add(time.Hour).In(time.FixedZone("x", 3600)), now.Add(time.Hour), ""},
		"the last moment":     {time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC), ""},
		"now":                 {now, time.Time{}, directory.Invalid},
		"now, by nanoseconds": {now.Add(999), time.Time{}, directory.Invalid},
		"long ago":            {now.Add(-24 * time.Hour), time.Time{}, directory.Invalid},
		"before Christ":       {time.Date(-1, 1, 1, 0, 0, 0, 0, time.UTC), time.Time{}, directory.Invalid},
		"beyond year 9999":    {time.Date(9999, 12, 31, 23, 59, 59, 0, time.FixedZone("west", -12*3600)), time.Time{}, directory.Invalid},
	} {
		in := credentials.NewAPIToken{Name: "CI", Description: "d", Capabilities: caps(t, "users|read", "dataset:*:query|read"), ExpiresAt: tt.expires}
		if tt.code != "" {
			w.Refused(what, tt.code, "expiresAt", func() error { return second(w.CreateAPIToken(t.Context(), w.ByOwner(), in)) })
			continue
		}
		made := must(w.CreateAPIToken(t.Context(), w.ByOwner(), in))(t)
		if !shape.MatchString(made.Secret) || made.Hash != directory.HashSecret(made.Secret) {
			t.Errorf("%s: value %q", what, made.Secret)
		}
		want := directory.APITokenRecord{
			ID: made.ID, OrgID: w.Org.ID, Name: "CI", Description: "d", Capabilities: in.Capabilities, ExpiresAt: tt.kept, CreatedAt: now,
			CreatedBy: directory.Actor{
				Kind: directory.ActorAccount, TokenID: w.ByOwner().Principal.TokenID, AccountID: w.Owner.AccountID, UserID: w.Owner.ID, Name: w.Owner.Name,
			},
			MakerID: w.Owner.ID, Giving: authz.Unlimited(), Hash: made.Hash,
		}
		if !tt.kept.IsZero() { // rounded up to seconds, 292 years at most
			want.LifetimeSeconds = min(tt.kept.Unix()-now.Unix()+1, 9223372036)
			if tt.kept.Nanosecond() == now.Nanosecond() {
				want.LifetimeSeconds--
			}
		}
		// The response equals a later read, to the nanosecond.
		read := must(w.GetAPIToken(t.Context(), w.ByOwner(), made.ID))(t)
		listed := must(w.ListAPITokens(t.Context(), w.ByOwner()))(t)
		i := slices.IndexFunc(listed, func(r directory.APITokenRecord) bool { return r.ID == made.ID })
		if diff := cmp.Diff([]directory.APITokenRecord{want, want, want}, []directory.APITokenRecord{made.APITokenRecord, read, listed[i]}, sameSet); diff != "" {
			t.Errorf("%s (-want +created, read, listed):\n%s", what, diff)
		}
		p := w.As(made.Secret, "").Principal
		if p.Kind != directory.APIToken || p.TokenID != made.ID || p.OrgID != w.Org.ID || !p.Capabilities.Equal(in.Capabilities) || p.UserID != "" {
			t.Errorf("%s: it acts as %+v", what, p)
		}
	}
}

// A token never has more than its maker: not even what a role could have.
func TestAPITokensStayWithinTheirMaker(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	maker := w.Role("Maker", "apiTokens|create", "users|read", "dataset:logs:query|read", "view:*:query|read")
	makers := map[string]directory.Call{
		"owner": w.ByOwner(),
		"admin": w.By(w.Join("Admin", "admin")),
		"maker": w.By(w.Join("Maker2", maker.ID)),
		"token": w.As(w.Token("apiTokens|create", "users|read", "dataset:logs:query|read", "view:*:query|read").Secret, ""),
	}
	for _, tt := range []struct {
		want authz.Set
		who  []string // may make it
	}{
		{authz.Set{}, []string{"owner", "admin", "maker", "token"}},
		{caps(t, "users|read"), []string{"owner", "admin", "maker", "token"}},
		{caps(t, "apiTokens|create", "users|read"), []string{"owner", "admin", "maker", "token"}},
		{caps(t, "users|create"), []string{"owner", "admin"}},
		{caps(t, "billing|read"), []string{"owner"}},
		{caps(t, "dataset:logs:query|read"), []string{"owner", "admin", "maker", "token"}},
		{caps(t, "dataset:metrics:query|read"), []string{"owner", "admin"}},
		{caps(t, "dataset:*:query|read"), []string{"owner", "admin"}},
		{caps(t, "dataset:logs:ingest|create"), []string{"owner", "admin"}},
		{caps(t, "view:v:query|read"), []string{"owner", "admin", "maker", "token"}},
		{caps(t, "view:v:share|read"), []string{"owner", "admin"}},
		{authz.Everything(), []string{"owner"}},
	} {
		for who, call := range makers {
			try := func() error {
				return second(w.CreateAPIToken(t.Context(), call, credentials.NewAPIToken{Name: "t", Capabilities: tt.want}))
			}
			if slices.Contains(tt.who, who) {
				w.Wants(who+" makes", "", try())
			} else {
				w.Refused(who+" makes "+tt.want.Names()[0], directory.Forbidden, "", try)
			}
		}
	}
}

func TestExpiredAndRevokedTokensAreRefused(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	soon := must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{
		Name: "soon", Capabilities: caps(t, "users|create"), ExpiresAt: w.Clock().Add(time.Hour),
	}))(t)
	call := w.As(soon.Secret, "")
	create := func() error {
		return second(w.CreateUser(t.Context(), call, members.NewUser{Name: "X", Email: "x@example.com", Role: "none"}))
	}
	w.Pass(time.Hour - time.Microsecond)
	w.As(soon.Secret, "")
	w.Pass(time.Microsecond)
	_, err := w.Authenticate(t.Context(), soon.Secret, "")
	w.Wants("expired", directory.Unauthenticated, err)
	w.Refused("expired on the way", directory.Unauthenticated, "", create)
	if got := must(w.GetAPIToken(t.Context(), w.ByOwner(), soon.ID))(t); got.ID != soon.ID {
		t.Error("an expired token is not shown")
	}

	other := w.Token("users|create")
	call = w.As(other.Secret, "")
	w.Wants("delete", "", w.DeleteAPIToken(t.Context(), w.ByOwner(), other.ID))
	_, err = w.Authenticate(t.Context(), other.Secret, "")
	w.Wants("revoked", directory.Unauthenticated, err)
	w.Refused("revoked on the way", directory.Unauthenticated, "", create)
	w.Refused("delete again", directory.NotFound, "", func() error { return w.DeleteAPIToken(t.Context(), w.ByOwner(), other.ID) })
}

func TestAPITokensOfOthers(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	rival := w.Tenant("Rival")
	theirs := must(w.CreateAPIToken(t.Context(), w.By(rival), credentials.NewAPIToken{Name: "theirs"}))(t)
	for what, try := range map[string]func() error{
		"get":    func() error { return second(w.GetAPIToken(t.Context(), w.ByOwner(), theirs.ID)) },
		"usage":  func() error { return second(w.GetTokenUsage(t.Context(), w.ByOwner(), theirs.ID)) },
		"delete": func() error { return w.DeleteAPIToken(t.Context(), w.ByOwner(), theirs.ID) },
		"regenerate": func() error {
			return second(w.RegenerateAPIToken(t.Context(), w.ByOwner(), theirs.ID, credentials.Regeneration{}))
		},
	} {
		w.Refused(what, directory.NotFound, "", try)
	}
}

func TestTokenUsage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	token := w.Token("users|read")
	usage := func() credentials.TokenUsage {
		return must(w.GetTokenUsage(t.Context(), w.ByOwner(), token.ID))(t)
	}
	if u := usage(); !u.LastUsedAt.IsZero() || u.Token.CreatedBy.UserID != w.Owner.ID {
		t.Errorf("before its first use %+v", u)
	}
	w.As(token.Secret, "")
	w.Pass(time.Minute)
	w.As(token.Secret, "")
	used := w.Clock().UTC().Truncate(time.Microsecond)
	before := w.Tables()
	if u := usage(); !u.LastUsedAt.Equal(used) {
		t.Errorf("last used %s, want %s", u.LastUsedAt, used)
	}
	w.Unchanged("a use", before) // costs no write
	ended, end := context.WithCancel(t.Context())
	end()
	if err := w.StoreUsage(ended); err == nil {
		t.Error("stored although the context had ended")
	}
	w.Wants("store what could not be", "", w.StoreUsage(t.Context()))
	if u := usage(); !u.LastUsedAt.Equal(used) {
		t.Errorf("stored as %s, want %s", u.LastUsedAt, used)
	}
	again := credentials.NewKeeper(directory.NewService(w.DB, dbtest.Keys(), w.Clock)) // after a restart
	if u := must(again.GetTokenUsage(t.Context(), w.ByOwner(), token.ID))(t); !u.LastUsedAt.Equal(used) {
		t.Errorf("read later as %s, want %s", u.LastUsedAt, used)
	}
}

// A list of what is not in use leaves out what has ended, and what was made or used since.
func TestListTokenUsage(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	day := 24 * time.Hour
	used, unused, ended := w.Token("users|read"), w.Token("users|read"), w.old(w.Clock().Add(day), "users|read")
	w.As(ended.Secret, "")
	w.Wants("store", "", w.StoreUsage(t.Context()))
	w.Pass(100 * day)
	w.As(used.Secret, "")
	at := w.now()
	fresh := w.Token("users|read")
	all := map[directory.TokenID]time.Time{}
	for _, u := range must(w.ListTokenUsage(t.Context(), w.ByOwner(), time.Time{}))(t) {
		all[u.Token.ID] = u.LastUsedAt
	}
	if len(all) < 4 || !all[used.ID].Equal(at) || !all[unused.ID].IsZero() || all[ended.ID].IsZero() || !all[fresh.ID].IsZero() {
		t.Errorf("all tokens were used at %v", all)
	}
	var idle []directory.TokenID
	for _, u := range must(w.ListTokenUsage(t.Context(), w.ByOwner(), w.now().Add(-90*day)))(t) {
		idle = append(idle, u.Token.ID)
	}
	if !slices.Contains(idle, unused.ID) || slices.Contains(idle, used.ID) || slices.Contains(idle, ended.ID) || slices.Contains(idle, fresh.ID) {
		t.Errorf("not used for 90 days: %v; unused is %s, used %s, ended %s, fresh %s", idle, unused.ID, used.ID, ended.ID, fresh.ID)
	}
	w.Refused("without apiTokens|read", directory.Forbidden, "", func() error {
		return second(w.ListTokenUsage(t.Context(), w.As(used.Secret, ""), time.Time{}))
	})
}

func TestCountExpiring(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for _, d := range []time.Duration{time.Hour, 2 * time.Hour, 48 * time.Hour} {
		must(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{Name: "t", ExpiresAt: w.Clock().Add(d)}))(t)
	}
	for within, want := range map[time.Duration]int{time.Minute: 0, 90 * time.Minute: 1, 24 * time.Hour: 2, 72 * time.Hour: 3} {
		if n := must(w.CountExpiring(t.Context(), within))(t); n != want {
			t.Errorf("%d tokens end within %s, want %d", n, within, want)
		}
	}
	w.Pass(90 * time.Minute) // what has ended does not end any more
	if n := must(w.CountExpiring(t.Context(), 24*time.Hour))(t); n != 1 {
		t.Errorf("later %d, want 1", n)
	}
}

func TestScopesAreBounded(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	for what, set := range map[string]authz.Set{
		"long":    {Datasets: map[string]authz.Grants{strings.Repeat("x", text.MaxName+1): 1}},
		"control": {Datasets: map[string]authz.Grants{"a\x1b[2J": 1}},
	} {
		w.Refused(what, directory.Invalid, "datasetCapabilities", func() error {
			return second(w.CreateAPIToken(t.Context(), w.ByOwner(), credentials.NewAPIToken{Name: "x", Capabilities: set}))
		})
		w.Refused(what+", a role", directory.Invalid, "datasetCapabilities", func() error {
			return second(w.CreateRole(t.Context(), w.ByOwner(), roles.NewRole{Name: "x", Capabilities: set}))
		})
	}
}
