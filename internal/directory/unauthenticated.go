package directory

import (
	"context"

	"github.com/rosterhq/roster/internal/limits"
)

// WriteUnauthenticated is [Write] for somebody who is not known yet, such as a person who
// signs in. No permission is checked: fn decides what the caller has proved. Until fn
// continues with [Change.By], the server is the actor. The caller's address is the tenant.
func WriteUnauthenticated[T any](ctx context.Context, s *Service, call Call, op Operation, fn func(*Change) (T, error)) (T, error) {
	call.Principal = nil
	ctx = ForTenant(ctx, AddrTenant(call.RemoteAddr))
	return writeAs(ctx, s, op, func(tx Tx) *Change { return s.change(tx, call, op, SystemPrincipal("")) }, fn)
}

// WriteAsOperator is [Write] for the operator, who needs no permission and has no limits:
// for the admin commands, and for what the operator lets the public do. The entries name
// the origin of call, which is empty for a command.
func WriteAsOperator[T any](ctx context.Context, s *Service, call Call, op Operation, fn func(*Change) (T, error)) (T, error) {
	return writeAs(ctx, s, op, func(tx Tx) *Change { return s.operate(tx, call, op) }, fn)
}

// DoAsOperator is [WriteAsOperator] for a command without a result.
func DoAsOperator(ctx context.Context, s *Service, op Operation, fn func(*Change) error) error {
	_, err := WriteAsOperator(ctx, s, Call{}, op, func(c *Change) (struct{}, error) { return struct{}{}, fn(c) })
	return err
}

// DoAsSystem is [Write] without a result for the server's own work in an organization,
// which it locks.
func DoAsSystem(ctx context.Context, s *Service, org OrgID, op Operation, fn func(*Change) error) error {
	begin := func(tx Tx) *Change { return s.change(tx, Call{}, op, SystemPrincipal(org)) }
	_, err := writeAs(ForTenant(ctx, OrgTenant(org)), s, op, begin, func(c *Change) (struct{}, error) {
		if err := c.Lock(LockOrg(org)); err != nil {
			return struct{}{}, err
		}
		return struct{}{}, fn(c)
	})
	return err
}

// operate starts a change by the operator.
func (s *Service) operate(tx Tx, call Call, op Operation) *Change {
	c := s.change(tx, call, op, OperatorPrincipal(""))
	c.limits = limits.Limits{}
	return c
}

func writeAs[T any](ctx context.Context, s *Service, op Operation, begin func(Tx) *Change, fn func(*Change) (T, error)) (result T, err error) {
	var c *Change
	err = s.store.Write(ctx, func(tx Tx) error {
		c = begin(tx)
		result, err = fn(c)
		return err
	})
	if err != nil {
		var zero T
		return zero, op.wrap(err)
	}
	c.call.Written.add(c.written)
	return result, nil
}

// ReadUnauthenticated is [Read] for somebody who is not known yet.
func ReadUnauthenticated[T any](ctx context.Context, s *Service, call Call, op Operation, fn func(Tx) (T, error)) (result T, err error) {
	err = s.store.Read(ForTenant(ctx, AddrTenant(call.RemoteAddr)), func(tx Tx) error {
		result, err = fn(tx)
		return err
	})
	return result, op.wrap(err)
}

// ReadAsOperator runs fn on one snapshot, for the operator and for the server's own work.
func ReadAsOperator(ctx context.Context, s *Service, fn func(Tx) error) error {
	return s.store.Read(ctx, fn)
}
