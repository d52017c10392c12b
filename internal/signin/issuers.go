package signin

import (
	"encoding/json"
	"net/http"
	"net/url"
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/identity"
	"github.com/rosterhq/roster/internal/signin/oidc"
)

// CallbackPath is where issuers send browsers back to: the redirect URI to register.
const CallbackPath = "/signin/oidc/callback"

const startPath = "/signin/oidc/start"

// byIssuer is the purpose of ceremonies at an issuer.
const byIssuer = "issuer sign-in"

var errNoIssuers = directory.Errorf(directory.Forbidden, "this server has no sign-in by issuers; its operator must set --public-url")

// issuerState is what the browser keeps while it is at an issuer.
type issuerState struct {
	Org    directory.OrgID    `json:"o"`
	Issuer directory.IssuerID `json:"i"`
	Next   string             `json:"x,omitempty"`
	Flow   oidc.Flow          `json:"f"`
}

// issuersReady reports whether people can sign in by issuers: they must be sent back.
func (s *SignIn) issuersReady() bool { return s.o.OIDC != nil && s.o.PublicURL != "" }

func (s *SignIn) callbackURL() string { return strings.TrimSuffix(s.o.PublicURL, "/") + CallbackPath }

// issuers offers the issuers of an organization, or of the one that has verified the domain
// of an address. It is a POST, so that addresses are not in logs of URLs. Nothing depends
// on whether there is such an account.
func (s *SignIn) issuers(rq *request) error {
	if !s.issuersReady() {
		return errNoIssuers
	}
	found, err := s.o.Identity.IssuersFor(rq.Context(), rq.call, strings.TrimSpace(rq.PostFormValue("for")))
	if err != nil {
		return err
	}
	next := local(rq.PostFormValue("next"), "")
	p := page{Title: "Sign in by your organization", Next: next}
	for _, i := range found {
		p.Issuers = append(p.Issuers, Issuer{i.Name, pathTo(i.OrgID, i.ID, next)})
	}
	s.show(rq, http.StatusOK, "issuers", p)
	return nil
}

// pathTo begins a sign-in by an issuer.
func pathTo(org directory.OrgID, id directory.IssuerID, next string) string {
	q := url.Values{"org": {string(org)}, "issuer": {string(id)}}
	if next != "" {
		q.Set("next", next)
	}
	return startPath + "?" + q.Encode()
}

// startIssuer sends the browser to an issuer. If another site has led it here, the person
// is asked first: the issuer might sign them in as somebody else without a question.
func (s *SignIn) startIssuer(rq *request) error {
	if !s.issuersReady() {
		return errNoIssuers
	}
	if !s.limit.allow(rq.call.RemoteAddr) {
		return errTooMany
	}
	q := rq.URL.Query()
	i, err := s.o.Identity.IssuerToSignIn(rq.Context(), rq.call, directory.OrgID(q.Get("org")), directory.IssuerID(q.Get("issuer")))
	if err != nil {
		return err
	}
	next := local(q.Get("next"), "")
	if from := rq.Header.Get("Sec-Fetch-Site"); from != "" && from != "same-origin" && from != "none" {
		p := page{Title: "Sign in by your organization", Issuers: []Issuer{{i.Name, pathTo(i.OrgID, i.ID, next)}}}
		s.show(rq, http.StatusOK, "issuers", p)
		return nil
	}
	target, flow, err := s.o.OIDC.Begin(rq.Context(), clientOf(i), s.callbackURL())
	if err != nil {
		return s.refuseIssuer(rq, i.Issuer, err)
	}
	b, err := json.Marshal(issuerState{i.OrgID, i.ID, next, flow})
	if err != nil {
		return err
	}
	s.setCookie(rq, issuerCookie, s.o.Identity.SealCeremony(byIssuer, b, oidc.FlowLasts), oidc.FlowLasts)
	return rq.leadTo(target)
}

func clientOf(i identity.IssuerClient) oidc.Issuer {
	return oidc.Issuer{URL: i.URL, ClientID: i.ClientID, ClientSecret: i.ClientSecret, Scopes: i.Scopes, GroupsClaim: i.GroupsClaim}
}

// refuseIssuer records in the organization's log that an issuer's sign-in failed.
func (s *SignIn) refuseIssuer(rq *request, i directory.Issuer, err error) error {
	refusal := directory.Errorf(directory.Unauthenticated, "%v", err)
	s.o.Identity.RecordFailedIssuer(rq.Context(), rq.call, i, refusal)
	return refusal
}

// finishIssuer signs in a person whom an issuer has sent back. The cookie says which issuer
// the browser was sent to, and the ceremony in it works once.
func (s *SignIn) finishIssuer(rq *request) error {
	if !s.issuersReady() {
		return errNoIssuers
	}
	if !s.limit.allow(rq.call.RemoteAddr) {
		return errTooMany
	}
	ceremony, err := s.o.Identity.OpenCeremony(byIssuer, s.cookie(rq.Request, issuerCookie))
	s.setCookie(rq, issuerCookie, "", 0)
	if err != nil {
		return err
	}
	var state issuerState
	if err := json.Unmarshal(ceremony.State, &state); err != nil {
		return err
	}
	i, err := s.o.Identity.IssuerToSignIn(rq.Context(), rq.call, state.Org, state.Issuer)
	if err != nil {
		return err
	}
	p, err := s.o.OIDC.Finish(rq.Context(), clientOf(i), s.callbackURL(), state.Flow, rq.URL.Query())
	if err != nil {
		return s.refuseIssuer(rq, i.Issuer, err)
	}
	session, err := s.o.Identity.SignInByIssuer(rq.Context(), rq.call, identity.IssuerSignIn{
		OrgID: i.OrgID, IssuerID: i.ID, Ceremony: ceremony, Replaces: s.cookie(rq.Request, sessionCookie),
		Person: identity.IssuedPerson{
			Subject: p.Subject, Email: p.Email, EmailVerified: p.EmailVerified != nil && *p.EmailVerified, Name: p.Name, Groups: p.Groups,
		},
	})
	if err != nil {
		return err
	}
	s.signedIn(rq, session)
	return rq.leadTo(local(state.Next, s.o.Home))
}
