package console

import (
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/networks"
)

// tokensPage lists the API tokens with their use.
var tokensPage = page{
	about: "apiToken",
	path:  "tokens", name: "tokens", title: "API tokens", menu: "t", needs: []directory.Operation{directory.OpListAPITokens}, show: showTokens,
}

// newTokenPage is the form that makes an API token.
var newTokenPage = page{
	about: "apiToken",
	path:  "new-token", name: "newtoken", title: "New API token", under: "tokens", needs: []directory.Operation{directory.OpCreateAPIToken}, show: showNewToken,
	actions: map[string]action{
		"create": {directory.OpCreateAPIToken, createToken},
	},
}

// tokenPage shows one API token.
var tokenPage = page{
	about: "apiToken",
	path:  "tokens/{id}", name: "token", title: "API token", needs: []directory.Operation{directory.OpGetAPIToken}, show: showToken,
	actions: map[string]action{
		"regenerate": {directory.OpRegenerateAPIToken, regenerateToken},
		"networks":   {directory.OpUpdateAPITokenNetworks, bindToken},
		"delete":     {directory.OpDeleteAPIToken, deleteToken},
	},
}

// tokensShown is how many tokens the list shows, the newest first.
const tokensShown = 200

// usedToken is a token with when it was last used.
type usedToken struct {
	directory.APITokenRecord
	LastUsedAt time.Time
	State      tokenState
}

type tokenState string

const (
	tokenActive   tokenState = ""
	tokenExpired  tokenState = "expired"
	tokenExpiring tokenState = "expires soon"
	tokenUnused   tokenState = "unused"
)

// soon is how long before its end a token is said to expire soon, and unusedAfter how long a
// token may go unused before it is said to be.
const (
	soon        = 14 * 24 * time.Hour
	unusedAfter = 90 * 24 * time.Hour
)

func stateOf(t directory.APITokenRecord, used, now time.Time) tokenState {
	last := t.CreatedAt
	if used.After(last) {
		last = used
	}
	switch {
	case !t.ExpiresAt.IsZero() && !now.Before(t.ExpiresAt):
		return tokenExpired
	case !t.ExpiresAt.IsZero() && t.ExpiresAt.Sub(now) < soon:
		return tokenExpiring
	case now.Sub(last) > unusedAfter:
		return tokenUnused
	default:
		return tokenActive
	}
}

type tokensData struct {
	Tokens []usedToken
	Total  int
	Ages   *chart
}

func showTokens(rq *request) (any, error) {
	all, err := rq.console.tokens.ListTokenUsage(rq.Context(), rq.call, time.Time{})
	if err != nil {
		return nil, err
	}
	slices.Reverse(all) // by id, and so by age
	d := tokensData{Total: len(all)}
	for _, u := range all[:min(len(all), tokensShown)] {
		d.Tokens = append(d.Tokens, usedToken{u.Token, u.LastUsedAt, stateOf(u.Token, u.LastUsedAt, rq.now())})
	}
	if len(d.Tokens) > 0 {
		d.Ages = tokenAges(d.Tokens, rq.now())
	}
	return d, nil
}

// preset is a choice of capabilities that many tokens have.
type preset struct {
	Name, Title string
	set         authz.Set
}

// presets are what a token is often for.
func presets() []preset {
	users := func(pairs ...string) authz.Set {
		g, err := parsePairs(authz.Org, pairs)
		if err != nil {
			panic(err) // a test makes them all
		}
		return authz.Set{Org: g}
	}
	readOnly, _ := authz.Builtin(string(authz.RoleReadOnly))
	return []preset{
		{"directory", "Read the directory", users("users|read", "rbac|read")},
		{"provisioning", "Provision users", users("users|create", "users|read", "users|update", "users|delete")},
		{"audit", "Read the audit log", users("auditLog|read")},
		{"read", "Read everything", readOnly},
		{"none", "Nothing yet", authz.Set{}},
	}
}

// lifetimes are how long a new token may live.
var lifetimes = []lifetime{{"7", "7 days"}, {"30", "30 days"}, {"90", "90 days"}, {"365", "a year"}, {"", "without an end"}}

// graces are how long a replaced token goes on.
var graces = []lifetime{{"0", "ends at once"}, {"1", "goes on for a day"}, {"7", "goes on for 7 days"}, {"30", "goes on for 30 days"}}

type lifetime struct{ Days, Title string }

type newTokenData struct {
	Presets   []preset
	Preset    string
	Picker    picker
	Lifetimes []lifetime
}

func showNewToken(rq *request) (any, error) {
	q := rq.URL.Query()
	d := newTokenData{Presets: presets(), Preset: q.Get("preset"), Lifetimes: lifetimes}
	if d.Preset == "" {
		d.Preset = d.Presets[0].Name
	}
	var chosen authz.Set
	if i := slices.IndexFunc(d.Presets, func(p preset) bool { return p.Name == d.Preset }); i >= 0 {
		chosen = d.Presets[i].set.Intersect(rq.call.Principal.Capabilities)
	}
	if rq.form != nil {
		d.Preset = ""
		chosen, _ = parsePicked(rq.PostForm) // what can't be read was the reason to refuse the form
	}
	var err error
	d.Picker, err = rq.picker(addNamed(chosen, q.Get("scope"), q.Get("name")), rq.call.Principal.Capabilities, false)
	return d, err
}

// secretData is a secret that is shown once.
type secretData struct {
	Title, Secret, Back string
	What                string // such as "token"
}

func createToken(rq *request) (outcome, error) {
	form := rq.PostForm
	in := credentials.NewAPIToken{Name: form.Get("name"), Description: form.Get("description")}
	var err error
	if in.Capabilities, err = parsePicked(form); err != nil {
		return outcome{}, err
	}
	if in.ExpiresAt, err = rq.inDays("days"); err != nil {
		return outcome{}, err
	}
	if in.Networks, err = networksIn(form); err != nil {
		return outcome{}, err
	}
	t, err := rq.console.tokens.CreateAPIToken(rq.Context(), rq.call, in)
	if err != nil {
		return outcome{}, err
	}
	return outcome{with: "secret", shown: secretData{t.Name + " was created", t.Secret, rq.path("tokens/" + string(t.ID)), "token"}}, nil
}

// inDays is the time that a field of the form names in days from now; zero for an empty one.
func (rq *request) inDays(field string) (time.Time, error) {
	text := rq.PostForm.Get(field)
	if text == "" {
		return time.Time{}, nil
	}
	d, err := time.ParseDuration(text + "h")
	if err != nil || d < 0 || d > 100*365*time.Hour {
		return time.Time{}, directory.InvalidField(field, "is not a number of days")
	}
	return rq.now().Add(24 * d), nil
}

// networksIn reads networks, one a line.
func networksIn(form url.Values) (networks.Set, error) {
	lines := strings.FieldsFunc(form.Get("networks"), func(r rune) bool { return r == '\n' || r == '\r' || r == ',' || r == ' ' })
	set, err := networks.Parse(lines)
	if err != nil {
		return nil, directory.InvalidField("networks", "%v", err)
	}
	return set, nil
}

type tokenData struct {
	Token  usedToken
	Picker picker
	Graces []lifetime
	Lives  []lifetime
	Lines  string // its networks
}

func (rq *request) tokenID() directory.TokenID { return directory.TokenID(rq.PathValue("id")) }

func showToken(rq *request) (any, error) {
	u, err := rq.console.tokens.GetTokenUsage(rq.Context(), rq.call, rq.tokenID())
	if err != nil {
		return nil, err
	}
	d := tokenData{Token: usedToken{u.Token, u.LastUsedAt, stateOf(u.Token, u.LastUsedAt, rq.now())}, Graces: graces, Lives: lifetimes}
	if d.Picker, err = rq.picker(u.Token.Capabilities, authz.Set{}, true); err != nil {
		return nil, err
	}
	lines := make([]string, len(u.Token.Networks))
	for i, n := range u.Token.Networks {
		lines[i] = n.String()
	}
	d.Lines = strings.Join(lines, "\n")
	return d, nil
}

// keepLifetime is the choice of a lifetime as long as the old token's.
const keepLifetime = "keep"

func regenerateToken(rq *request) (outcome, error) {
	var in credentials.Regeneration
	var err error
	if in.ExistingExpiresAt, err = rq.inDays("grace"); err != nil {
		return outcome{}, err
	}
	if in.KeepLifetime = rq.PostForm.Get("days") == keepLifetime; !in.KeepLifetime {
		if in.NewExpiresAt, err = rq.inDays("days"); err != nil {
			return outcome{}, err
		}
	}
	t, err := rq.console.tokens.RegenerateAPIToken(rq.Context(), rq.call, rq.tokenID(), in)
	if err != nil {
		return outcome{}, err
	}
	return outcome{with: "secret", shown: secretData{regenerated(t), t.Secret, rq.path("tokens/" + string(t.ID)), "token"}}, nil
}

// regenerated says what became of a token, and warns of others that replaced it before.
func regenerated(t credentials.IssuedAPIToken) string {
	text := t.Name + " has a new value, which never expires"
	if !t.ExpiresAt.IsZero() {
		text = t.Name + " has a new value, which works until " + t.ExpiresAt.UTC().Format("2 January 2006, 15:04 MST")
	}
	if len(t.Successors) > 0 {
		text += ". The token was regenerated before, and what replaced it still works"
	}
	return text
}

func bindToken(rq *request) (outcome, error) {
	set, err := networksIn(rq.PostForm)
	if err != nil {
		return outcome{}, err
	}
	_, err = rq.console.tokens.UpdateAPITokenNetworks(rq.Context(), rq.call, rq.tokenID(), set)
	return outcome{to: "tokens/" + string(rq.tokenID()), note: note{Text: "The networks were saved"}}, err
}

func deleteToken(rq *request) (outcome, error) {
	err := rq.console.tokens.DeleteAPIToken(rq.Context(), rq.call, rq.tokenID())
	return outcome{to: "tokens", note: note{Text: "The token was deleted"}}, err
}
