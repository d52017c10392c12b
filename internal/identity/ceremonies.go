package identity

import (
	"encoding/base64"
	"encoding/binary"
	"time"

	"github.com/rosterhq/roster/internal/directory"
)

// Ceremony is a step of a sign-in for which a browser leaves and comes back once: a
// passkey's challenge, or a redirect to an issuer. Its sealed state is in a cookie, so
// starting a ceremony needs no storage and every node can finish it. Finished ceremonies
// are stored, so that none is finished twice.
type Ceremony struct {
	State   []byte
	hash    directory.SecretHash
	expires time.Time
}

var errBadCeremony = directory.Errorf(directory.Unauthenticated, "this sign-in was started elsewhere, took too long, or is finished already; start again")

// SealCeremony seals the state of a ceremony for a purpose, until it ends after lifetime.
func (s *Proofs) SealCeremony(purpose string, state []byte, lifetime time.Duration) string {
	plain := binary.BigEndian.AppendUint64(nil, uint64(s.now().Add(lifetime).UnixMicro()))
	return base64.RawURLEncoding.EncodeToString(seal(s.keys.CeremonyKeys()[0], append(plain, state...), []byte(purpose)))
}

// OpenCeremony opens what [Proofs.SealCeremony] sealed for the same purpose. Errors:
// [directory.Unauthenticated].
func (s *Proofs) OpenCeremony(purpose, sealed string) (Ceremony, error) {
	raw, err := base64.RawURLEncoding.Strict().DecodeString(sealed)
	if err != nil {
		return Ceremony{}, errBadCeremony
	}
	for _, key := range s.keys.CeremonyKeys() {
		plain, ok := unseal(key, raw, []byte(purpose))
		if !ok || len(plain) < 8 {
			continue
		}
		c := Ceremony{State: plain[8:], hash: directory.HashSecret(string(raw)), expires: time.UnixMicro(int64(binary.BigEndian.Uint64(plain))).UTC()}
		if !s.now().Before(c.expires) {
			break
		}
		return c, nil
	}
	return Ceremony{}, errBadCeremony
}

// finish stores that a ceremony is finished, in the transaction that it leads to. Errors:
// [directory.Unauthenticated] if it was finished before.
func finish(c *directory.Change, ceremony Ceremony) error {
	if c.DryRun() {
		return nil
	}
	err := c.FinishCeremony(ceremony.hash, ceremony.expires)
	if directory.CodeOf(err) == directory.Conflict {
		err = errBadCeremony
	}
	return err
}
