// Package ident makes the values that name things: ids, slugs, and the secrets that
// tokens are known by.
package ident

import (
	"crypto/rand"
	"encoding/base32"
	"encoding/binary"
	"encoding/hex"
	"strings"
	"time"
)

// crockford is base32 in an order that sorts as the bits do, without letters
// that look like digits.
var crockford = base32.NewEncoding(letters).WithPadding(base32.NoPadding)

const letters = "0123456789abcdefghjkmnpqrstvwxyz"

// New returns an id: a prefix that names the kind, an underscore and 26 characters,
// which are 48 bits of milliseconds and 80 random bits. Ids sort by time of creation,
// byte by byte.
func New(prefix string, now time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(now.UnixMilli())<<16)
	rand.Read(b[6:])
	return prefix + "_" + crockford.EncodeToString(b[:])
}

// First returns the least id that [New] makes at a time.
func First(prefix string, at time.Time) string {
	var b [16]byte
	binary.BigEndian.PutUint64(b[:8], uint64(at.UnixMilli())<<16)
	return prefix + "_" + crockford.EncodeToString(b[:])
}

// Is reports whether [New] could have made an id.
func Is(prefix, id string) bool {
	text, ok := strings.CutPrefix(id, prefix+"_")
	return ok && len(text) == 26 && strings.Trim(text, letters) == ""
}

// maxSlug is the length at which the name's part of a slug ends.
const maxSlug = 40

// Slug returns the letters and digits of a name, joined by hyphens, and four random
// characters. A name without any of them gives "org".
func Slug(name string) string {
	var slug strings.Builder
	for _, r := range strings.ToLower(name) {
		switch {
		case r >= 'a' && r <= 'z', r >= '0' && r <= '9':
			slug.WriteRune(r)
		case slug.Len() > 0 && !strings.HasSuffix(slug.String(), "-"):
			slug.WriteByte('-')
		}
		if slug.Len() >= maxSlug {
			break
		}
	}
	base := strings.Trim(slug.String(), "-")
	if base == "" {
		base = "org"
	}
	var b [5]byte
	rand.Read(b[:])
	return base + "-" + crockford.EncodeToString(b[:])[:4]
}

// Secret returns a prefix and a version 4 UUID (RFC 9562, section 5.4), which holds
// 122 random bits.
func Secret(prefix string) string {
	var b [16]byte
	rand.Read(b[:])
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return prefix + h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}
