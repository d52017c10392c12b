package audit

import (
	"bufio"
	"bytes"
	"crypto/ed25519"
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"hash"
	"strings"
	"sync"

	"golang.org/x/mod/sumdb/note"
)

// Keyring has the deployment's keys, which are kept outside its database, so that write
// access to the database is not enough to forge the log. All other keys are derived from
// them: each organization's signing key, the key that authenticates its entries, and its
// webhooks' secrets. The first key is the current one. The others are older keys, which
// also sign checkpoints until they are removed.
type Keyring struct {
	name string // of the deployment, which begins its logs' origins
	keys [][]byte

	macs sync.Map // organization → []*entryKey
}

const (
	keySize = 32
	macSize = 16
)

// GenerateKey makes a line of a key file for a deployment of the name.
func GenerateKey(name string) (string, error) {
	if err := checkName(name); err != nil {
		return "", err
	}
	key := make([]byte, keySize)
	rand.Read(key)
	return name + " " + keyPrefix + base64.RawURLEncoding.EncodeToString(key), nil
}

// keyPrefix lets people and scanners know a key for what it is.
const keyPrefix = "rosterkey_"

func checkName(name string) error {
	if name == "" || len(name) > 200 || strings.ContainsFunc(name, func(r rune) bool { return r <= ' ' || r > '~' || r == '+' }) {
		return fmt.Errorf("%q is not a valid name for a log; use one like roster.example.com, without spaces or plus signs", name)
	}
	return nil
}

// ParseKeyring reads a key file: a line for each key, the first one in use, as
// [GenerateKey] makes them; empty lines and those that begin with # say nothing.
// Errors never quote a key.
func ParseKeyring(file []byte) (*Keyring, error) {
	k := new(Keyring)
	lines := bufio.NewScanner(bytes.NewReader(file))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		name, text, _ := strings.Cut(line, " ")
		key, err := base64.RawURLEncoding.DecodeString(strings.TrimPrefix(strings.TrimSpace(text), keyPrefix))
		if err != nil || len(key) != keySize || !strings.HasPrefix(strings.TrimSpace(text), keyPrefix) {
			return nil, fmt.Errorf("line %d is not a name and a key; make them with `roster key generate`", n)
		}
		if err := checkName(name); err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		if k.name != "" && name != k.name {
			return nil, fmt.Errorf("line %d: the key's name is %q, but the keys above are named %q; all keys of a deployment have the same name", n, name, k.name)
		}
		k.name, k.keys = name, append(k.keys, key)
	}
	if err := lines.Err(); err != nil {
		return nil, err
	}
	if len(k.keys) == 0 {
		return nil, errors.New("it contains no key; run `roster key generate` to make one")
	}
	return k, nil
}

// derive makes a key of its own for each purpose.
func derive(key []byte, purpose string) []byte {
	out, err := hkdf.Key(sha256.New, key, nil, "roster v1 "+purpose, keySize)
	if err != nil {
		panic(err) // only of a size that no hash has
	}
	return out
}

// Origin names an organization's log (c2sp.org/tlog-checkpoint).
func (k *Keyring) Origin(org string) string { return k.name + "/" + org }

// signingKeys sign an organization's checkpoints, the first one's before the others'.
func (k *Keyring) signingKeys(org string) []ed25519.PrivateKey {
	all := make([]ed25519.PrivateKey, len(k.keys))
	for i, key := range k.keys {
		all[i] = ed25519.NewKeyFromSeed(derive(key, "checkpoint "+org))
	}
	return all
}

// signers are the signing keys as notes want them.
func (k *Keyring) signers(org string) ([]note.Signer, error) {
	all := make([]note.Signer, len(k.keys))
	for i, private := range k.signingKeys(org) {
		vkey, err := k.verifierKey(org, private)
		if err != nil {
			return nil, err
		}
		v, err := note.NewVerifier(vkey)
		if err != nil {
			return nil, err
		}
		all[i] = &signer{v, private}
	}
	return all, nil
}

// signer is an Ed25519 signer of notes.
type signer struct {
	note.Verifier
	private ed25519.PrivateKey
}

func (s *signer) Sign(msg []byte) ([]byte, error) { return ed25519.Sign(s.private, msg), nil }

// VerifierKeys are the keys that an organization's checkpoints are verified with,
// as c2sp.org/signed-note writes them.
func (k *Keyring) VerifierKeys(org string) ([]string, error) {
	all := make([]string, len(k.keys))
	for i, private := range k.signingKeys(org) {
		vkey, err := k.verifierKey(org, private)
		if err != nil {
			return nil, err
		}
		all[i] = vkey
	}
	return all, nil
}

func (k *Keyring) verifierKey(org string, private ed25519.PrivateKey) (string, error) {
	return note.NewEd25519VerifierKey(k.Origin(org), private.Public().(ed25519.PublicKey)) // it is one
}

// MAC authenticates an entry and its sequence number until it is sealed.
func (k *Keyring) MAC(org string, sequence int64, leaf Hash) []byte {
	return k.entryKeys(org)[0].mac(sequence, leaf)
}

// CheckMAC reports whether an entry was written with one of the keys.
func (k *Keyring) CheckMAC(org string, sequence int64, leaf Hash, given []byte) bool {
	for _, key := range k.entryKeys(org) {
		if hmac.Equal(key.mac(sequence, leaf), given) {
			return true
		}
	}
	return false
}

// entryKey authenticates an organization's entries.
type entryKey struct {
	idle sync.Pool // of hash.Hash that know the key
}

func newEntryKey(key []byte) *entryKey {
	return &entryKey{sync.Pool{New: func() any { return hmac.New(sha256.New, key) }}}
}

func (k *entryKey) mac(sequence int64, leaf Hash) []byte {
	h := k.idle.Get().(hash.Hash) // nothing else is put there
	defer k.idle.Put(h)
	h.Reset()
	h.Write(binary.BigEndian.AppendUint64(leaf[:], uint64(sequence))) // never negative
	return h.Sum(nil)[:macSize]
}

// entryKeys are derived once: they are needed at every change.
func (k *Keyring) entryKeys(org string) []*entryKey {
	if found, ok := k.macs.Load(org); ok {
		return found.([]*entryKey) // nothing else is stored
	}
	keys := make([]*entryKey, len(k.keys))
	for i, key := range k.keys {
		keys[i] = newEntryKey(derive(key, "entries "+org))
	}
	k.macs.Store(org, keys)
	return keys
}

// CeremonyKeys seal what browsers carry from one step of a sign-in to the next, newest
// first.
func (k *Keyring) CeremonyKeys() [][]byte {
	all := make([][]byte, len(k.keys))
	for i, key := range k.keys {
		all[i] = derive(key, "ceremonies")
	}
	return all
}

// IssuerKeys seal the client secrets of an organization's issuers, newest first.
func (k *Keyring) IssuerKeys(org string) [][]byte {
	all := make([][]byte, len(k.keys))
	for i, key := range k.keys {
		all[i] = derive(key, "issuers "+org)
	}
	return all
}

// AccessTokenKeys are the seeds of the keys that sign access tokens in a period, newest
// first.
func (k *Keyring) AccessTokenKeys(period int64) [][]byte {
	all := make([][]byte, len(k.keys))
	for i, key := range k.keys {
		all[i] = derive(key, fmt.Sprintf("access tokens %d", period))
	}
	return all
}

// WebhookSecrets are what a webhook's deliveries are signed with, one for each
// key; the first is the one to show. A version is a rotation of the secret.
func (k *Keyring) WebhookSecrets(org, webhook string, version int) [][]byte {
	all := make([][]byte, len(k.keys))
	for i, key := range k.keys {
		purpose := binary.AppendUvarint([]byte("webhook "+org+" "+webhook+" "), uint64(version)) // never negative
		all[i] = derive(key, string(purpose))
	}
	return all
}
