package directory

import "context"

// WriteUnauthenticated is [Write] for somebody who is not known yet, such as a person who
// signs in. No permission is checked: fn decides what the caller has proved. Until fn
// continues with [Change.By], the server is the actor. The caller's address is the tenant.
func WriteUnauthenticated[T any](ctx context.Context, s *Service, call Call, op Operation, fn func(*Change) (T, error)) (T, error) {
	call.Principal = nil
	ctx = ForTenant(ctx, AddrTenant(call.RemoteAddr))
	return writeAs(ctx, s, op, func(tx Tx) *Change { return s.change(tx, call, op, SystemPrincipal("")) }, fn)
}

// WriteAsOperator is [Write] for the operator's commands, which need no permission and
// have no limits.
func WriteAsOperator[T any](ctx context.Context, s *Service, op Operation, fn func(*Change) (T, error)) (T, error) {
	return writeAs(ctx, s, op, func(tx Tx) *Change { return s.operate(tx).As(op) }, fn)
}

func writeAs[T any](ctx context.Context, s *Service, op Operation, begin func(Tx) *Change, fn func(*Change) (T, error)) (result T, err error) {
	err = s.store.Write(ctx, func(tx Tx) error {
		result, err = fn(begin(tx))
		return err
	})
	if err != nil {
		var zero T
		return zero, op.wrap(err)
	}
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
