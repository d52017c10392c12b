package identity

import (
	"strings"

	"github.com/rosterhq/roster/internal/directory"
	"github.com/rosterhq/roster/internal/quote"
	"github.com/rosterhq/roster/internal/text"
)

// Bounds on an issuer's settings.
const (
	maxClientID    = 255
	maxSecret      = 2048
	maxScopes      = 20
	maxGroupRules  = 200
	maxClaim       = 255
	maxGroupValues = 255 // bytes of a value
)

// DefaultScopes are requested besides openid unless an issuer's settings say otherwise.
func DefaultScopes() []string { return []string{"email", "profile"} }

// cleanSettings checks settings and sets defaults.
func cleanSettings(in directory.IssuerSettings) (directory.IssuerSettings, error) {
	if len(in.Scopes) == 0 {
		in.Scopes = DefaultScopes()
	}
	if len(in.Scopes) > maxScopes {
		return in, directory.InvalidField("scopes", "has %d scopes; at most %d are allowed", len(in.Scopes), maxScopes)
	}
	for _, scope := range in.Scopes {
		if scope == "" || len(scope) > maxClaim || strings.ContainsFunc(scope, notInScope) {
			return in, directory.InvalidField("scopes", "%s is not a scope", quote.Input(scope))
		}
	}
	if in.GroupsClaim != "" {
		if err := text.Check(in.GroupsClaim, maxClaim); err != nil {
			return in, directory.InvalidField("groupsClaim", "%v", err)
		}
	} else if len(in.Groups) > 0 {
		return in, directory.InvalidField("groupsClaim", "is required if groups are mapped: the claim with a person's groups, such as groups")
	}
	if len(in.Groups) > maxGroupRules {
		return in, directory.InvalidField("groups", "has %d rules; at most %d are allowed", len(in.Groups), maxGroupRules)
	}
	for _, r := range in.Groups {
		if err := checkShort("groups", r.Value, maxGroupValues); err != nil {
			return in, err
		}
	}
	return in, nil
}

// checkShort checks an opaque text of an issuer's.
func checkShort(field, s string, most int) error {
	if s == "" {
		return directory.InvalidField(field, "must not be empty")
	}
	if err := text.Check(s, most); err != nil {
		return directory.InvalidField(field, "%v", err)
	}
	return nil
}

// notInScope reports whether a character can't be in a scope (RFC 6749 section 3.3).
func notInScope(r rune) bool { return r <= ' ' || r > '~' || r == '"' || r == '\\' }
