package directory

import "time"

// PasskeyID is "pky_…".
type PasskeyID string

// Passkey is a WebAuthn credential that an account signs in with.
type Passkey struct {
	ID        PasskeyID `json:"id"`
	AccountID AccountID `json:"accountId"`
	Name      string    `json:"name"`
	CreatedAt time.Time `json:"createdAt"`

	LastUsedAt   time.Time `json:"-"` // zero: never
	CredentialID []byte    `json:"-"`
	// Credential is what internal/signin checks a sign-in with: the public key, the
	// signature counter and the flags. It holds no secret.
	Credential []byte `json:"-"`
}

// Target is how the audit log names the passkey.
func (p Passkey) Target() Target { return Target{Type: "passkey", ID: string(p.ID), Name: p.Name} }
