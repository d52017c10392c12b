package accesstoken

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/base64"
	"math/big"
	"time"

	"github.com/go-jose/go-jose/v4"
)

const algorithm = jose.ES256

// keyLifetime is how long a key signs tokens.
const keyLifetime = 30 * 24 * time.Hour

// period numbers the time that a key is used in.
func period(t time.Time) int64 { return t.Unix() / int64(keyLifetime/time.Second) }

// periodKeys are the private keys of a period, the one that signs first. They are derived
// from the keyring, so they change with the time and nodes need not agree on them.
func (s *Signer) periodKeys(period int64) []jose.JSONWebKey {
	seeds := s.keys.AccessTokenKeys(period)
	all := make([]jose.JSONWebKey, len(seeds))
	for i, seed := range seeds {
		all[i] = jose.JSONWebKey{Key: privateKey(seed), Algorithm: string(algorithm), Use: "sig"}
		thumbprint, err := all[i].Thumbprint(crypto.SHA256) // RFC 7638
		if err != nil {
			panic(err) // only for types of keys that it does not support
		}
		all[i].KeyID = base64.RawURLEncoding.EncodeToString(thumbprint)
	}
	return all
}

// privateKey makes a key from a seed (FIPS 186-5 section A.2.1): a number of 64 bits more
// than the order of the curve has, reduced to 1 … order-1 without a noticeable bias.
func privateKey(seed []byte) *ecdsa.PrivateKey {
	curve := elliptic.P256()
	size := (curve.Params().BitSize + 7) / 8
	wide, err := hkdf.Expand(sha256.New, seed, "ES256", size+8)
	if err != nil {
		panic(err) // only of a size that no hash has
	}
	one := big.NewInt(1)
	d := new(big.Int).SetBytes(wide)
	d.Mod(d, new(big.Int).Sub(curve.Params().N, one)).Add(d, one)
	key, err := ecdsa.ParseRawPrivateKey(curve, d.FillBytes(make([]byte, size)))
	if err != nil {
		panic(err) // only for a number outside of 1 … order-1
	}
	return key
}
