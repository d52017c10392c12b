package console

import (
	"strings"

	"github.com/rosterhq/roster/internal/directory"
)

// signInPage has how people sign in to the organization: its identity providers, its
// verified domains, whether they have to use one, and the limits on sessions.
var signInPage = page{
	about: "organization",
	path:  "sign-in", name: "sign-in", title: "Sign-in", menu: "i", needs: []directory.Operation{directory.OpListDomains}, show: showSignIn,
	actions: map[string]action{
		"issuer":   {directory.OpCreateIssuer, createIssuer},
		"domain":   {directory.OpAddDomain, addDomain},
		"rules":    {directory.OpUpdateSignInRules, changeSignInRules},
		"sessions": {directory.OpUpdateSessionLimits, limitSessions},
	},
}

type signInData struct {
	Issuers  []directory.Issuer
	Domains  []directory.Domain
	Owner    bool   // may change them
	MaySee   bool   // the issuers
	Verified int    // domains
	Redirect string // "" if the server has no public URL

	RequireIssuer          bool
	TokenDays              string // that personal tokens act after a sign-in by an issuer; "" for the default
	IdleHours, SessionDays string // that sessions may act in the organization; "" for the server's limits
}

func showSignIn(rq *request) (any, error) {
	s, ctx := rq.console.Identity, rq.Context()
	d := signInData{Owner: rq.isOwner(), Redirect: rq.redirectURL()}
	var err error
	if d.Issuers, err = s.ListIssuers(ctx, rq.call); directory.CodeOf(err) == directory.Forbidden {
		err = nil
	} else {
		d.MaySee = true
	}
	if err != nil {
		return nil, err
	}
	if d.Domains, err = s.ListDomains(ctx, rq.call); err != nil {
		return nil, err
	}
	for _, domain := range d.Domains {
		if domain.Verified() {
			d.Verified++
		}
	}
	rules, err := s.GetSignInRules(ctx, rq.call, rq.org)
	if err != nil {
		return nil, err
	}
	d.RequireIssuer, d.TokenDays = rules.RequireIssuer, inUnits(rules.TokenSeconds, secondsPerDay)
	limits, err := s.GetSessionLimits(ctx, rq.call, rq.org)
	d.IdleHours, d.SessionDays = inUnits(limits.IdleSeconds, secondsPerHour), inUnits(limits.LifetimeSeconds, secondsPerDay)
	return d, err
}

// isOwner reports whether the person may change how people sign in.
func (rq *request) isOwner() bool { return rq.call.Principal.IsOwner() }

// redirectURL is where issuers send browsers back to. Without a public URL, nobody can
// sign in by one.
func (rq *request) redirectURL() string {
	if rq.console.PublicURL == "" {
		return ""
	}
	return strings.TrimSuffix(rq.console.PublicURL, "/") + rq.console.SignIn + "/oidc/callback"
}

func changeSignInRules(rq *request) (outcome, error) {
	in := directory.SignInRules{RequireIssuer: rq.PostForm.Get("requireIssuer") != ""}
	var err error
	if in.TokenSeconds, err = rq.seconds("tokenSeconds", "days", secondsPerDay); err != nil {
		return outcome{}, err
	}
	_, err = rq.console.Identity.UpdateSignInRules(rq.Context(), rq.call, rq.org, in)
	return outcome{to: "sign-in", note: note{Text: "The rules were saved"}}, err
}

func limitSessions(rq *request) (outcome, error) {
	var in directory.SessionLimits
	var err error
	if in.IdleSeconds, err = rq.seconds("idleSeconds", "hours", secondsPerHour); err != nil {
		return outcome{}, err
	}
	if in.LifetimeSeconds, err = rq.seconds("lifetimeSeconds", "days", secondsPerDay); err != nil {
		return outcome{}, err
	}
	_, err = rq.console.Identity.UpdateSessionLimits(rq.Context(), rq.call, rq.org, in)
	return outcome{to: "sign-in", note: note{Text: "The limits were saved"}}, err
}
