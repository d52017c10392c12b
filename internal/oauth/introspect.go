package oauth

import (
	"net/http"

	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/protocol"
)

// introspection is an answer of RFC 7662 section 2.2. Only an active token has more than
// the first member.
type introspection struct {
	Active    bool            `json:"active"`
	Subject   string          `json:"sub,omitzero"`
	Org       directory.OrgID `json:"org,omitzero"`
	Scope     *string         `json:"scope,omitzero"`
	Expires   int64           `json:"exp,omitzero"`
	ClientID  string          `json:"client_id,omitzero"`
	TokenType string          `json:"token_type,omitzero"`
}

// introspect tells an application about a token that was presented to it. Besides the
// parameters of RFC 7662, it takes "organization", for the personal token of a person in
// several, and "ip_address", for a token that is bound to networks. If anything is wrong with
// a token, it is not active.
func (s *Server) introspect(w http.ResponseWriter, r *http.Request, p protocol.Request) error {
	in, err := form(w, r)
	if err != nil {
		return err
	}
	if in.Get("token") == "" {
		return directory.InvalidField("token", "is required")
	}
	app, err := s.o.Apps.Application(r.Context(), p.Call.Principal)
	if err != nil {
		return err
	}
	token, err := s.o.Apps.Present(r.Context(), app, in.Get("token"), directory.OrgID(in.Get("organization")), in.Get("ip_address"))
	switch directory.CodeOf(err) {
	case directory.Unauthenticated, directory.Forbidden, directory.NotFound:
		protocol.SendJSON(w, http.StatusOK, introspection{})
		return nil
	}
	if err != nil {
		return err
	}
	scope := applications.Scope(token.Held)
	out := introspection{
		Active: true, Subject: token.Subject(), Org: token.Principal.OrgID, Scope: &scope,
		ClientID: string(token.Principal.TokenID), TokenType: "Bearer",
	}
	if end := token.Principal.ExpiresAt; !end.IsZero() {
		out.Expires = end.Unix()
	}
	protocol.SendJSON(w, http.StatusOK, out)
	return nil
}
