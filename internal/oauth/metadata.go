package oauth

import (
	"net/http"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/protocol"
)

// metadata describes the server (RFC 8414 section 2). There is no authorization endpoint.
type metadata struct {
	Issuer            string   `json:"issuer"`
	Token             string   `json:"token_endpoint"`
	KeySet            string   `json:"jwks_uri"`
	GrantTypes        []string `json:"grant_types_supported"`
	TokenAuth         []string `json:"token_endpoint_auth_methods_supported"`
	Introspection     string   `json:"introspection_endpoint"`
	IntrospectionAuth []string `json:"introspection_endpoint_auth_methods_supported"`
}

// ServeMetadata serves the metadata, at [MetadataPath]. It is public.
func (s *Server) ServeMetadata(w http.ResponseWriter, r *http.Request, _ directory.Call) {
	if !protocol.ReadOnly(w, r, fail) {
		return
	}
	base := protocol.Base(s.o.PublicURL, r)
	protocol.SendJSON(w, http.StatusOK, metadata{
		Issuer: base, Token: base + tokenPath, KeySet: base + KeySetPath,
		GrantTypes: []string{grantType}, TokenAuth: []string{"none"},
		Introspection: base + introspectPath, IntrospectionAuth: []string{"Bearer"},
	})
}

// ServeKeySet serves the keys that tokens are verified with, at [KeySetPath]. It is
// public, and may be cached: keys are in it long before they sign.
func (s *Server) ServeKeySet(w http.ResponseWriter, r *http.Request, _ directory.Call) {
	if !protocol.ReadOnly(w, r, fail) {
		return
	}
	set, err := s.o.Signer.KeySet()
	if err != nil {
		panic(err) // the keys are always of a type that JSON has
	}
	w.Header().Set("Content-Type", "application/jwk-set+json")
	w.Header().Set("Cache-Control", "public, max-age=3600")
	_, _ = w.Write(set) // a client that is gone gets no answer
}
