// Package directory is the domain: organizations, accounts, users, roles, groups and
// tokens, and the rules that hold between them. It depends on neither HTTP nor SQL:
// protocols call [Service], and storage implements [Store].
package directory

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/egress"
	"github.com/rosterhq/roster/internal/forms"
)

// IdempotencyWindow is how long a result is kept under its idempotency key.
const IdempotencyWindow = 24 * time.Hour

// Service carries out operations for principals. Every method that takes a
// [Call] checks the operation's permission, holds the rules inside the
// transaction, and appends an audit entry for each change in it. Methods are
// safe for concurrent use.
type Service struct {
	store Store
	keys  *audit.Keyring
	clock func() time.Time

	memory    memory
	usage     usage
	refusals  refusals
	listeners listeners
	endpoints egress.Policy
	limits    Limits
	exceeded  exceededCounts

	orgCreation OrgCreation

	invitationTTL time.Duration
	mailLimits    MailLimits
}

// Option configures a [Service].
type Option func(*Service)

// WithEndpoints says where webhooks may lead; without it, to the public internet
// over https.
func WithEndpoints(p egress.Policy) Option { return func(s *Service) { s.endpoints = p } }

// InvitationTTL is how long an invitation stays open by default.
const InvitationTTL = 7 * 24 * time.Hour

// WithInvitationTTL sets how long an invitation stays open, instead of [InvitationTTL].
func WithInvitationTTL(d time.Duration) Option { return func(s *Service) { s.invitationTTL = d } }

// NewService makes a service over a store. Audit entries are authenticated and
// sealed with keys, and webhook secrets are derived from keys. clock returns the
// current time, in any zone.
func NewService(store Store, keys *audit.Keyring, clock func() time.Time, options ...Option) *Service {
	s := &Service{
		store: store, keys: keys, clock: clock, memory: memory{forms: forms.New()}, limits: DefaultLimits(),
		orgCreation: OrgCreationOwners, invitationTTL: InvitationTTL, mailLimits: DefaultMailLimits(),
	}
	for _, o := range options {
		o(s)
	}
	store.Observe(Observer{Committed: s.committed, Changed: s.unknown})
	return s
}

// committed is called with the entries of every commit: of this process before the Write
// returns, of others soon after.
func (s *Service) committed(entries []Entry) {
	s.memory.committed(entries)
	s.listeners.committed(entries)
}

// unknown is called when something changed but the store cannot say what.
func (s *Service) unknown() {
	s.memory.forget()
	s.listeners.unknown()
}

// now is the clock in UTC, to the microsecond that storage keeps.
func (s *Service) now() time.Time { return s.clock().UTC().Truncate(time.Microsecond) }

// Ready reports whether requests can be served: the database answers.
func (s *Service) Ready(ctx context.Context) error { return s.store.Ping(ctx) }

// Call is who asks for an operation and how it is to be carried out.
type Call struct {
	Principal  *Principal
	TraceID    string
	RemoteAddr string
	UserAgent  string
	// IdempotencyKey, when set, makes a repeated call return the first one's
	// result; Fingerprint tells the same request from another one.
	IdempotencyKey string
	Fingerprint    []byte
	// Precondition, when set, is asked about what is to be changed or deleted as
	// it stands inside the transaction (If-Match); its error refuses the change.
	Precondition func(current any) error
	// DryRun, when set, has everything checked and nothing written; it is filled
	// with who would gain and lose what.
	DryRun *AccessDiff
}

// change is a transaction under way for an operation: the store's view, the
// principal as it is now, and the one way to write audit entries.
type change struct {
	Tx
	keys   *audit.Keyring
	limits Limits
	op     Operation
	call   Call
	actor  *Principal
	now    time.Time

	answering     User             // the invitation that the actor accepts or declines
	locked        map[OrgID]bool   // by recordIn or before
	touched       map[subject]bool // dry runs only; whether it is added
	touchedRoles  []Role
	touchedGroups []Group // all of whose members
}

// errDryRun undoes a transaction that was only to be tried.
var errDryRun = errors.New("dry run")

// write carries out an operation that changes something. Inside one transaction
// it reads the principal again, checks its permission, answers a repeated
// idempotency key from memory, and runs fn.
func write[T any](ctx context.Context, s *Service, call Call, op Operation, fn func(*change) (T, error)) (T, error) {
	var result T
	var tried preview
	ctx = ForTenant(ctx, call.tenant(op))
	writing := ctx
	if call.DryRun != nil {
		writing = ForTrial(ctx)
	}
	err := s.store.Write(writing, func(tx Tx) error {
		c := &change{Tx: tx, keys: s.keys, limits: s.limits, op: op, call: call, now: s.now()}
		if call.DryRun != nil {
			c.touched = make(map[subject]bool) // here, so that all copies of c share it
		}
		err := c.lockFirst()
		if err != nil {
			return err
		}
		result, err = carryOut(s, c, fn)
		if err != nil || call.DryRun == nil {
			return err
		}
		if tried, err = c.preview(); err != nil {
			return err
		}
		return errDryRun
	})
	if errors.Is(err, errDryRun) {
		err = s.compare(ctx, tried, call.DryRun)
	}
	if err != nil {
		s.exceeded.count(err)
		var zero T
		return zero, err
	}
	return result, nil
}

// lockFirst takes the locks of what an operation is about before it reads
// anything: the account for what people do with their own, and the organization
// that the principal acts in.
func (c *change) lockFirst() error {
	p := c.call.Principal
	if c.op.Need == ownAccount {
		if err := c.Lock(LockAccount(p.AccountID)); err != nil {
			return err
		}
	}
	if p.OrgID == "" {
		return nil
	}
	return c.lockOrg(p.OrgID)
}

// lockOrg locks an organization, unless this change has.
func (c *change) lockOrg(id OrgID) error {
	if c.locked[id] {
		return nil
	}
	if c.locked == nil {
		c.locked = make(map[OrgID]bool)
	}
	c.locked[id] = true
	return c.Lock(LockOrg(id))
}

func carryOut[T any](s *Service, c *change, fn func(*change) (T, error)) (result T, err error) {
	if c.actor, err = s.reload(c.Tx, c.call.Principal); err != nil {
		return result, err
	}
	if err := c.actor.comesFrom(c.call.RemoteAddr); err != nil {
		return result, err
	}
	if err := c.op.Authorize(c.actor); err != nil {
		return result, err
	}
	replayed, err := replay(c, &result)
	if err != nil || replayed {
		return result, err
	}
	if result, err = fn(c); err != nil {
		return result, err
	}
	return result, keepResult(c, result)
}

// read carries out an operation that changes nothing.
func read[T any](ctx context.Context, s *Service, call Call, op Operation, fn func(Tx) (T, error)) (result T, err error) {
	if err := op.Authorize(call.Principal); err != nil {
		return result, err
	}
	err = s.store.Read(ForTenant(ctx, call.tenant(op)), func(tx Tx) error {
		result, err = fn(tx)
		return err
	})
	return result, err
}

// check asks the call's precondition about what is to be changed.
func (c *change) check(current any) error {
	if c.call.Precondition == nil {
		return nil
	}
	return c.call.Precondition(current)
}

// replay fills result from an earlier call with the same idempotency key.
func replay[T any](c *change, result *T) (found bool, err error) {
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
	if secret, ok := any(*result).(interface{ shownOnce() error }); ok {
		return false, secret.shownOnce()
	}
	return true, nil
}

func keepResult(c *change, result any) error {
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

// fingerprint covers the organization and the operation besides the request:
// one token may ask for the same in two organizations.
func (c *change) fingerprint() string {
	sum := sha256.Sum256(slices.Concat([]byte(c.actor.OrgID), []byte{0}, []byte(c.op.Name), []byte{0}, c.call.Fingerprint))
	return hex.EncodeToString(sum[:])
}

// Sweep deletes expired idempotency keys.
func (s *Service) Sweep(ctx context.Context) error {
	return s.store.Write(ctx, func(tx Tx) error { return tx.DropReplays(s.now()) })
}
