package directory

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"slices"
	"time"
)

// IdempotencyWindow is how long a result is kept under its idempotency key.
const IdempotencyWindow = 24 * time.Hour

// shownOnce is implemented by results with a secret, which is not stored. ShownOnce
// returns the error that answers a repeated call.
type shownOnce interface{ ShownOnce() error }

// ErrShownOnce is what ShownOnce of a result with a credential returns.
func ErrShownOnce(id TokenID) error {
	return Errorf(Conflict, "this Idempotency-Key already created token %s, whose value is shown only once; "+
		"if that answer was lost, delete the token and create another with a new key", id)
}

// replay fills result from an earlier call with the same idempotency key.
func replay[T any](c *Change, result *T) (found bool, err error) {
	if c.call.IdempotencyKey == "" {
		return false, nil
	}
	kept, err := c.Replay(string(c.actor.TokenID), c.call.IdempotencyKey, c.now)
	if CodeOf(err) == NotFound {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if kept.Fingerprint != c.fingerprint() {
		return false, Errorf(KeyReused, "this Idempotency-Key was used for a different request in the last 24 hours")
	}
	if err := json.Unmarshal(kept.Result, result); err != nil {
		return false, fmt.Errorf("decode kept result: %w", err)
	}
	if secret, ok := any(*result).(shownOnce); ok {
		return false, secret.ShownOnce()
	}
	return true, nil
}

func keepResult(c *Change, result any) error {
	if c.call.IdempotencyKey == "" || c.call.DryRun != nil {
		return nil
	}
	b, err := json.Marshal(result)
	if err != nil {
		return fmt.Errorf("encode result to keep: %w", err)
	}
	return c.KeepReplay(Replay{
		Scope: string(c.actor.TokenID), Key: c.call.IdempotencyKey, Fingerprint: c.fingerprint(),
		Result: b, ExpiresAt: c.now.Add(IdempotencyWindow),
	}, c.now)
}

// fingerprint covers the organization and the operation besides the request, because
// one token may send the same request to two organizations.
func (c *Change) fingerprint() string {
	sum := sha256.Sum256(slices.Concat([]byte(c.actor.OrgID), []byte{0}, []byte(c.op.Name), []byte{0}, c.call.Fingerprint))
	return hex.EncodeToString(sum[:])
}
