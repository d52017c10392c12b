package directory

import (
	"crypto/sha256"
	"crypto/subtle"
)

// Ids are made by [ident.New] and [ident.Slug]: they sort by time of creation, byte by
// byte, and their length and alphabet are the same everywhere.
type (
	// OrgID is an organization's slug, such as "acme-x7q2".
	OrgID string
	// AccountID names an account; it never appears on the v2 wire.
	AccountID string
	// UserID names a membership: an account in one organization.
	UserID string
	// RoleID is a built-in role's name or "role_…".
	RoleID string
	// GroupID is "grp_…".
	GroupID string
	// TokenID names an API token ("tok_…") or a personal token ("pat_…").
	TokenID string
	// IssuerID is "iss_…".
	IssuerID string
	// WebhookID is "whk_…".
	WebhookID string
)

// The prefixes by which clients and secret scanners tell token kinds apart.
const (
	APITokenPrefix      = "xaat-"
	PersonalTokenPrefix = "xapt-"
	// AppCredentialPrefix is that of applications' credentials.
	AppCredentialPrefix = "xaap-"
)

// SecretHash is what the store keeps of a token's value.
type SecretHash [sha256.Size]byte

// Equal compares in constant time.
func (h SecretHash) Equal(other SecretHash) bool {
	return subtle.ConstantTimeCompare(h[:], other[:]) == 1
}

// HashSecret returns what is kept of a token's value.
func HashSecret(secret string) SecretHash {
	return sha256.Sum256(append(make([]byte, 0, 64), secret...)) // a token fits, and is not on the heap then
}
