package directory

import (
	"crypto/rand"
	"crypto/sha256"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
)

// Ids are a prefix that names the kind, an underscore and 26 characters: 48 bits
// of milliseconds, then 80 random bits. They sort by time of creation, byte by
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
	// WebhookID is "whk_…".
	WebhookID string
)

// crockford is base32 in an order that sorts as the bits do, without letters
// that are taken for digits.
var crockford = base32.NewEncoding("0123456789abcdefghjkmnpqrstvwxyz").WithPadding(base32.NoPadding)

func newID(prefix string, now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	rand.Read(b[6:])
	return prefix + "_" + crockford.EncodeToString(b[:])
}

// isID says whether newID could have made id.
func isID(prefix, id string) bool {
	text, ok := strings.CutPrefix(id, prefix+"_")
	bits, err := crockford.DecodeString(text)
	return ok && err == nil && len(bits) == 16
}

// newOrgID makes a slug of the name and four random characters.
func newOrgID(name string) OrgID {
	var slug strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			slug.WriteRune(r)
		case slug.Len() > 0 && !strings.HasSuffix(slug.String(), "-"):
			slug.WriteByte('-')
		}
		if slug.Len() >= 40 {
			break
		}
	}
	base := strings.Trim(slug.String(), "-")
	if base == "" {
		base = "org"
	}
	var b [5]byte
	rand.Read(b[:])
	return OrgID(base + "-" + crockford.EncodeToString(b[:])[:4])
}

// The prefixes by which clients and secret scanners tell token kinds apart.
const (
	apiTokenPrefix      = "xaat-"
	personalTokenPrefix = "xapt-"
)

// newSecret makes a token's value: the prefix and a version 4 UUID (RFC 9562,
// section 5.4), which holds 122 random bits.
func newSecret(prefix string) string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return prefix + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// SecretHash is what is kept of a token's value.
type SecretHash [sha256.Size]byte

func hashSecret(secret string) SecretHash {
	return sha256.Sum256(append(make([]byte, 0, 64), secret...)) // a token fits, and is not on the heap then
}
