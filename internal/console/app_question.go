package console

import (
	"net/url"
	"strings"
	"time"

	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/members"
	"github.com/rosterhq/roster/internal/quote"
)

// asked is the form that asks what somebody may do in an application, with its answer.
type asked struct {
	Who, Can, On string
	Answer       *answer // nil: nothing was asked
}

// answer says whether somebody may do something, and why.
type answer struct {
	Allowed bool
	Subject directory.Subject
	Want    authz.AppGrant
	Paths   []directory.Source
	Reason  string // of a no
}

// Name names the subject.
func (a answer) Name() string {
	if a.Subject.User != nil {
		return a.Subject.User.Name
	}
	return a.Subject.Token.Name
}

// On names what the question is about.
func (a answer) On() string { return resourceOf(a.Want) }

// askApp checks a question and leads to its answer, which has an address of its own. What
// was entered may be a token's value, which must not get into one.
func askApp(rq *request) (outcome, error) {
	app, err := rq.console.Apps.GetApplication(rq.Context(), rq.call, rq.appID())
	if err != nil {
		return outcome{}, err
	}
	q := asked{Who: strings.TrimSpace(rq.PostForm.Get("who")), Can: rq.PostForm.Get("can"), On: strings.TrimSpace(rq.PostForm.Get("on"))}
	if isSecret(q.Who) {
		rq.PostForm.Set("who", "") // so that it is not sent back if the form is refused
		if q.Who, err = rq.presented(q.Who); err != nil {
			return outcome{}, err
		}
	}
	if _, err := rq.answer(app, q); err != nil {
		return outcome{}, err
	}
	query := url.Values{"who": {q.Who}, "can": {q.Can}}
	if q.On != "" {
		query.Set("on", q.On)
	}
	return outcome{to: rq.appPath() + "?" + query.Encode() + "#ask"}, nil
}

// asked is the question of a page's address, with its answer.
func (rq *request) asked(app directory.Application, query url.Values) (asked, error) {
	q := asked{Who: query.Get("who"), Can: query.Get("can"), On: query.Get("on")}
	if rq.form != nil && rq.form.name == "ask" {
		return asked{Who: rq.form.Value("who"), Can: rq.form.Value("can"), On: rq.form.Value("on")}, nil
	}
	if q.Can == "" || rq.form != nil || !rq.may(directory.OpGetUserAccess) {
		return q, nil
	}
	a, err := rq.answer(app, q)
	if err == nil {
		q.Answer = &a
		return q, nil
	}
	e, status := rq.known(err)
	if status >= 500 || e.Code == directory.Unauthenticated {
		return q, err
	}
	if isSecret(q.Who) { // it is not sent back, although the address has it
		q.Who = ""
		query.Set("who", "")
	}
	rq.form = &form{name: "ask", values: query, refusal: e}
	return q, nil
}

func isSecret(text string) bool {
	return strings.HasPrefix(text, "xaat-") || strings.HasPrefix(text, "xapt-") || strings.HasPrefix(text, directory.AppCredentialPrefix)
}

// presented is the id of the token or user that a token's value acts for.
func (rq *request) presented(secret string) (string, error) {
	p, err := rq.console.Service.AuthenticateFrom(rq.Context(), secret, rq.org, rq.call.RemoteAddr)
	switch {
	case directory.CodeOf(err) == directory.Unauthenticated:
		return "", directory.InvalidField("who", "is a token that is unknown, expired or revoked")
	case directory.CodeOf(err) == directory.Forbidden:
		return "", directory.InvalidField("who", "is a token that does not act in this organization, or not from your address; enter its id")
	case err != nil:
		return "", err
	case p.Kind == directory.AppClient || p.OrgID != rq.org:
		return "", directory.InvalidField("who", "is not the token of a user or a program")
	case p.Kind == directory.APIToken:
		return string(p.TokenID), nil
	}
	return string(p.UserID), nil
}

// answer decides a question, as the API's explanation of access does.
func (rq *request) answer(app directory.Application, q asked) (a answer, err error) {
	if q.Who == "" {
		return a, directory.InvalidField("who", "is required: the id or address of a user, or an API token")
	}
	if isSecret(q.Who) {
		return a, directory.InvalidField("who", "must not be a token's value in an address; send the form instead")
	}
	if a.Want, err = capabilityOf(app, q.Can, q.On); err != nil {
		return a, err
	}
	if strings.HasPrefix(q.Who, "tok_") {
		return rq.answerToken(directory.TokenID(q.Who), a.Want)
	}
	user, err := rq.userNamed(q.Who)
	if err != nil {
		return a, err
	}
	key := authz.AppKey(a.Want)
	explained, err := rq.console.access.GetUserAccess(rq.Context(), rq.call, user, time.Time{}, authz.Query{Only: &key})
	if err != nil {
		return a, missingSubject(err)
	}
	a.Subject, a.Allowed = explained.Subject, len(explained.Capabilities) > 0
	if a.Allowed {
		a.Paths = explained.Capabilities[0].Paths
		return a, nil
	}
	a.Reason = "No role or group of theirs gives it."
	switch status := a.Subject.User.Status(); status {
	case directory.Invited:
		a.Reason = "They have not accepted the invitation yet."
	case directory.Suspended:
		a.Reason = "They are suspended."
	case directory.Active:
	}
	return a, nil
}

func (rq *request) answerToken(id directory.TokenID, want authz.AppGrant) (a answer, err error) {
	t, err := rq.console.tokens.GetAPIToken(rq.Context(), rq.call, id)
	if err != nil {
		return a, missingSubject(err)
	}
	a = answer{Subject: directory.Subject{Token: &t}, Want: want, Reason: "The token does not hold it."}
	if expires := t.ExpiresAt; !expires.IsZero() && !rq.now().Before(expires) {
		a.Reason = "The token has expired."
		return a, nil
	}
	a.Allowed = t.Capabilities.Apps.Allows(want)
	return a, nil
}

// userNamed is the id of a user by their id or address.
func (rq *request) userNamed(who string) (directory.UserID, error) {
	if !strings.Contains(who, "@") {
		return directory.UserID(who), nil
	}
	if !rq.may(directory.OpListUsers) {
		return "", directory.InvalidField("who", "must be an id, because you may not list users")
	}
	var found foundUsers
	if _, err := rq.console.Members.ListUsers(rq.Context(), rq.call, members.UserFilter{Email: who, Limit: 1}, &found); err != nil {
		return "", err
	}
	if len(found.users) == 0 {
		return "", directory.InvalidField("who", "no user of this organization has the address %s", quote.Input(who))
	}
	return found.users[0].ID, nil
}

func missingSubject(err error) error {
	if directory.CodeOf(err) == directory.NotFound {
		return directory.InvalidField("who", "is no user and no API token of this organization; enter an id or an address")
	}
	return err
}
