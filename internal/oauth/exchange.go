package oauth

import (
	"net/http"
	"net/url"
	"strings"

	"github.com/rosterhq/roster/internal/accesstoken"
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/authz"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/protocol"
	"github.com/rosterhq/roster/internal/quote"
)

// Values that RFC 8693 registers.
const (
	grantType       = "urn:ietf:params:oauth:grant-type:token-exchange"
	accessTokenType = "urn:ietf:params:oauth:token-type:access_token"
	jwtType         = "urn:ietf:params:oauth:token-type:jwt"
)

// exchanged is the answer of RFC 8693 section 2.2.1.
type exchanged struct {
	AccessToken string `json:"access_token"`
	IssuedType  string `json:"issued_token_type"`
	TokenType   string `json:"token_type"`
	ExpiresIn   int64  `json:"expires_in"` // seconds
	Scope       string `json:"scope"`
}

// exchange makes a JWT of an API or personal token, for one application. Anyone who has the
// token may exchange it, so there is no other authentication. It is no entry in the audit
// log: it counts as a use of the token.
func (s *Server) exchange(w http.ResponseWriter, r *http.Request, p protocol.Request) error {
	in, err := form(w, r)
	if err != nil {
		return err
	}
	if err := checkExchange(in); err != nil {
		return err
	}
	app, token, err := s.o.Apps.PresentTo(r.Context(), directory.AppID(in.Get("audience")), in.Get("subject_token"), directory.OrgID(in.Get("organization")), p.Call.RemoteAddr)
	switch directory.CodeOf(err) {
	case directory.NotFound:
		return directory.Errorf(invalidTarget, "audience: no application %s serves the organization", quote.Input(in.Get("audience")))
	case directory.Unauthenticated, directory.Forbidden:
		return directory.Errorf(directory.Invalid, "subject_token: %s", err.Error())
	}
	if err != nil {
		return err
	}
	held, err := narrow(app, token.Held, in.Get("scope"))
	if err != nil {
		return err
	}
	claims := accesstoken.Claims{
		Subject: token.Subject(), Audience: string(app.ID), ClientID: string(token.Principal.TokenID),
		Organization: string(token.Principal.OrgID), Scope: applications.Scope(held), Until: token.Principal.ExpiresAt,
	}
	signed, valid, err := s.o.Signer.Sign(protocol.Base(s.o.PublicURL, r), claims)
	if err != nil {
		return err
	}
	protocol.SendJSON(w, http.StatusOK, exchanged{signed, accessTokenType, "Bearer", int64(valid.Seconds()), claims.Scope})
	return nil
}

// checkExchange checks what has only one possible value (RFC 8693 section 2.1).
func checkExchange(in url.Values) error {
	if got := in.Get("grant_type"); got != grantType {
		return directory.Errorf(unsupportedType, "grant_type must be %s", grantType)
	}
	for _, name := range []string{"subject_token", "audience"} {
		if in.Get(name) == "" {
			return directory.InvalidField(name, "is required")
		}
	}
	if got := in.Get("subject_token_type"); got != accessTokenType {
		return directory.InvalidField("subject_token_type", "must be %s", accessTokenType)
	}
	if got := in.Get("requested_token_type"); got != "" && got != accessTokenType && got != jwtType {
		return directory.InvalidField("requested_token_type", "must be %s or %s", accessTokenType, jwtType)
	}
	if in.Has("actor_token") {
		return directory.InvalidField("actor_token", "is not supported: nobody acts for somebody else")
	}
	return nil
}

// narrow returns the capabilities that a scope lists, which must be held; all, if the scope
// is empty.
func narrow(app directory.Application, held authz.AppGrants, scope string) (authz.AppGrants, error) {
	if scope == "" {
		return held, nil
	}
	var wanted []authz.AppGrant
	for text := range strings.FieldsSeq(scope) {
		g, err := applications.ParseCapability(app.ID, text)
		if err != nil || !held.Allows(g) {
			return authz.AppGrants{}, directory.Errorf(invalidScope, "scope: the token does not hold %s", quote.Input(text))
		}
		wanted = append(wanted, g)
	}
	return authz.AppGrantsOf(wanted), nil
}
