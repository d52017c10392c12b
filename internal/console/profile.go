package console

import (
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/credentials"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
)

// profilePage is the person's own: their name, what they may do, and their personal tokens.
var profilePage = page{
	about: "user",
	path:  "profile", name: "profile", title: "Profile", menu: "m", needs: []directory.Operation{directory.OpUpdateSelf}, show: showProfile,
	actions: map[string]action{
		"rename": {directory.OpUpdateSelf, renameSelf},
		"token":  {directory.OpCreatePersonalToken, createPersonalToken},
		"revoke": {directory.OpDeletePersonalToken, deletePersonalToken},
		"end":    {directory.OpDeleteSession, endSession},
		"endall": {directory.OpDeleteSessions, endSessions},
		"unkey":  {directory.OpDeletePasskey, deletePasskey},
	},
}

type profileData struct {
	Self   directory.User
	Tokens []directory.PersonalTokenRecord
	Access []accessRow
	Lives  []lifetime

	Sessions []directory.SessionRecord
	Passkeys []directory.Passkey
	Here     directory.TokenID // the session used
}

func showProfile(rq *request) (any, error) {
	ctx := rq.Context()
	d := profileData{Lives: lifetimes}
	var err error
	if d.Self, err = rq.console.Members.GetSelf(ctx, rq.call); err != nil {
		return nil, err
	}
	if d.Tokens, err = rq.console.tokens.ListPersonalTokens(ctx, rq.call); err != nil {
		return nil, err
	}
	if d.Sessions, err = rq.console.Identity.ListSessions(ctx, rq.call); err != nil {
		return nil, err
	}
	if d.Passkeys, err = rq.console.Identity.ListPasskeys(ctx, rq.call); err != nil {
		return nil, err
	}
	d.Here = rq.call.Principal.TokenID
	a, err := rq.console.access.GetSelfAccess(ctx, rq.call, authz.Query{Limit: accessShown})
	d.Access = accessRows(a.Capabilities)
	return d, err
}

func renameSelf(rq *request) (outcome, error) {
	name := rq.PostForm.Get("name")
	u, err := rq.console.Members.UpdateSelf(rq.Context(), rq.call, members.SelfUpdate{Name: &name})
	return outcome{to: "profile", note: note{Text: "Your name is now " + u.Name}}, err
}

func createPersonalToken(rq *request) (outcome, error) {
	in := credentials.NewPersonalToken{Name: rq.PostForm.Get("name")}
	var err error
	if in.ExpiresAt, err = rq.inDays("days"); err != nil {
		return outcome{}, err
	}
	t, err := rq.console.tokens.CreatePersonalToken(rq.Context(), rq.call, in)
	if err != nil {
		return outcome{}, err
	}
	return outcome{with: "secret", shown: secretData{t.Name + " was created", t.Secret, rq.path("profile"), "token"}}, nil
}

func deletePersonalToken(rq *request) (outcome, error) {
	err := rq.console.tokens.DeletePersonalToken(rq.Context(), rq.call, directory.TokenID(rq.PostForm.Get("id")))
	return outcome{to: "profile", note: note{Text: "The token was revoked"}}, err
}

func endSession(rq *request) (outcome, error) {
	err := rq.console.Identity.DeleteSession(rq.Context(), rq.call, directory.TokenID(rq.PostForm.Get("id")))
	return outcome{to: "profile", note: note{Text: "The session was ended"}}, err
}

func endSessions(rq *request) (outcome, error) {
	n, err := rq.console.Identity.DeleteSessions(rq.Context(), rq.call)
	return outcome{to: "profile", note: note{Text: plural(n, "session") + " ended"}}, err
}

func deletePasskey(rq *request) (outcome, error) {
	err := rq.console.Identity.DeletePasskey(rq.Context(), rq.call, directory.PasskeyID(rq.PostForm.Get("id")))
	return outcome{to: "profile", note: note{Text: "The passkey was removed"}}, err
}
