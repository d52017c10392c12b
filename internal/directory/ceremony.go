package directory

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"encoding/base64"
	"encoding/binary"
	"time"
)

// Ceremony is a step of a sign-in that a browser was sent away for, and comes back from
// once: a passkey's challenge, or a redirect to an issuer. Its state travels in a cookie of
// the browser, sealed, so that starting one costs no storage, and every node can finish
// it. Only finished ones are stored, so that none is finished twice.
type Ceremony struct {
	State   []byte
	hash    SecretHash
	expires time.Time
}

var errBadCeremony = Errorf(Unauthenticated, "this sign-in was started elsewhere, took too long, or is finished already; start again")

// SealCeremony seals the state of a ceremony for a purpose, until it ends after lifetime.
func (s *Service) SealCeremony(purpose string, state []byte, lifetime time.Duration) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(s.now().Add(lifetime).UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(seal(s.keys.CeremonyKeys()[0], append(plain, state...), []byte(purpose)))
}

// OpenCeremony opens what [Service.SealCeremony] sealed for the same purpose. Errors:
// [Unauthenticated].
func (s *Service) OpenCeremony(purpose, sealed string) (Ceremony, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return Ceremony{}, errBadCeremony
	}
	for _, key := range s.keys.CeremonyKeys() {
		plain, ok := unseal(key, raw, []byte(purpose))
		if !ok || len(plain) < 8 {
			continue
		}
		c := Ceremony{State: plain[8:], hash: hashSecret(string(raw)), expires: time.UnixMicro(int64(binary.BigEndian.Uint64(plain))).UTC()}
		if expired(c.expires, s.now()) {
			break
		}
		return c, nil
	}
	return Ceremony{}, errBadCeremony
}

// finish notes that a ceremony is finished, in the transaction that it leads to. Errors:
// [Unauthenticated] if it was finished before.
func (c *Change) finish(ceremony Ceremony) error {
	if c.DryRun() {
		return nil
	}
	err := c.FinishCeremony(ceremony.hash, ceremony.expires)
	if CodeOf(err) == Conflict {
		err = errBadCeremony
	}
	return err
}

// seal encrypts a text for a purpose, with a random nonce in front.
func seal(key, plain, purpose []byte) []byte {
	aead := sealer(key)
	sealed := make([]byte, aead.NonceSize(), aead.NonceSize()+len(plain)+aead.Overhead())
	rand.Read(sealed)
	return aead.Seal(sealed, sealed, plain, purpose)
}

// unseal opens what seal sealed with the same key and purpose.
func unseal(key, sealed, purpose []byte) (plain []byte, ok bool) {
	aead := sealer(key)
	if len(sealed) < aead.NonceSize() {
		return nil, false
	}
	plain, err := aead.Open(nil, sealed[:aead.NonceSize()], sealed[aead.NonceSize():], purpose)
	return plain, err == nil
}

func sealer(key []byte) cipher.AEAD {
	block, err := aes.NewCipher(key)
	if err != nil {
		panic(err) // the keyring derives keys of 32 bytes
	}
	aead, err := cipher.NewGCM(block)
	if err != nil {
		panic(err) // only for blocks of another size than AES has
	}
	return aead
}
