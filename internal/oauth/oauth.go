// Package oauth lets applications find out what tokens are good for: by introspection (RFC
// 7662), and by exchanging them for JWTs (RFC 8693) that applications verify by themselves.
package oauth

import (
	"io"
	"mime"
	"net/http"
	"net/url"

	"github.com/rosterhq/roster/internal/accesstoken"
	"github.com/rosterhq/roster/internal/applications"
	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/protocol"
)

// Paths of the endpoints.
const (
	Prefix         = "/oauth2/"
	introspectPath = Prefix + "introspect"
	tokenPath      = Prefix + "token"

	KeySetPath   = "/.well-known/jwks.json"
	MetadataPath = "/.well-known/oauth-authorization-server" // RFC 8414 section 3
)

// maxBody is how large a form may be, in bytes.
const maxBody = 64 << 10

// Options are what a [Server] needs.
type Options struct {
	Apps   *applications.Apps
	Signer *accesstoken.Signer
	// PublicURL is the URL of the server, which issues the tokens. If it is empty, it is
	// made from the host of the request.
	PublicURL string
}

// Server serves introspection and the exchange of tokens.
type Server struct{ o Options }

// New returns a server.
func New(o Options) *Server { return &Server{o} }

// API is the table of routes.
func (s *Server) API() protocol.API {
	return protocol.API{Prefix: Prefix, Fail: fail, Routes: []protocol.Route{
		{Method: http.MethodPost, Pattern: introspectPath, Op: directory.OpIntrospect, Serve: s.introspect, Decides: true},
		{Method: http.MethodPost, Pattern: tokenPath, Op: directory.OpExchangeToken, Serve: s.exchange, Cost: func(url.Values) int { return exchangeCost }},
	}}
}

// exchangeCost is what an exchange takes from the rate limit: it signs.
const exchangeCost = 5

// form reads the parameters of a request (RFC 6749 appendix B).
func form(w http.ResponseWriter, r *http.Request) (url.Values, error) {
	if mediaType, _, err := mime.ParseMediaType(r.Header.Get("Content-Type")); err != nil || mediaType != "application/x-www-form-urlencoded" {
		return nil, directory.Errorf(directory.Invalid, "the parameters must be sent as application/x-www-form-urlencoded")
	}
	body, err := io.ReadAll(http.MaxBytesReader(w, r.Body, maxBody))
	if err != nil {
		return nil, directory.Errorf(directory.Invalid, "the body could not be read, or is larger than %d bytes", maxBody)
	}
	values, err := url.ParseQuery(string(body))
	if err != nil {
		return nil, directory.Errorf(directory.Invalid, "the parameters are malformed")
	}
	for name, list := range values {
		if len(list) > 1 {
			return nil, directory.InvalidField(name, "must not be given more than once") // RFC 6749 section 3.2
		}
	}
	return values, nil
}

// errorBody is an error as RFC 6749 section 5.2 has it.
type errorBody struct {
	Error       string `json:"error"`
	Description string `json:"error_description"`
}

const (
	invalidTarget   directory.Code = "invalid_target" // RFC 8693 section 2.2.2
	invalidScope    directory.Code = "invalid_scope"
	unsupportedType directory.Code = "unsupported_grant_type"
	invalidClient   directory.Code = "invalid_client"
	invalidRequest  directory.Code = "invalid_request"
)

// fail responds with an error.
func fail(w http.ResponseWriter, e *directory.Error) {
	status, known := protocol.Statuses[e.Code]
	body := errorBody{string(e.Code), e.Error()}
	switch {
	case e.Code == directory.Unauthenticated:
		body.Error = string(invalidClient)
	case e.Code == directory.Invalid:
		body.Error = string(invalidRequest)
	case !known:
		status = http.StatusBadRequest
	}
	protocol.SendJSON(w, status, body) // must not be cached (RFC 6749 section 5.1)
}
