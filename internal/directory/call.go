package directory

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/rosterhq/roster/internal/audit"
	"github.com/rosterhq/roster/internal/limits"
)

// Call is a request for an operation: the principal, and how to carry it out.
type Call struct {
	Principal  *Principal
	TraceID    string
	RemoteAddr string
	UserAgent  string
	// If IdempotencyKey is set, a repeated call returns the first one's result.
	// Fingerprint distinguishes requests.
	IdempotencyKey string
	Fingerprint    []byte
	// If Precondition is set, it must accept what is to be changed or deleted.
	Precondition Precondition
	// If DryRun is set, everything is checked and nothing is written.
	DryRun DryRun
	// Written, if set, receives the ends of the logs that the call has written to.
	Written *Written
}

// Change is a transaction that carries out an operation: the store's view, the
// principal as it is now, and the one way to write audit entries.
type Change struct {
	Tx
	keys          *audit.Keyring
	limits        limits.Limits
	invitationTTL time.Duration
	op            Operation
	call          Call
	actor         *Principal
	now           time.Time
	// byServer makes entries name the server, not the actor: see OnBehalfOf.
	byServer bool
	written  *Written // in this transaction; shared by all copies; nil if nobody asks

	locked  []Lock      // so far; to lock again does nothing
	counted *userCounts // by countUsers; nil: none
}

// Actor returns the principal as it is now.
func (c *Change) Actor() *Principal { return c.actor }

// Now returns the time of the change, in UTC.
func (c *Change) Now() time.Time { return c.now }

// DryRun reports whether the change will be undone.
func (c *Change) DryRun() bool { return c.call.DryRun != nil }

// change starts a change.
func (s *Service) change(tx Tx, call Call, op Operation, actor *Principal) *Change {
	c := &Change{
		Tx: tx, keys: s.keys, limits: s.limits, invitationTTL: s.invitationTTL, op: op, call: call, actor: actor, now: s.now(),
	}
	if call.Written != nil {
		c.written = new(Written)
	}
	return c
}

// As is c as another operation, by the same actor.
func (c *Change) As(op Operation) *Change { return c.By(c.actor, op) }

// By is c as an operation that another principal carries out in the course of the same
// call. The rules about what the actor may do hold for that principal.
func (c *Change) By(p *Principal, op Operation) *Change {
	other := *c
	other.actor, other.op = p, op
	return &other
}

// OnBehalfOf is c as an operation that the server carries out with the rights of a
// principal who has asked for it before. Its entries name the server.
func (c *Change) OnBehalfOf(p *Principal, op Operation) *Change {
	other := c.By(p, op)
	other.byServer = true
	return other
}

// AsSystem is c as something that the server does in another organization because of the
// change. The entry does not say who made the change, with which token and from where.
func (c *Change) AsSystem(org OrgID, op Operation) *Change {
	other := c.By(SystemPrincipal(org), op)
	other.call = Call{} // a dry run does not show it either
	other.written = nil // nor does the response
	return other
}

// errDryRun undoes a transaction that was only to be tried.
var errDryRun = errors.New("dry run")

// Write carries out an operation that changes something. Packages with operations of
// their own use it too, so that no operation skips a check. Inside one transaction,
// Write locks the account or organization, reads the principal again, checks its
// permission, answers a repeated idempotency key with the first result, and runs fn. fn
// holds the operation's own rules, calls [Change.Check] with what it changes, and
// records the change with [Change.Record]. A dry run is undone.
func Write[T any](ctx context.Context, s *Service, call Call, op Operation, fn func(*Change) (T, error)) (T, error) {
	var result T
	var written *Written
	ctx = ForTenant(ctx, call.Tenant(op))
	writing := ctx
	if call.DryRun != nil {
		writing = ForTrial(ctx)
	}
	err := s.store.Write(writing, func(tx Tx) error {
		c := s.change(tx, call, op, nil) // the actor is read again
		if call.DryRun != nil {
			call.DryRun.Begin()
		}
		err := c.lockFirst()
		if err != nil {
			return err
		}
		result, err = carryOut(s, c, fn)
		written = c.written
		if err != nil || call.DryRun == nil {
			return err
		}
		if err := call.DryRun.Done(c); err != nil {
			return err
		}
		return errDryRun
	})
	if errors.Is(err, errDryRun) {
		err = s.store.Read(ctx, func(tx Tx) error { return call.DryRun.Undone(tx, s.now()) })
	}
	if err != nil {
		if name, ok := errors.AsType[exceeded](err); ok {
			s.exceeded.Add(limits.Name(name))
		}
		var zero T
		return zero, op.wrap(err)
	}
	if call.DryRun == nil {
		call.Written.add(written)
	}
	return result, nil
}

// Do is [Write] for an operation without a result.
func Do(ctx context.Context, s *Service, call Call, op Operation, fn func(*Change) error) error {
	_, err := Write(ctx, s, call, op, func(c *Change) (struct{}, error) { return struct{}{}, fn(c) })
	return err
}

// wrap adds the operation's name to an error without a code, which is for logs. Errors
// with a code are answered as they are.
func (op Operation) wrap(err error) error {
	if err == nil || CodeOf(err) != "" {
		return err
	}
	return fmt.Errorf("%s: %w", op.Name, err)
}

// lockFirst takes the locks of what an operation is about before it reads
// anything: the account for what people do with their own, and the organization
// that the principal acts in.
func (c *Change) lockFirst() error {
	p := c.call.Principal
	if c.op.Need.ofAccount() {
		if err := c.Lock(LockAccount(p.AccountID)); err != nil {
			return err
		}
	}
	if p.OrgID == "" {
		return nil
	}
	return c.Lock(LockOrg(p.OrgID))
}

// Lock takes a lock, unless the change has it already.
func (c *Change) Lock(l Lock) error {
	if slices.Contains(c.locked, l) {
		return nil
	}
	if err := c.Tx.Lock(l); err != nil {
		return err
	}
	c.locked = append(slices.Clip(c.locked), l) // copies of c must not write to the same array
	return nil
}

func carryOut[T any](s *Service, c *Change, fn func(*Change) (T, error)) (result T, err error) {
	if c.actor, err = s.Reload(c.Tx, c.call.Principal); err != nil {
		return result, err
	}
	if err := c.actor.comesFrom(c.call.RemoteAddr); err != nil {
		return result, err
	}
	if err := c.op.Authorize(c.actor); err != nil {
		return result, err
	}
	if c.op.Need.Fresh {
		if err := c.NeedFresh(); err != nil {
			return result, err
		}
	}
	replayed, err := replay(c, &result)
	if err == nil && !replayed {
		if result, err = fn(c); err == nil {
			err = keepResult(c, result)
		}
	}
	if err != nil {
		return result, err
	}
	return result, c.noteEnd()
}

// Read carries out an operation that changes nothing: it checks the permission and
// runs fn on one snapshot. Like [Write], it serves other packages too.
func Read[T any](ctx context.Context, s *Service, call Call, op Operation, fn func(Tx) (T, error)) (result T, err error) {
	if err := op.Authorize(call.Principal); err != nil {
		return result, err
	}
	err = s.store.Read(ForTenant(ctx, call.Tenant(op)), func(tx Tx) error {
		result, err = fn(tx)
		return err
	})
	return result, op.wrap(err)
}
